// What this node, its pods and their containers use, put together for whoever asks: the summary, metrics, evictions
// (pkg/kubelet/stats/cri_stats_provider.go, server/stats/summary.go). Nothing is sampled while nobody asks.
import type { Pod } from '../../api/types/core/v1.ts';
import type { Clock } from '../../clock.ts';
import type { Cgroups } from '../cgroups/cgroups.ts';
import type { PodCgroups } from '../cgroups/pod-cgroups.ts';
import type { CgroupUsage } from '../cgroups/usage.ts';
import type * as cri from '../cri/runtime.ts';
import { specOf } from '../pod-record.ts';
import { type FolderUsage, isSameFilesystem, roomOf } from './disk-usage.ts';
import { logUsage } from './log-usage.ts';
import { type NodeUsage, nodeUsage, type ReadKernel, readKernel } from './node-usage.ts';
import { anyProcessOf, networkOf } from './pod-network.ts';
import { createRates } from './rates.ts';
import type {
  ContainerStats,
  CpuStats,
  FsStats,
  IoStats,
  MemoryStats,
  NodeStats,
  PodStats,
  Summary,
  VolumeStats,
} from './summary-types.ts';
import { createVolumeUsage, isLocalEphemeral, type VolumeUsageOptions } from './volume-usage.ts';

export interface StatsProviderOptions {
  runtime: Pick<cri.Runtime, 'listContainers' | 'listContainerStats' | 'imageFilesystem'>;
  clock: Clock;
  nodeName: string;
  /** Every pod of the node. */
  pods(): readonly Pod[];
  /** Where the kubelet keeps its files; pods' folders are below it. */
  nodeDir: string;
  podDirectory(uid: string): string;
  claimedPlaces: VolumeUsageOptions['claimedPlaces'];
  /** undefined: what containers use is all that is known. */
  groups?: { cgroups: Cgroups; pods: Pick<PodCgroups, 'root' | 'pathOf'> };
  read?: ReadKernel;
}

export interface StatsProvider {
  summary(what?: { onlyCpuAndMemory?: boolean }): Promise<Summary>;
  node(): Promise<NodeUsage>;
  /** Whether images are on another file system than the kubelet's files. */
  hasDedicatedImageFs(): Promise<boolean>;
  /** Of these pods; volumes were counted within `volumeAgeMs`. */
  podStats(pods: readonly Pod[], what: { disk: boolean; volumeAgeMs?: number }): Promise<PodStats[]>;
  /** The room of each claim that a pod of the node has, once. */
  claims(): Promise<VolumeStats[]>;
  /** How much memory all pods use together; undefined where they have no group. */
  allPods(): CgroupUsage | undefined;
}

/** server/stats: volumeStatsAggPeriod */
const VOLUME_AGE_MS = 60_000;

export function createStatsProvider(options: StatsProviderOptions): StatsProvider {
  const { runtime, clock, groups } = options;
  const read = options.read ?? readKernel;
  const rates = createRates();
  const volumes = createVolumeUsage(options);
  const startTime = new Date(clock.now()).toISOString();
  let imageDir: Promise<string> | undefined;

  const place = () => {
    imageDir ??= runtime.imageFilesystem().then(({ mountpoint }) => mountpoint);
    imageDir.catch(() => {
      imageDir = undefined;
    });
    return imageDir;
  };

  const node = async () => nodeUsage({ now: clock.now(), nodeDir: options.nodeDir, imageDir: await place(), read });

  const cpuOf = (key: string, cpu: CgroupUsage['cpu'], at: number): { cpu?: CpuStats } => {
    if (!cpu) return {};
    const rate = rates.of(key, { usageNanoseconds: cpu.usageNanoseconds, at });
    const usage = { time: new Date(at).toISOString(), usageCoreNanoSeconds: cpu.usageNanoseconds };
    return { cpu: rate === undefined ? usage : { ...usage, usageNanoCores: rate } };
  };

  const memoryOf = (memory: cri.MemoryStats | undefined, at: number, limit?: number): { memory?: MemoryStats } => {
    if (!memory) return {};
    const available = limit === undefined ? {} : { availableBytes: Math.max(0, limit - memory.workingSetBytes) };
    return { memory: { time: new Date(at).toISOString(), ...memory, ...available } };
  };

  async function containerStats(status: cri.ContainerStatus, stats: cri.ContainerStats, disk: boolean) {
    const time = new Date(stats.at).toISOString();
    const layer = stats.writableLayer;
    const rootfs = disk && layer ? { rootfs: { ...(await room(await place(), time)), ...layer } } : {};
    const logs = disk ? { logs: { ...(await room(options.nodeDir, time)), ...(await logUsage(status.logPath)) } } : {};
    return {
      name: status.name,
      startTime: new Date(status.startedAt).toISOString(),
      ...withPressure(
        {
          ...cpuOf(`container ${status.id}`, stats.cpu, stats.at),
          ...memoryOf(stats.memory, stats.at, status.resources?.memoryLimitBytes),
        },
        { time, pressure: stats.pressure },
      ),
      ...rootfs,
      ...logs,
    } satisfies ContainerStats;
  }

  async function statsOfPod(
    pod: Pod,
    containers: readonly ContainerStats[],
    what: { disk: boolean; volumeAgeMs?: number },
  ): Promise<PodStats> {
    const { name = '', namespace = '', uid = '' } = pod.metadata;
    const at = clock.now();
    const time = new Date(at).toISOString();
    const cgroup = groups?.pods.pathOf(pod);
    const usage = (cgroup && groups?.cgroups.usage(cgroup)) || sumOf(containers);
    const network =
      what.disk && groups && cgroup && !specOf(pod).hostNetwork
        ? networkOf(anyProcessOf(groups.cgroups, cgroup), { read, time })
        : undefined;
    const volume = what.disk ? await volumes.of(pod, what.volumeAgeMs ?? VOLUME_AGE_MS) : undefined;
    return {
      podRef: { name, namespace, uid },
      startTime: pod.status?.startTime ?? (pod.metadata.creationTimestamp as string),
      containers: [...containers],
      ...withPressure({ ...cpuOf(`pod ${uid}`, usage.cpu, at), ...memoryOf(usage.memory, at) }, { time, ...usage }),
      ...(network ? { network } : {}),
      ...(volume && volume.length > 0 ? { volume } : {}),
      ...(volume
        ? { 'ephemeral-storage': { ...(await room(options.nodeDir, time)), ...ephemeral(pod, containers, volume) } }
        : {}),
      ...(usage.processes === undefined ? {} : { process_stats: { process_count: usage.processes } }),
    };
  }

  async function podStats(pods: readonly Pod[], what: { disk: boolean; volumeAgeMs?: number }) {
    const [statuses, stats] = await Promise.all([
      runtime.listContainers(),
      runtime.listContainerStats({ writableLayers: what.disk }),
    ]);
    const byId = new Map(stats.map((one) => [one.id, one]));
    const running = statuses.filter(({ state, id }) => state === 'running' && byId.has(id));
    return Promise.all(
      pods
        .filter(({ metadata }) => running.some(({ pod }) => pod.uid === metadata.uid))
        .map(async (pod) => {
          const own = running.filter((status) => status.pod.uid === pod.metadata.uid);
          const containers = own.map((status) =>
            containerStats(status, byId.get(status.id) as cri.ContainerStats, what.disk),
          );
          return statsOfPod(pod, await Promise.all(containers), what);
        }),
    );
  }

  /** This server is the kubelet; its runtime's processes live apart from it. */
  function systemContainers(at: number): ContainerStats[] {
    const { user, system } = process.cpuUsage();
    const own = process.memoryUsage.rss();
    const all = groups?.cgroups.usage(groups.pods.root);
    const memory = { usageBytes: own, workingSetBytes: own, rssBytes: own, pageFaults: 0, majorPageFaults: 0 };
    const kubelet = { ...cpuOf('kubelet', { usageNanoseconds: (user + system) * 1000 }, at), ...memoryOf(memory, at) };
    const pods = all && { ...cpuOf('pods', all.cpu, at), ...memoryOf(all.memory, at) };
    return [{ name: 'kubelet', startTime, ...kubelet }, ...(pods ? [{ name: 'pods', startTime, ...pods }] : [])];
  }

  async function nodeStats(onlyCpuAndMemory: boolean): Promise<NodeStats> {
    const { at, memory, processes, nodeFs, imageFs } = await node();
    const time = new Date(at).toISOString();
    const root = groups?.cgroups.usage('/');
    const { usageBytes, workingSetBytes, availableBytes } = memory;
    const { rssBytes, pageFaults, majorPageFaults } = root?.memory ?? {};
    const faults =
      rssBytes === undefined ? {} : { rssBytes, pageFaults: pageFaults ?? 0, majorPageFaults: majorPageFaults ?? 0 };
    const base: NodeStats = {
      nodeName: options.nodeName,
      systemContainers: systemContainers(at),
      startTime,
      ...withPressure(
        {
          ...cpuOf('node', root?.cpu, at),
          memory: { time, availableBytes, usageBytes, workingSetBytes, ...faults },
        },
        { time, pressure: root?.pressure },
      ),
    };
    if (onlyCpuAndMemory) return base;
    const { usedBytes, inodesUsed } = await runtime.imageFilesystem();
    const network = networkOf('own', { read, time });
    const images: FsStats = { time, ...imageFs, usedBytes, inodesUsed };
    return {
      ...base,
      ...(network ? { network } : {}),
      fs: { time, ...nodeFs },
      runtime: { imageFs: images, containerFs: images },
      rlimit: { time, maxpid: processes.max, curproc: processes.running },
    };
  }

  return {
    node,
    podStats,
    hasDedicatedImageFs: async () => !(await isSameFilesystem(options.nodeDir, await place())),
    async claims() {
      const all = (await Promise.all(options.pods().map(volumes.claims))).flat();
      const nameOf = ({ pvcRef }: VolumeStats) => `${pvcRef?.namespace}/${pvcRef?.name}`;
      return [...new Map(all.map((stats) => [nameOf(stats), stats])).values()];
    },
    allPods: () => groups?.cgroups.usage(groups.pods.root),
    async summary({ onlyCpuAndMemory = false } = {}) {
      const pods = options.pods();
      volumes.keep(new Set(pods.map(({ metadata }) => metadata.uid as string)));
      const [ofNode, ofPods] = await Promise.all([
        nodeStats(onlyCpuAndMemory),
        podStats(pods, { disk: !onlyCpuAndMemory }),
      ]);
      rates.prune();
      return { node: ofNode, pods: ofPods };
    },
  };
}

/** Beside what is known of each. */
function withPressure(
  { cpu, memory }: { cpu?: CpuStats; memory?: MemoryStats },
  { time, pressure = {} }: { time: string; pressure?: cri.Pressures | undefined },
): { cpu?: CpuStats; memory?: MemoryStats; io?: IoStats } {
  return {
    ...(cpu ? { cpu: { ...cpu, ...(pressure.cpu ? { psi: pressure.cpu } : {}) } } : {}),
    ...(memory ? { memory: { ...memory, ...(pressure.memory ? { psi: pressure.memory } : {}) } } : {}),
    ...(pressure.io ? { io: { time, psi: pressure.io } } : {}),
  };
}

async function room(folder: string, time: string): Promise<FsStats> {
  const { availableBytes, capacityBytes, inodes, inodesFree } = await roomOf(folder);
  return { time, availableBytes, capacityBytes, inodes, inodesFree };
}

/** What containers have written and logged, and volumes that live with the pod. */
function ephemeral(pod: Pod, containers: readonly ContainerStats[], volumes: PodStats['volume']): FolderUsage {
  const local = new Set((specOf(pod).volumes ?? []).filter(isLocalEphemeral).map(({ name }) => name));
  const parts: (FsStats | undefined)[] = [
    ...containers.flatMap(({ rootfs, logs }) => [rootfs, logs]),
    ...(volumes ?? []).filter(({ name }) => local.has(name)),
  ];
  return {
    usedBytes: parts.reduce((sum, part) => sum + (part?.usedBytes ?? 0), 0),
    inodesUsed: parts.reduce((sum, part) => sum + (part?.inodesUsed ?? 0), 0),
  };
}

/** For a pod without a group of its own. */
function sumOf(containers: readonly ContainerStats[]): CgroupUsage {
  const sum = (number: (one: ContainerStats) => number | undefined) =>
    containers.reduce((all, one) => all + (number(one) ?? 0), 0);
  return {
    cpu: { usageNanoseconds: sum(({ cpu }) => cpu?.usageCoreNanoSeconds) },
    memory: {
      usageBytes: sum(({ memory }) => memory?.usageBytes),
      workingSetBytes: sum(({ memory }) => memory?.workingSetBytes),
      rssBytes: sum(({ memory }) => memory?.rssBytes),
      pageFaults: sum(({ memory }) => memory?.pageFaults),
      majorPageFaults: sum(({ memory }) => memory?.majorPageFaults),
    },
  };
}
