// A pod that has written more than its limits of ephemeral storage allow goes, however much room the node has
// (eviction_manager.go, localStorageEviction). Pure.
import { podLimits } from '../../api/quota/pod-resources.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import { formatQuantity, parseQuantity, value } from '../../apimachinery/quantity.ts';
import { specOf } from '../pod-record.ts';
import type { PodStats } from '../stats/summary-types.ts';
import { containerStorageMessage, emptyDirMessage, podStorageMessage } from './messages.ts';

const STORAGE = 'ephemeral-storage';

export interface StorageExcess {
  /** As the metric of evictions names it. */
  signal: 'emptydirfs.limit' | 'ephemeralpodfs.limit' | 'ephemeralcontainerfs.limit';
  message: string;
}

export const hasStorageLimit = (pod: Pod): boolean =>
  podLimits(pod).has(STORAGE) || (specOf(pod).volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined);

export function storageExcess(
  pod: Pod,
  stats: PodStats,
  { dedicatedImageFs }: { dedicatedImageFs: boolean },
): StorageExcess | undefined {
  const { volumes = [], containers } = specOf(pod);
  for (const { name, emptyDir } of volumes) {
    const used = stats.volume?.find((one) => one.name === name)?.usedBytes;
    const limit = emptyDir?.sizeLimit;
    if (used === undefined || limit === undefined || !exceeds(used, limit)) continue;
    return { signal: 'emptydirfs.limit', message: emptyDirMessage(name, limit) };
  }
  const whole = podLimits(pod).get(STORAGE);
  if (whole && (stats[STORAGE]?.usedBytes ?? 0) > value(whole)) {
    return { signal: 'ephemeralpodfs.limit', message: podStorageMessage(formatQuantity(whole)) };
  }
  for (const { name, rootfs, logs } of stats.containers) {
    const limit = containers.find((one) => one.name === name)?.resources?.limits?.[STORAGE];
    const used = (logs?.usedBytes ?? 0) + (dedicatedImageFs ? 0 : (rootfs?.usedBytes ?? 0));
    if (limit === undefined || !exceeds(used, limit)) continue;
    return { signal: 'ephemeralcontainerfs.limit', message: containerStorageMessage(name, limit) };
  }
  return undefined;
}

/** A limit of 0 is none. */
function exceeds(used: number, limit: string): boolean {
  const most = value(parseQuantity(limit));
  return most > 0 && used > most;
}
