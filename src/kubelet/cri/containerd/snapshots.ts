// How much of the disk images and containers take, asked of containerd: its layers are snapshots, and so is what a
// container writes.
import { randomUUID } from 'node:crypto';
import type { GrpcChannel } from '../../../grpc/channel.ts';
import { isGrpcError } from '../../../grpc/status.ts';
import { LABEL_SANDBOX } from '../labels.ts';
import type { ContainerStats, ImageFilesystem } from '../runtime.ts';
import {
  CALL_TIMEOUT_MS,
  LIST_CONTAINERS,
  LIST_SNAPSHOTS,
  PLUGINS,
  REMOVE_SNAPSHOT,
  SNAPSHOT_USAGE,
  VIEW_SNAPSHOT,
} from './api.ts';

type DiskUsage = NonNullable<ContainerStats['writableLayer']>;

export interface Snapshots {
  /** What each container of ours has written, by id; one that ends meanwhile is left out. */
  writableLayers(): Promise<Map<string, DiskUsage>>;
  /** All layers of all images and containers together. */
  imageFilesystem(): Promise<ImageFilesystem>;
  /** How to mount the layers of an image to be read, by the name of their snapshot. */
  view(chainId: string): Promise<{ type: string; source: string; options: readonly string[] }[]>;
}

/** nerdctl's own default. */
export const SNAPSHOTTER = process.env.CONTAINERD_SNAPSHOTTER || 'overlayfs';
const LIMITS = { timeoutMs: CALL_TIMEOUT_MS };

export function createSnapshots(channel: GrpcChannel): Snapshots {
  /** undefined: it was removed meanwhile. */
  async function usageOf(snapshotter: string, key: string): Promise<DiskUsage | undefined> {
    try {
      const { size, inodes } = await channel.unary(SNAPSHOT_USAGE, { snapshotter, key }, LIMITS);
      return { usedBytes: size, inodesUsed: inodes };
    } catch (error) {
      if (isGrpcError(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  }

  /** The plugin tells its folder among what it exports. */
  async function snapshotterRoot(): Promise<string> {
    const filter = `type==io.containerd.snapshotter.v1,id==${SNAPSHOTTER}`;
    const { plugins } = await channel.unary(PLUGINS, { filters: [filter] }, LIMITS);
    const root = plugins[0]?.exports.root;
    if (!root) throw new Error(`containerd has no snapshotter ${SNAPSHOTTER}, or does not tell where it keeps images`);
    return root;
  }

  async function allKeys(): Promise<string[]> {
    const keys: string[] = [];
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    for await (const { info } of channel.stream(LIST_SNAPSHOTS, { snapshotter: SNAPSHOTTER }, { signal })) {
      keys.push(...info.map(({ name }) => name));
    }
    return keys;
  }

  return {
    async writableLayers() {
      const { containers } = await channel.unary(LIST_CONTAINERS, { filters: [`labels."${LABEL_SANDBOX}"`] }, LIMITS);
      const found = await Promise.all(
        containers.map(
          async ({ id, snapshotter, snapshotKey }) => [id, await usageOf(snapshotter, snapshotKey)] as const,
        ),
      );
      return new Map(found.flatMap(([id, usage]) => (usage ? [[id, usage] as const] : [])));
    },

    /** The view itself is given back at once: its mounts name the layers' own folders. */
    async view(chainId) {
      const snapshot = { snapshotter: SNAPSHOTTER, key: `tsukube-view-${randomUUID()}` };
      const { mounts } = await channel.unary(VIEW_SNAPSHOT, { ...snapshot, parent: chainId }, LIMITS);
      await channel.unary(REMOVE_SNAPSHOT, snapshot, LIMITS);
      return mounts;
    },

    async imageFilesystem() {
      const [mountpoint, keys] = await Promise.all([snapshotterRoot(), allKeys()]);
      const usages = await Promise.all(keys.map((key) => usageOf(SNAPSHOTTER, key)));
      const sum = (field: keyof DiskUsage) => usages.reduce((all, usage) => all + (usage?.[field] ?? 0), 0);
      return { mountpoint, usedBytes: sum('usedBytes'), inodesUsed: sum('inodesUsed') };
    },
  };
}
