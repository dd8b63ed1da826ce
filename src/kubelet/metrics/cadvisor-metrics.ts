// /metrics/cadvisor: what dashboards and alerts query of containers, under cadvisor's names and labels
// (google/cadvisor v0.56, metrics/prometheus.go; labels as pkg/kubelet/server/server.go's containerPrometheusLabels).
// A pod as a whole is a container without a name, the machine the container "/". Pure.
import type { ContainerStatus } from '../cri/runtime.ts';
import type { Machine } from '../node/machine.ts';
import type { ContainerStats, CpuStats, FsStats, MemoryStats, NetworkStats, Summary } from '../stats/summary-types.ts';
import type { Family, Sample } from './exposition.ts';

interface Group {
  labels: Readonly<Record<string, string>>;
  startTime: string;
  cpu?: CpuStats;
  memory?: MemoryStats;
  network?: NetworkStats;
  rootfs?: FsStats;
  processes?: number;
  status?: ContainerStatus;
}

export interface CadvisorInput {
  summary: Summary;
  statuses: readonly ContainerStatus[];
  machine: Pick<Machine, 'cpus' | 'memoryBytes' | 'machineId' | 'systemUuid' | 'bootId' | 'kernelVersion' | 'osImage'>;
  /** The control group of a pod, by its uid; '' when it has none. */
  cgroupOf(podUid: string): string;
}

export function cadvisorMetrics(input: CadvisorInput): Family[] {
  const groups = groupsOf(input);
  const { machine } = input;
  const ids = { machine_id: machine.machineId, system_uuid: machine.systemUuid, boot_id: machine.bootId };
  const family = (
    name: string,
    [type, help]: readonly [Family['type'], string],
    sample: (group: Group) => Sample | Sample[] | undefined,
  ): Family => ({ name, help, type, samples: groups.flatMap((group) => sample(group) ?? []) });
  const counter = (help: string) => ['counter', help] as const;
  const gauge = (help: string) => ['gauge', help] as const;

  const ofMemory = (name: string, help: string, number: (memory: MemoryStats) => number | undefined) =>
    family(name, gauge(help), ({ labels, memory }) => {
      const value = memory && number(memory);
      return value === undefined ? undefined : { labels, value, at: Date.parse((memory as MemoryStats).time) };
    });
  const ofNetwork = (name: string, help: string, number: (one: NetworkStats['interfaces'][number]) => number) =>
    family(name, counter(help), ({ labels, network }) =>
      (network?.interfaces ?? []).map((one) => ({ labels: { ...labels, interface: one.name }, value: number(one) })),
    );
  const ofSpec = (name: string, help: string, number: (status: ContainerStatus) => number | undefined) =>
    family(name, gauge(help), ({ labels, status }) => {
      const value = status && number(status);
      return value === undefined ? undefined : { labels, value };
    });

  return [
    {
      name: 'cadvisor_version_info',
      help: "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.",
      type: 'gauge',
      samples: [{ labels: { kernelVersion: machine.kernelVersion, osVersion: machine.osImage }, value: 1 }],
    },
    family(
      'container_cpu_usage_seconds_total',
      counter('Cumulative cpu time consumed in seconds.'),
      ({ labels, cpu }) =>
        cpu && { labels: { ...labels, cpu: 'total' }, value: cpu.usageCoreNanoSeconds / 1e9, at: Date.parse(cpu.time) },
    ),
    family(
      'container_fs_usage_bytes',
      gauge('Number of bytes that are consumed by the container on this filesystem.'),
      ({ labels, rootfs }) =>
        rootfs?.usedBytes === undefined ? undefined : { labels: { ...labels, device: '' }, value: rootfs.usedBytes },
    ),
    family('container_fs_inodes_total', gauge('Number of Inodes'), ({ labels, rootfs }) =>
      rootfs?.inodes === undefined ? undefined : { labels: { ...labels, device: '' }, value: rootfs.inodes },
    ),
    ofMemory(
      'container_memory_usage_bytes',
      'Current memory usage in bytes, including all memory regardless of when it was accessed',
      (m) => m.usageBytes,
    ),
    ofMemory('container_memory_working_set_bytes', 'Current working set in bytes.', (m) => m.workingSetBytes),
    ofMemory('container_memory_rss', 'Size of RSS in bytes.', (m) => m.rssBytes),
    family(
      'container_memory_failures_total',
      counter('Cumulative count of memory allocation failures.'),
      ({ labels, memory }) =>
        memory?.pageFaults === undefined
          ? undefined
          : [
              { labels: { ...labels, failure_type: 'pgfault', scope: 'hierarchy' }, value: memory.pageFaults },
              {
                labels: { ...labels, failure_type: 'pgmajfault', scope: 'hierarchy' },
                value: memory.majorPageFaults ?? 0,
              },
            ],
    ),
    ofNetwork('container_network_receive_bytes_total', 'Cumulative count of bytes received', (n) => n.rxBytes),
    ofNetwork(
      'container_network_receive_errors_total',
      'Cumulative count of errors encountered while receiving',
      (n) => n.rxErrors,
    ),
    ofNetwork('container_network_transmit_bytes_total', 'Cumulative count of bytes transmitted', (n) => n.txBytes),
    ofNetwork(
      'container_network_transmit_errors_total',
      'Cumulative count of errors encountered while transmitting',
      (n) => n.txErrors,
    ),
    family(
      'container_processes',
      gauge('Number of processes running inside the container.'),
      ({ labels, processes }) => (processes === undefined ? undefined : { labels, value: processes }),
    ),
    ofSpec('container_oom_events_total', 'Count of out of memory events observed for the container', (s) =>
      s.oomKilled ? 1 : 0,
    ),
    ofSpec('container_spec_cpu_period', 'CPU period of the container.', (s) =>
      s.resources?.cpuQuota ? 100_000 : undefined,
    ),
    ofSpec('container_spec_cpu_quota', 'CPU quota of the container.', (s) => s.resources?.cpuQuota),
    ofSpec('container_spec_cpu_shares', 'CPU share of the container.', (s) => s.resources?.cpuShares),
    ofSpec(
      'container_spec_memory_limit_bytes',
      'Memory limit for the container.',
      (s) => s.resources && (s.resources.memoryLimitBytes ?? 0),
    ),
    family(
      'container_start_time_seconds',
      gauge('Start time of the container since unix epoch in seconds.'),
      ({ labels, startTime }) => ({
        labels,
        value: Date.parse(startTime) / 1000,
      }),
    ),
    {
      name: 'machine_cpu_cores',
      help: 'Number of logical CPU cores.',
      type: 'gauge',
      samples: [{ labels: ids, value: machine.cpus }],
    },
    {
      name: 'machine_memory_bytes',
      help: 'Amount of memory installed on the machine.',
      type: 'gauge',
      samples: [{ labels: ids, value: machine.memoryBytes }],
    },
  ];
}

function groupsOf({ summary, statuses, cgroupOf }: CadvisorInput): Group[] {
  const none = { container: '', image: '', name: '', namespace: '', pod: '' };
  const node: Group = { labels: { ...none, id: '/' }, ...pick(summary.node), startTime: summary.node.startTime };
  const pods = summary.pods.flatMap((pod): Group[] => {
    const { name, namespace, uid } = pod.podRef;
    const id = cgroupOf(uid);
    const own = { ...none, pod: name, namespace };
    const running = (container: ContainerStats) =>
      statuses.find((one) => one.pod.uid === uid && one.name === container.name && one.state === 'running');
    return [
      { labels: { ...own, id }, ...pick(pod), startTime: pod.startTime, processes: pod.process_stats?.process_count },
      ...pod.containers.map((container): Group => {
        const status = running(container);
        const labels = {
          ...own,
          container: container.name,
          id: `${id}/${status?.id ?? ''}`,
          image: status?.image ?? '',
          name: status?.id ?? '',
        };
        return { labels, ...pick(container), startTime: container.startTime, ...(status ? { status } : {}) };
      }),
    ];
  });
  return [node, ...pods];
}

const pick = (from: Partial<Pick<Group, 'cpu' | 'memory' | 'network' | 'rootfs'>>) => ({
  ...(from.cpu ? { cpu: from.cpu } : {}),
  ...(from.memory ? { memory: from.memory } : {}),
  ...(from.network ? { network: from.network } : {}),
  ...(from.rootfs ? { rootfs: from.rootfs } : {}),
});
