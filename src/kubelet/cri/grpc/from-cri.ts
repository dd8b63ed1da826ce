// The CRI's messages → the kubelet's values. Pure.
import type { Read } from '../../../grpc/message.ts';
import { LABEL_IMAGE, LABEL_POD, LABEL_POD_NAMESPACE, LABEL_POD_UID, LABEL_SANDBOX } from '../labels.ts';
import type {
  ContainerState,
  ContainerStats,
  ContainerStatus,
  ImageFilesystem,
  ImageStatus,
  Sandbox,
} from '../runtime.ts';
import type * as container from './messages/container.ts';
import type * as image from './messages/image.ts';
import type * as sandbox from './messages/sandbox.ts';
import type * as stats from './messages/stats.ts';

const milliseconds = (nanoseconds: number): number => Math.max(0, Math.floor(nanoseconds / 1e6));

const podOf = (labels: Readonly<Record<string, string>>) => ({
  namespace: labels[LABEL_POD_NAMESPACE] ?? '',
  name: labels[LABEL_POD] ?? '',
  uid: labels[LABEL_POD_UID] ?? '',
});

export function sandboxOf(status: Read<typeof sandbox.PodSandboxStatus>): Sandbox {
  const { network } = status;
  const isReady = status.state === 'SANDBOX_READY';
  return {
    id: status.id,
    pod: podOf(status.labels),
    attempt: status.metadata?.attempt ?? 0,
    state: isReady ? 'ready' : 'notReady',
    createdAt: milliseconds(status.createdAt),
    ips: network?.ip ? [network.ip, ...network.additionalIps.map(({ ip }) => ip)] : [],
  };
}

const STATES: Readonly<Record<string, ContainerState>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
};

export function containerStatusOf(status: Read<typeof container.ContainerStatus>): ContainerStatus {
  const { labels } = status;
  const state = STATES[status.state ?? ''] ?? 'unknown';
  const resources = status.resources?.linux;
  const user = status.user?.linux;
  return {
    id: status.id,
    sandboxId: labels[LABEL_SANDBOX] ?? '',
    name: status.metadata?.name ?? '',
    attempt: status.metadata?.attempt ?? 0,
    pod: podOf(labels),
    state,
    createdAt: milliseconds(status.createdAt),
    startedAt: milliseconds(status.startedAt),
    finishedAt: milliseconds(status.finishedAt),
    ...(state === 'exited' ? { exitCode: status.exitCode } : {}),
    oomKilled: status.reason === 'OOMKilled',
    image: labels[LABEL_IMAGE] ?? status.image?.image ?? '',
    imageId: status.imageRef,
    ...(status.message ? { message: status.message } : {}),
    logPath: status.logPath,
    labels,
    ...(user ? { user } : {}),
    ...(resources ? { resources: limitsOf(resources) } : {}),
  };
}

/** 0 is none. */
const limitsOf = (linux: Read<typeof container.LinuxContainerResources>) => ({
  ...(linux.cpuShares ? { cpuShares: linux.cpuShares } : {}),
  ...(linux.cpuQuota > 0 ? { cpuQuota: linux.cpuQuota } : {}),
  ...(linux.memoryLimitInBytes ? { memoryLimitBytes: linux.memoryLimitInBytes } : {}),
});

/** What containerd and CRI-O add when they are asked to be verbose. */
interface VerboseInfo {
  imageSpec?: { config?: { User?: string; Entrypoint?: string[]; Cmd?: string[]; StopSignal?: string } };
}

export function imageStatusOf(one: Read<typeof image.Image>, info: Readonly<Record<string, string>> = {}): ImageStatus {
  const config = info.info === undefined ? {} : ((JSON.parse(info.info) as VerboseInfo).imageSpec?.config ?? {});
  const user = config.User || (one.uid ? String(one.uid.value) : one.username);
  return {
    id: one.id,
    repoTags: one.repoTags,
    repoDigests: one.repoDigests,
    size: one.size,
    ...(user ? { user } : {}),
    entrypoint: config.Entrypoint ?? [],
    cmd: config.Cmd ?? [],
    ...(config.StopSignal ? { stopSignal: config.StopSignal } : {}),
    ...(one.pinned ? { isPinned: true } : {}),
  };
}

export function containerStatsOf(of: Read<typeof stats.ContainerStats>): ContainerStats {
  const { cpu, memory, writableLayer } = of;
  return {
    id: of.attributes?.id ?? '',
    at: milliseconds(cpu?.timestamp ?? memory?.timestamp ?? 0),
    ...(cpu?.usageCoreNanoSeconds ? { cpu: { usageNanoseconds: cpu.usageCoreNanoSeconds.value } } : {}),
    ...(memory?.workingSetBytes ? { memory: memoryOf(memory) } : {}),
    ...(writableLayer ? { writableLayer: diskUsageOf(writableLayer) } : {}),
  };
}

const memoryOf = (memory: Read<typeof stats.MemoryUsage>) => ({
  usageBytes: memory.usageBytes?.value ?? 0,
  workingSetBytes: memory.workingSetBytes?.value ?? 0,
  rssBytes: memory.rssBytes?.value ?? 0,
  pageFaults: memory.pageFaults?.value ?? 0,
  majorPageFaults: memory.majorPageFaults?.value ?? 0,
});

const diskUsageOf = ({ usedBytes, inodesUsed }: Read<typeof image.FilesystemUsage>) => ({
  usedBytes: usedBytes?.value ?? 0,
  inodesUsed: inodesUsed?.value ?? 0,
});

export const imageFilesystemOf = (usage: Read<typeof image.FilesystemUsage>): ImageFilesystem => ({
  mountpoint: usage.fsId?.mountpoint ?? '',
  ...diskUsageOf(usage),
});
