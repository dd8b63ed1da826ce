// What /stats/summary answers: k8s.io/kubelet/pkg/apis/stats/v1alpha1, as far as it can be known here. Times are RFC
// 3339; what cannot be known is left out.
import type { Pressure } from '../cri/runtime.ts';

export interface Summary {
  node: NodeStats;
  pods: PodStats[];
}

export interface NodeStats {
  nodeName: string;
  /** `kubelet`: this whole server; `pods`: the group of all pods. */
  systemContainers?: ContainerStats[];
  startTime: string;
  cpu?: CpuStats;
  memory?: MemoryStats;
  io?: IoStats;
  network?: NetworkStats;
  fs?: FsStats;
  runtime?: { imageFs: FsStats; containerFs: FsStats };
  rlimit?: { time: string; maxpid: number; curproc: number };
}

export interface PodStats {
  podRef: { name: string; namespace: string; uid: string };
  startTime: string;
  containers: ContainerStats[];
  cpu?: CpuStats;
  memory?: MemoryStats;
  io?: IoStats;
  network?: NetworkStats;
  volume?: VolumeStats[];
  'ephemeral-storage'?: FsStats;
  process_stats?: { process_count: number };
}

export interface ContainerStats {
  name: string;
  startTime: string;
  cpu?: CpuStats;
  memory?: MemoryStats;
  io?: IoStats;
  rootfs?: FsStats;
  logs?: FsStats;
}

export interface CpuStats {
  time: string;
  /** Over the time since the sample before; not there at first. */
  usageNanoCores?: number;
  usageCoreNanoSeconds: number;
  psi?: Pressure;
}

export interface MemoryStats {
  time: string;
  availableBytes?: number;
  usageBytes: number;
  workingSetBytes: number;
  rssBytes?: number;
  pageFaults?: number;
  majorPageFaults?: number;
  psi?: Pressure;
}

export interface IoStats {
  time: string;
  psi: Pressure;
}

export interface FsStats {
  time: string;
  availableBytes?: number;
  capacityBytes?: number;
  usedBytes?: number;
  inodesFree?: number;
  inodes?: number;
  inodesUsed?: number;
}

export interface VolumeStats extends FsStats {
  name: string;
  pvcRef?: { name: string; namespace: string };
}

export interface InterfaceStats {
  name: string;
  rxBytes: number;
  rxErrors: number;
  txBytes: number;
  txErrors: number;
}

/** The default interface, and all. */
export interface NetworkStats extends InterfaceStats {
  time: string;
  interfaces: InterfaceStats[];
}
