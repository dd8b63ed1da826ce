// What tests of evictions say about pods and the node.
import type { Pod } from '../../../src/api/types/core/v1.ts';
import type { NodeUsage } from '../../../src/kubelet/stats/node-usage.ts';
import type { ContainerStats, PodStats } from '../../../src/kubelet/stats/summary-types.ts';
import { podObject } from '../../support/objects.ts';

export const MEBIBYTE = 1024 ** 2;
export const TIME = '2026-01-01T00:00:00Z';

/** A pod that asks for these, with its name as uid. */
export const podThat = (name: string, requests: Record<string, string>, spec: Partial<Pod['spec']> = {}): Pod =>
  podObject(name, {
    metadata: { uid: name },
    spec: { containers: [{ name: 'main', resources: { requests } }], ...spec },
    status: { phase: 'Running' },
  });

export interface Uses {
  memory?: number;
  rootfs?: number;
  logs?: number;
  inodes?: number;
  volumes?: Record<string, number>;
  processes?: number;
}

export function statsThat(name: string, uses: Uses): PodStats {
  const { memory = 0, rootfs = 0, logs = 0, inodes = 0, volumes = {}, processes = 0 } = uses;
  const container: ContainerStats = {
    name: 'main',
    startTime: TIME,
    memory: { time: TIME, usageBytes: memory, workingSetBytes: memory },
    rootfs: { time: TIME, usedBytes: rootfs, inodesUsed: inodes },
    logs: { time: TIME, usedBytes: logs, inodesUsed: 0 },
  };
  const volume = Object.entries(volumes).map(([one, usedBytes]) => ({ name: one, time: TIME, usedBytes }));
  const all = rootfs + logs + Object.values(volumes).reduce((sum, one) => sum + one, 0);
  return {
    podRef: { name, namespace: 'default', uid: name },
    startTime: TIME,
    containers: [container],
    memory: { time: TIME, usageBytes: memory, workingSetBytes: memory },
    volume,
    'ephemeral-storage': { time: TIME, usedBytes: all },
    process_stats: { process_count: processes },
  };
}

/** A node of a gibibyte of memory, 1000 of all else, of which nothing is used. */
export function nodeThat(
  change: { memory?: number; disk?: number; images?: number; inodes?: number; pids?: number } = {},
): NodeUsage {
  const { memory = 0, disk = 0, images = 0, inodes = 0, pids = 0 } = change;
  const capacityBytes = 1024 * MEBIBYTE;
  const room = (used: number) => ({
    capacityBytes: 1000,
    availableBytes: 1000 - used,
    usedBytes: used,
    inodes: 1000,
    inodesFree: 1000 - inodes,
    inodesUsed: inodes,
  });
  return {
    at: 0,
    memory: { capacityBytes, usageBytes: memory, workingSetBytes: memory, availableBytes: capacityBytes - memory },
    processes: { max: 1000, running: pids },
    nodeFs: room(disk),
    imageFs: room(images),
  };
}
