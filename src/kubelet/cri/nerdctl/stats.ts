// StatsRuntime: what the kernel accounts to each container's control group, and what containerd keeps for it on disk.
import type { Clock } from '../../../clock.ts';
import type { Cgroups } from '../../cgroups/cgroups.ts';
import type { ContainerTable } from '../container-table.ts';
import type { ContainerStats, StatsRuntime } from '../runtime.ts';
import type { SandboxRecords } from './records.ts';

export interface Layers extends Pick<StatsRuntime, 'imageFilesystem'> {
  /** By the ids of their containers. */
  writableLayers(): Promise<ReadonlyMap<string, NonNullable<ContainerStats['writableLayer']>>>;
}

export function createStats(options: {
  table: Pick<ContainerTable, 'list'>;
  records: Pick<SandboxRecords, 'get'>;
  cgroups: Cgroups;
  /** Name of a container's cgroup below its pod's. */
  cgroupOf(id: string): string;
  layers: Layers;
  clock: Clock;
}): StatsRuntime {
  const { table, records, cgroups, cgroupOf, layers: disk, clock } = options;
  return {
    async listContainerStats({ writableLayers } = { writableLayers: true }) {
      const running = table.list().filter(({ state }) => state === 'running');
      if (running.length === 0) return [];
      const layers = writableLayers ? await disk.writableLayers() : undefined;
      return running.flatMap(({ id, sandboxId }) => {
        const sandbox = records.get(sandboxId);
        const usage = sandbox && cgroups.usage(`/${sandbox.cgroup}/${cgroupOf(id)}`);
        if (!usage) return []; // it has ended meanwhile
        const writableLayer = layers?.get(id);
        return [{ id, at: clock.now(), ...usage, ...(writableLayer ? { writableLayer } : {}) }];
      });
    },
    imageFilesystem: disk.imageFilesystem,
  };
}
