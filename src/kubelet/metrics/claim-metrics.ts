// How much room claims have, in /metrics (pkg/kubelet/metrics/collectors/volume_stats.go).
import type { FsStats, VolumeStats } from '../stats/summary-types.ts';
import type { Family } from './exposition.ts';

const GAUGES: readonly [name: string, help: string, value: Exclude<keyof FsStats, 'time'>][] = [
  ['capacity_bytes', 'Capacity in bytes of the volume', 'capacityBytes'],
  ['available_bytes', 'Number of available bytes in the volume', 'availableBytes'],
  ['used_bytes', 'Number of used bytes in the volume', 'usedBytes'],
  ['inodes', 'Maximum number of inodes in the volume', 'inodes'],
  ['inodes_free', 'Number of free inodes in the volume', 'inodesFree'],
  ['inodes_used', 'Number of used inodes in the volume', 'inodesUsed'],
];

export const claimMetrics = (claims: readonly VolumeStats[]): Family[] =>
  GAUGES.map(([name, help, field]) => ({
    name: `kubelet_volume_stats_${name}`,
    help: `[ALPHA] ${help}`,
    type: 'gauge',
    samples: claims.map(({ pvcRef, ...stats }) => ({
      labels: { namespace: pvcRef?.namespace ?? '', persistentvolumeclaim: pvcRef?.name ?? '' },
      value: Number(stats[field]),
    })),
  }));
