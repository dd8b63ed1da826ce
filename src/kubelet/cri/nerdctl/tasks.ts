// What nerdctl cannot do for a detached container, asked of containerd itself: start it with pipes of ours as its
// streams, size its terminal, close its stdin. Messages: containerd's api/services/{tasks,containers,snapshots}/v1.
import { type ContainerdCall, withContainerd } from './containerd-calls.ts';
import { decode, encode } from './wire.ts';

/** Paths of FIFOs; '' for a stream that does not exist. */
export interface TaskStreams {
  stdin: string;
  stdout: string;
  stderr: string;
  terminal: boolean;
}

export interface Tasks {
  /** Creates and starts the container's task; the shim opens the streams. Throws RunContainerError. */
  start(containerId: string, streams: TaskStreams): Promise<void>;
  resize(containerId: string, columns: number, rows: number): Promise<void>;
  /** Gives up the shim's own writing end: the container reads end of file once the other writers are gone. */
  closeStdin(containerId: string): Promise<void>;
}

export function createTasks(address: string): Tasks {
  const call: ContainerdCall = (method, message) => withContainerd(address, (one) => one(method, message));
  return {
    async start(containerId, streams) {
      const rootfs = await rootfsMounts(call, containerId);
      const { stdin, stdout, stderr, terminal } = streams;
      await call(
        'containerd.services.tasks.v1.Tasks/Create',
        encode({ 1: containerId, 3: rootfs, 4: stdin, 5: stdout, 6: stderr, 7: terminal }),
      );
      try {
        await call('containerd.services.tasks.v1.Tasks/Start', encode({ 1: containerId }));
      } catch (cause) {
        await call('containerd.services.tasks.v1.Tasks/Delete', encode({ 1: containerId })).catch(() => undefined); // the first error tells why
        throw cause;
      }
    },
    async resize(containerId, columns, rows) {
      await call('containerd.services.tasks.v1.Tasks/ResizePty', encode({ 1: containerId, 3: columns, 4: rows }));
    },
    async closeStdin(containerId) {
      await call('containerd.services.tasks.v1.Tasks/CloseIO', encode({ 1: containerId, 3: true }));
    },
  };
}

/** The container's snapshot as mounts, each an encoded containerd.types.Mount that is handed on as it is. */
async function rootfsMounts(call: ContainerdCall, containerId: string): Promise<Buffer[]> {
  const [answer] = await call('containerd.services.containers.v1.Containers/Get', encode({ 1: containerId }));
  const container = field(answer ?? Buffer.alloc(0), 1) ?? Buffer.alloc(0);
  const [snapshotter, key] = [field(container, 6), field(container, 7)];
  const [mounts] = await call('containerd.services.snapshots.v1.Snapshots/Mounts', encode({ 1: snapshotter, 2: key }));
  return decode(mounts ?? Buffer.alloc(0))
    .filter(({ number }) => number === 1)
    .map(({ bytes }) => bytes);
}

const field = (message: Uint8Array, number: number): Buffer | undefined =>
  decode(message).find((one) => one.number === number)?.bytes;
