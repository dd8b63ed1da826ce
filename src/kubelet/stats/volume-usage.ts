// What a pod's volumes take (server/stats/volume_stat_calculator.go). Those that live and die with the pod are counted: that
// walks the files, so a result is used again for a while, the longer the longer it took. Of those that it has by claims the whole file
// system is told.
import path from 'node:path';
import type { Pod, Volume } from '../../api/types/core/v1.ts';
import type { Clock } from '../../clock.ts';
import { isMissingFile } from '../../missing-file.ts';
import { specOf } from '../pod-record.ts';
import type { ClaimedPlace } from '../pod-volumes.ts';
import { VOLUME_TYPES } from '../volumes/index.ts';
import { roomOf, usageOfFolder } from './disk-usage.ts';
import type { VolumeStats } from './summary-types.ts';

export interface VolumeUsage {
  /** At most about `maxAgeMs` old. A volume that is not set up is left out. */
  of(pod: Pod, maxAgeMs: number): Promise<VolumeStats[]>;
  /** Of what the pod has by claims, just now. */
  claims(pod: Pod): Promise<VolumeStats[]>;
  /** Forgets all pods but these. */
  keep(podUids: ReadonlySet<string>): void;
}

/** At most a twentieth of the time is spent counting. */
const REST_FACTOR = 20;

const LOCAL: readonly (keyof Volume)[] = ['emptyDir', 'configMap', 'secret', 'downwardAPI', 'projected'];

/** volumeutils.IsLocalEphemeralVolume: what counts as ephemeral storage of the pod. */
export const isLocalEphemeral = (volume: Volume): boolean =>
  volume.emptyDir ? (volume.emptyDir.medium ?? '') === '' : LOCAL.some((field) => volume[field] !== undefined);

export interface VolumeUsageOptions {
  clock: Clock;
  podDirectory(uid: string): string;
  /** What a pod has by claims. */
  claimedPlaces(pod: Pod): readonly ClaimedPlace[];
}

export function createVolumeUsage(options: VolumeUsageOptions): VolumeUsage {
  const { clock } = options;
  const known = new Map<string, { at: number; tookMs: number; stats: Promise<VolumeStats[]> }>();

  async function measure(pod: Pod): Promise<VolumeStats[]> {
    const directory = options.podDirectory(pod.metadata.uid as string);
    const time = new Date(clock.now()).toISOString();
    const found: VolumeStats[] = [];
    for (const volume of specOf(pod).volumes ?? []) {
      const field = LOCAL.find((one) => volume[one] !== undefined);
      const type = VOLUME_TYPES.find((one) => one.field === field);
      if (!type) continue;
      const folder = path.join(directory, 'volumes', type.plugin, volume.name);
      const usage = await usageOfFolder(folder);
      if (usage.inodesUsed === 0) continue;
      const { availableBytes, capacityBytes, inodes, inodesFree } = await roomOf(folder);
      found.push({ time, name: volume.name, availableBytes, capacityBytes, inodes, inodesFree, ...usage });
    }
    return [...found, ...(await claims(pod))];
  }

  async function claims(pod: Pod): Promise<VolumeStats[]> {
    const time = new Date(clock.now()).toISOString();
    const namespace = pod.metadata.namespace as string;
    const all = options.claimedPlaces(pod).map(async ({ name, claim, path: place }) => {
      const room = await roomOf(place).catch((error: unknown) => {
        if (!isMissingFile(error)) throw error;
      });
      return room && { time, name, pvcRef: { name: claim, namespace }, ...room };
    });
    return (await Promise.all(all)).filter((stats) => stats !== undefined);
  }

  return {
    claims,
    of(pod, maxAgeMs) {
      const uid = pod.metadata.uid as string;
      const now = clock.monotonic();
      const last = known.get(uid);
      if (last && now - last.at < Math.max(maxAgeMs, REST_FACTOR * last.tookMs)) return last.stats;
      const fresh = { at: now, tookMs: 0, stats: measure(pod) };
      known.set(uid, fresh);
      fresh.stats.then(
        () => {
          fresh.tookMs = clock.monotonic() - now;
        },
        () => known.delete(uid),
      );
      return fresh.stats;
    },
    keep(podUids) {
      for (const uid of known.keys()) if (!podUids.has(uid)) known.delete(uid);
    },
  };
}
