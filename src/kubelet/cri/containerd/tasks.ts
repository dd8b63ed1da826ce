// What nerdctl cannot do for a detached container, asked of containerd itself: start it with pipes of ours as its
// streams, size its terminal, close its stdin.
import type { GrpcChannel, Method } from '../../../grpc/channel.ts';
import type { Input, Output } from '../../../grpc/message.ts';
import { RuntimeError } from '../runtime.ts';
import {
  CALL_TIMEOUT_MS,
  CLOSE_IO,
  CREATE_TASK,
  DELETE_TASK,
  GET_CONTAINER,
  RESIZE_PTY,
  SNAPSHOT_MOUNTS,
  START_TASK,
} from './api.ts';

/** Paths of FIFOs; '' for a stream that does not exist. */
export interface TaskStreams {
  stdin: string;
  stdout: string;
  stderr: string;
  terminal: boolean;
}

export interface Tasks {
  /**
   * Creates and starts the container's task; the shim opens the streams. Returns the container's OCI runtime
   * specification, of which it was made, as JSON. Throws RunContainerError.
   */
  start(containerId: string, streams: TaskStreams): Promise<string>;
  resize(containerId: string, columns: number, rows: number): Promise<void>;
  /** Gives up the shim's own writing end: the container reads end of file once the other writers are gone. */
  closeStdin(containerId: string): Promise<void>;
}

export function createTasks(channel: GrpcChannel): Tasks {
  const call = async <In, Out>(method: Method<In, Out>, request: Input<In>): Promise<Output<Out>> => {
    try {
      return await channel.unary(method, request, { timeoutMs: CALL_TIMEOUT_MS });
    } catch (cause) {
      throw new RuntimeError('RunContainerError', (cause as Error).message, cause);
    }
  };
  return {
    async start(containerId, streams) {
      const { container } = await call(GET_CONTAINER, { id: containerId });
      const { snapshotter, snapshotKey: key } = container ?? { snapshotter: '', snapshotKey: '' };
      const { mounts: rootfs } = await call(SNAPSHOT_MOUNTS, { snapshotter, key });
      await call(CREATE_TASK, { containerId, rootfs, ...streams });
      try {
        await call(START_TASK, { containerId });
      } catch (cause) {
        await call(DELETE_TASK, { containerId }).catch(() => undefined); // the first error tells why
        throw cause;
      }
      return container?.spec?.value.toString() ?? '{}';
    },
    async resize(containerId, columns, rows) {
      await call(RESIZE_PTY, { containerId, width: columns, height: rows });
    },
    async closeStdin(containerId) {
      await call(CLOSE_IO, { containerId, stdin: true });
    },
  };
}
