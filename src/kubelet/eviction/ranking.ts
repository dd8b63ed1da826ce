// Which pod goes first (eviction/helpers.go rank…Pressure): one that uses more than it asked for, then by priority, then
// by how much more. A pod of which nothing is known comes before all. Pure.
import { podRequests } from '../../api/quota/pod-resources.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import { value, ZERO } from '../../apimachinery/quantity.ts';
import { specOf } from '../pod-record.ts';
import type { PodStats } from '../stats/summary-types.ts';
import { isLocalEphemeral } from '../stats/volume-usage.ts';
import type { Signal } from './thresholds.ts';

export type StatsOf = (pod: Pod) => PodStats | undefined;

interface RankOptions {
  statsOf: StatsOf;
  /** Images and writable layers are on a file system of their own. */
  dedicatedImageFs: boolean;
}

type DiskPart = 'root' | 'logs' | 'volumes';

export function rankPods(pods: readonly Pod[], signal: Signal, options: RankOptions): Pod[] {
  const known = pods.map((pod) => ({ pod, stats: options.statsOf(pod) }));
  const measures = known.map(({ pod, stats }) => ({ pod, ...(stats ? measured(pod, stats, signal, options) : {}) }));
  return measures.toSorted(compare).map(({ pod }) => pod);
}

interface Measure {
  pod: Pod;
  /** undefined: nothing is known. */
  used?: number;
  asked?: number;
  /** Whether using more than was asked for counts. */
  exceeds?: boolean;
}

function compare(a: Measure, b: Measure): number {
  if (a.used === undefined || b.used === undefined) return Number(b.used === undefined) - Number(a.used === undefined);
  const exceeding = Number(b.exceeds) - Number(a.exceeds);
  if (exceeding !== 0) return exceeding;
  const priority = (a.pod.spec?.priority ?? 0) - (b.pod.spec?.priority ?? 0);
  if (priority !== 0) return priority;
  return b.used - (b.asked ?? 0) - (a.used - (a.asked ?? 0));
}

function measured(pod: Pod, stats: PodStats, signal: Signal, { dedicatedImageFs }: RankOptions) {
  if (signal === 'pid.available') {
    return { used: stats.process_stats?.process_count ?? 0, asked: 0, exceeds: false };
  }
  if (signal === 'memory.available' || signal === 'allocatableMemory.available') {
    const [used, asked] = [stats.memory?.workingSetBytes ?? 0, requestOf(pod, 'memory')];
    return { used, asked, exceeds: used > asked };
  }
  const parts = diskParts(signal, dedicatedImageFs);
  if (signal.endsWith('inodesFree')) {
    const used = diskUsage(pod, stats, parts).inodes;
    // Nobody can ask for inodes.
    return { used, asked: requestOf(pod, 'ephemeral-storage'), exceeds: used > 0 };
  }
  const [used, asked] = [diskUsage(pod, stats, parts).bytes, requestOf(pod, 'ephemeral-storage')];
  return { used, asked, exceeds: used > asked };
}

/** What a pod has on the file system that is short. */
function diskParts(signal: Signal, dedicatedImageFs: boolean): readonly DiskPart[] {
  if (!dedicatedImageFs) return ['root', 'logs', 'volumes'];
  return signal.startsWith('imagefs') ? ['root'] : ['logs', 'volumes'];
}

function diskUsage(pod: Pod, stats: PodStats, parts: readonly DiskPart[]): { bytes: number; inodes: number } {
  const local = new Set(
    (specOf(pod).volumes ?? []).filter((one) => one.hostPath || isLocalEphemeral(one)).map(({ name }) => name),
  );
  const counted = [
    ...stats.containers.flatMap(({ rootfs, logs }) => [
      parts.includes('root') ? rootfs : undefined,
      parts.includes('logs') ? logs : undefined,
    ]),
    ...(parts.includes('volumes') ? (stats.volume ?? []).filter(({ name }) => local.has(name)) : []),
  ];
  return {
    bytes: counted.reduce((sum, one) => sum + (one?.usedBytes ?? 0), 0),
    inodes: counted.reduce((sum, one) => sum + (one?.inodesUsed ?? 0), 0),
  };
}

const requestOf = (pod: Pod, name: string): number => value(podRequests(pod).get(name) ?? ZERO);
