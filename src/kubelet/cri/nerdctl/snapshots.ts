// How much of the disk images and containers take, asked of containerd: its layers are snapshots, and so is what a
// container writes. Messages: containerd's api/services/{containers,snapshots,introspection}/v1.
import type { ContainerStats, ImageFilesystem } from '../runtime.ts';
import { type ContainerdCall, withContainerd } from './containerd-calls.ts';
import { LABEL_SANDBOX } from './labels.ts';
import { decode, decodeNumbers, encode } from './wire.ts';

type DiskUsage = NonNullable<ContainerStats['writableLayer']>;

export interface Snapshots {
  /** What each container of ours has written, by id; one that ends meanwhile is left out. */
  writableLayers(): Promise<Map<string, DiskUsage>>;
  /** All layers of all images and containers together. */
  imageFilesystem(): Promise<ImageFilesystem>;
}

/** nerdctl's own default. */
const SNAPSHOTTER = process.env.CONTAINERD_SNAPSHOTTER || 'overlayfs';
const SERVICES = 'containerd.services';

export function createSnapshots(address: string): Snapshots {
  return {
    writableLayers: () =>
      withContainerd(address, async (call) => {
        const filter = `labels."${LABEL_SANDBOX}"`;
        const [answer] = await call(`${SERVICES}.containers.v1.Containers/List`, encode({ 1: filter }));
        const found = await Promise.all(
          bytesOf(answer, 1).map(async (container) => {
            const [id, snapshotter, key] = [1, 6, 7].map((field) => textOf(container, field)) as [
              string,
              string,
              string,
            ];
            return [id, await usageOf(call, { snapshotter, key })] as const;
          }),
        );
        return new Map(found.flatMap(([id, usage]) => (usage ? [[id, usage] as const] : [])));
      }),

    imageFilesystem: () =>
      withContainerd(address, async (call) => {
        const [mountpoint, answers] = await Promise.all([
          snapshotterRoot(call),
          call(`${SERVICES}.snapshots.v1.Snapshots/List`, encode({ 1: SNAPSHOTTER })),
        ]);
        const keys = answers.flatMap((answer) => bytesOf(answer, 1)).map((info) => textOf(info, 1));
        const usages = await Promise.all(keys.map((key) => usageOf(call, { snapshotter: SNAPSHOTTER, key })));
        const sum = (field: keyof DiskUsage) => usages.reduce((all, usage) => all + (usage?.[field] ?? 0), 0);
        return { mountpoint, usedBytes: sum('usedBytes'), inodesUsed: sum('inodesUsed') };
      }),
  };
}

async function usageOf(
  call: ContainerdCall,
  { snapshotter, key }: { snapshotter: string; key: string },
): Promise<DiskUsage | undefined> {
  const message = encode({ 1: snapshotter, 2: key });
  const answer = await call(`${SERVICES}.snapshots.v1.Snapshots/Usage`, message).catch((error: Error) => {
    if (/not exist|not found/.test(error.message)) return undefined; // removed meanwhile
    throw error;
  });
  if (!answer) return undefined;
  const numbers = decodeNumbers(answer[0] ?? Buffer.alloc(0));
  return { usedBytes: numbers(1), inodesUsed: numbers(2) };
}

/** The plugin tells its folder among what it exports, a map of texts. */
async function snapshotterRoot(call: ContainerdCall): Promise<string> {
  const filter = `type==io.containerd.snapshotter.v1,id==${SNAPSHOTTER}`;
  const [answer] = await call(`${SERVICES}.introspection.v1.Introspection/Plugins`, encode({ 1: filter }));
  const exports = bytesOf(answer, 1).flatMap((plugin) => bytesOf(plugin, 5));
  const root = exports.find((entry) => textOf(entry, 1) === 'root');
  if (!root) throw new Error(`containerd has no snapshotter ${SNAPSHOTTER}, or does not tell where it keeps images`);
  return textOf(root, 2);
}

const bytesOf = (message: Uint8Array | undefined, field: number): Buffer[] =>
  decode(message ?? Buffer.alloc(0))
    .filter(({ number }) => number === field)
    .map(({ bytes }) => bytes);

const textOf = (message: Uint8Array, field: number): string => bytesOf(message, field)[0]?.toString() ?? '';
