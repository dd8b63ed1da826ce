// What the kubelet tells about itself and its node: health, pods, use of resources, metrics, its settings
// (pkg/kubelet/server/server.go).
import type Koa from 'koa';
import type { Pod } from '../../api/types/core/v1.ts';
import type { Logger } from '../../log.ts';
import type { Runtime } from '../cri/runtime.ts';
import { cadvisorMetrics } from '../metrics/cadvisor-metrics.ts';
import { claimMetrics } from '../metrics/claim-metrics.ts';
import { CONTENT_TYPE, exposition } from '../metrics/exposition.ts';
import { type KubeletCounters, kubeletMetrics } from '../metrics/kubelet-metrics.ts';
import type { ProbeMetrics } from '../metrics/probe-metrics.ts';
import { resourceMetrics } from '../metrics/resource-metrics.ts';
import type { Machine } from '../node/machine.ts';
import type { StatsProvider } from '../stats/stats-provider.ts';

export interface NodeEndpointsOptions {
  nodeName: string;
  machine: Machine;
  runtime: Pick<Runtime, 'listContainers' | 'listSandboxes'>;
  pods(): readonly Pod[];
  stats: StatsProvider;
  counters: Pick<KubeletCounters, 'text'>;
  probes: Pick<ProbeMetrics, 'text'>;
  cgroupVersion: number;
  cgroupOf(pod: Pod): string;
  /** As a KubeletConfiguration (kubelet.config.k8s.io/v1beta1) has them. */
  configuration: Readonly<Record<string, unknown>>;
  log: Logger;
}

/** undefined: it is no endpoint of these. */
export type NodeEndpoint = ((context: Koa.Context) => Promise<void>) | undefined;

export function nodeEndpoints(options: NodeEndpointsOptions): (path: string) => NodeEndpoint {
  const { runtime, stats, nodeName, machine, log } = options;

  const metrics = (text: () => Promise<string>) => async (context: Koa.Context) => {
    context.set('content-type', CONTENT_TYPE);
    context.body = await text();
  };

  async function cadvisor(): Promise<string> {
    const [summary, statuses] = await Promise.all([stats.summary(), runtime.listContainers()]);
    const pods = new Map(options.pods().map((pod) => [pod.metadata.uid, pod]));
    const cgroupOf = (uid: string) => {
      const pod = pods.get(uid);
      return pod ? options.cgroupOf(pod) : '';
    };
    return exposition(cadvisorMetrics({ summary, statuses, machine, cgroupOf }));
  }

  async function resource(): Promise<string> {
    const summary = await stats.summary({ onlyCpuAndMemory: true }).catch((error: unknown) => {
      log.warn({ err: error }, 'use of resources could not be read');
      return undefined;
    });
    return exposition(resourceMetrics(summary));
  }

  async function own(): Promise<string> {
    const [sandboxes, containers, claims] = await Promise.all([
      runtime.listSandboxes(),
      runtime.listContainers(),
      stats.claims(),
    ]);
    const { cgroupVersion } = options;
    const desiredPods = options.pods().length;
    return `${kubeletMetrics({ nodeName, cgroupVersion, desiredPods, sandboxes, containers })}${exposition(claimMetrics(claims))}${await options.counters.text()}`;
  }

  const podList = (items: readonly Pod[]) => ({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });

  const endpoints: Readonly<Record<string, (context: Koa.Context) => Promise<void>>> = {
    '/healthz': async (context) => {
      await runtime.listSandboxes(); // a runtime that does not answer is no health
      context.body = 'ok';
    },
    '/healthz/ping': async (context) => {
      context.body = 'ok';
    },
    '/pods': async (context) => {
      context.body = podList(options.pods());
    },
    '/runningpods': async (context) => {
      const running = new Set(
        (await runtime.listSandboxes()).filter(({ state }) => state === 'ready').map(({ pod }) => pod.uid),
      );
      context.body = podList(options.pods().filter(({ metadata }) => running.has(metadata.uid as string)));
    },
    '/stats/summary': async (context) => {
      const onlyCpuAndMemory = context.query.only_cpu_and_memory === 'true';
      context.body = await stats.summary({ onlyCpuAndMemory });
    },
    '/configz': async (context) => {
      context.body = { kubeletconfig: options.configuration };
    },
    '/metrics': metrics(own),
    '/metrics/cadvisor': metrics(cadvisor),
    '/metrics/resource': metrics(resource),
    '/metrics/probes': metrics(async () => options.probes.text()),
  };
  return (path) => endpoints[path.length > 1 ? path.replace(/\/+$/, '') : path];
}
