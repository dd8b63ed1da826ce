// /metrics: what this kubelet itself does (pkg/kubelet/metrics/metrics.go), as far as it has such a thing. Counts of
// what exists are read when somebody asks; the others are counted as they happen.
import { Counter, createMetrics } from '../../metrics.ts';
import type { ContainerStatus, Sandbox } from '../cri/runtime.ts';
import { exposition, type Family } from './exposition.ts';

export interface KubeletCounters {
  evicted(signal: string): void;
  imageRemoved(reason: 'age' | 'space'): void;
  text(): Promise<string>;
}

export function createKubeletCounters(): KubeletCounters {
  const registry = createMetrics();
  const counter = (name: string, help: string, label: string) =>
    new Counter({ name, help, labelNames: [label], registers: [registry] });
  const evictions = counter(
    'kubelet_evictions',
    '[ALPHA] Cumulative number of pod evictions by eviction signal',
    'eviction_signal',
  );
  const images = counter(
    'kubelet_image_garbage_collected_total',
    '[ALPHA] Total number of images garbage collected by the kubelet, whether through disk usage or image age.',
    'reason',
  );
  return {
    evicted: (signal) => evictions.inc({ eviction_signal: signal }),
    imageRemoved: (reason) => images.inc({ reason }),
    text: () => registry.metrics(),
  };
}

export interface KubeletNow {
  nodeName: string;
  cgroupVersion: number;
  /** Pods that this kubelet is to run. */
  desiredPods: number;
  sandboxes: readonly Sandbox[];
  containers: readonly ContainerStatus[];
}

export function kubeletMetrics(now: KubeletNow): string {
  const states = Object.groupBy(now.containers, ({ state }) => state);
  const running = new Set(now.sandboxes.filter(({ state }) => state === 'ready').map(({ pod }) => pod.uid));
  const gauge = (name: string, help: string, samples: Family['samples']): Family => ({
    name,
    help,
    type: 'gauge',
    samples,
  });
  return exposition([
    gauge('kubelet_node_name', "[ALPHA] The node's name. The count is always 1.", [
      { labels: { node: now.nodeName }, value: 1 },
    ]),
    gauge('kubelet_cgroup_version', '[ALPHA] cgroup version on the hosts.', [{ value: now.cgroupVersion }]),
    gauge(
      'kubelet_desired_pods',
      '[ALPHA] The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.',
      [{ labels: { static: '' }, value: now.desiredPods }],
    ),
    gauge('kubelet_running_pods', '[BETA] Number of pods that have a running pod sandbox', [{ value: running.size }]),
    gauge(
      'kubelet_running_containers',
      '[BETA] Number of containers currently running',
      Object.entries(states).map(([state, all]) => ({ labels: { container_state: state }, value: all?.length ?? 0 })),
    ),
  ]);
}
