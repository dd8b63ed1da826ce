// /metrics/resource, which metrics-server scrapes: processor time and working sets of the node, its pods and their
// containers (pkg/kubelet/metrics/collectors/resource_metrics.go). Pure.
import type { CpuStats, MemoryStats, Summary } from '../stats/summary-types.ts';
import type { Family, Sample } from './exposition.ts';

interface Used {
  labels?: Readonly<Record<string, string>>;
  stats: { cpu?: CpuStats; memory?: MemoryStats };
}

/** undefined: nothing could be read. */
export function resourceMetrics(summary: Summary | undefined): Family[] {
  const node: Used[] = summary ? [{ stats: summary.node }] : [];
  const pods = (summary?.pods ?? []).map((stats) => ({ labels: podLabels(stats.podRef), stats }));
  const containers = (summary?.pods ?? []).flatMap(({ podRef, containers: own }) =>
    own.map((stats) => ({ labels: { container: stats.name, ...podLabels(podRef) }, stats })),
  );
  const failed = [{ value: summary ? 0 : 1 }];
  const failure = '1 if there was an error while getting container metrics, 0 otherwise';
  return [
    cpu('node_cpu_usage_seconds_total', '[STABLE] Cumulative cpu time consumed by the node in core-seconds', node),
    memory('node_memory_working_set_bytes', '[STABLE] Current working set of the node in bytes', node),
    {
      name: 'container_start_time_seconds',
      help: '[STABLE] Start time of the container since unix epoch in seconds',
      type: 'gauge',
      samples: containers.map(({ labels, stats }) => ({ labels, value: Date.parse(stats.startTime) / 1000 })),
    },
    cpu(
      'container_cpu_usage_seconds_total',
      '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      containers,
    ),
    memory('container_memory_working_set_bytes', '[STABLE] Current working set of the container in bytes', containers),
    cpu('pod_cpu_usage_seconds_total', '[STABLE] Cumulative cpu time consumed by the pod in core-seconds', pods),
    memory('pod_memory_working_set_bytes', '[STABLE] Current working set of the pod in bytes', pods),
    { name: 'scrape_error', help: `[ALPHA] (Deprecated since 1.29.0) ${failure}`, type: 'gauge', samples: failed },
    { name: 'resource_scrape_error', help: `[STABLE] ${failure}`, type: 'gauge', samples: failed },
  ];
}

const podLabels = ({ name, namespace }: { name: string; namespace: string }) => ({ pod: name, namespace });

const cpu = (name: string, help: string, all: readonly Used[]): Family => ({
  name,
  help,
  type: 'counter',
  samples: all.flatMap(({ labels, stats }): Sample[] =>
    stats.cpu ? [{ labels, value: stats.cpu.usageCoreNanoSeconds / 1e9, at: Date.parse(stats.cpu.time) }] : [],
  ),
});

const memory = (name: string, help: string, all: readonly Used[]): Family => ({
  name,
  help,
  type: 'gauge',
  samples: all.flatMap(({ labels, stats }): Sample[] =>
    stats.memory ? [{ labels, value: stats.memory.workingSetBytes, at: Date.parse(stats.memory.time) }] : [],
  ),
});
