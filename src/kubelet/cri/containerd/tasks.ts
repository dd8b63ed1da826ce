// What nerdctl cannot do for a detached container, asked of containerd itself: start it with pipes of ours as its
// streams, size its terminal, close its stdin. And its removal, which costs nerdctl a process and containerd the same.
import type { GrpcChannel, Method } from '../../../grpc/channel.ts';
import type { Input, Output } from '../../../grpc/message.ts';
import { isGrpcError } from '../../../grpc/status.ts';
import { RuntimeError } from '../runtime.ts';
import {
  CALL_TIMEOUT_MS,
  CLOSE_IO,
  CREATE_TASK,
  DELETE_CONTAINER,
  DELETE_TASK,
  GET_CONTAINER,
  GET_TASK,
  milliseconds,
  REMOVE_SNAPSHOT,
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

export type Labels = Readonly<Record<string, string>>;

export interface MadeOf {
  labels: Labels;
  /** The OCI runtime specification, as JSON. */
  spec: string;
}

export interface TaskState {
  /** UNKNOWN: its shim does not answer. */
  status: 'UNKNOWN' | 'CREATED' | 'RUNNING' | 'STOPPED' | 'PAUSED' | 'PAUSING';
  /** Of one that has stopped; milliseconds since the epoch. */
  exitCode: number;
  exitedAt: number;
}

export interface Tasks {
  /** undefined when the container has no task. Throws GrpcError. */
  state(containerId: string): Promise<TaskState | undefined>;
  /**
   * Creates and starts the container's task; the shim opens the streams. `onMade` hears in between what it is made of.
   * Throws RunContainerError; whether it runs all the same is open when `isCutShort` says so of that.
   */
  start(containerId: string, streams: TaskStreams, onMade: (of: MadeOf) => void): Promise<void>;
  /** Removes a container with its task and its writable layer; idempotent. Throws GrpcError, also when its process still runs. */
  remove(containerId: string): Promise<void>;
  resize(containerId: string, columns: number, rows: number): Promise<void>;
  /** Gives up the shim's own writing end: the container reads end of file once the other writers are gone. */
  closeStdin(containerId: string): Promise<void>;
}

/** Whether the call failed on its way: containerd may have ended, or may still be at it. */
export const isCutShort = (error: unknown): boolean =>
  isGrpcError((error as Error).cause, 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED');

export function createTasks(channel: GrpcChannel): Tasks {
  /** `failed` begins the message of the error, as containerd's CRI does it (container_start.go). */
  const call = async <In, Out>(method: Method<In, Out>, request: Input<In>, failed = ''): Promise<Output<Out>> => {
    try {
      return await channel.unary(method, request, { timeoutMs: CALL_TIMEOUT_MS });
    } catch (cause) {
      throw new RuntimeError('RunContainerError', `${failed}${(cause as Error).message}`, cause);
    }
  };
  /** undefined: there is nothing of that name. */
  const callIfThere = async <In, Out>(method: Method<In, Out>, request: Input<In>) => {
    try {
      return await channel.unary(method, request, { timeoutMs: CALL_TIMEOUT_MS });
    } catch (error) {
      if (isGrpcError(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  };
  return {
    async state(containerId) {
      const answer = await callIfThere(GET_TASK, { containerId });
      if (!answer) return undefined;
      const { status = 'UNKNOWN', exitStatus: exitCode = 0, exitedAt } = answer.process ?? {};
      return { status, exitCode, exitedAt: milliseconds(exitedAt) };
    },
    async start(containerId, streams, onMade) {
      const { container } = await call(GET_CONTAINER, { id: containerId });
      const { snapshotter, snapshotKey: key } = container ?? { snapshotter: '', snapshotKey: '' };
      const { mounts: rootfs } = await call(SNAPSHOT_MOUNTS, { snapshotter, key });
      await call(CREATE_TASK, { containerId, rootfs, ...streams }, 'failed to create containerd task: ');
      onMade({ labels: container?.labels ?? {}, spec: container?.spec?.value.toString() ?? '{}' });
      try {
        await call(START_TASK, { containerId }, `failed to start containerd task "${containerId}": `);
      } catch (cause) {
        if (!isCutShort(cause)) await call(DELETE_TASK, { containerId }).catch(() => undefined); // the first error tells why
        throw cause;
      }
    },
    async remove(containerId) {
      const [found] = await Promise.all([
        callIfThere(GET_CONTAINER, { id: containerId }),
        callIfThere(DELETE_TASK, { containerId }),
      ]);
      if (!found?.container) return;
      const { snapshotter, snapshotKey: key } = found.container;
      await callIfThere(DELETE_CONTAINER, { id: containerId }); // first: without it containerd collects the layer by itself
      await callIfThere(REMOVE_SNAPSHOT, { snapshotter, key });
    },
    async resize(containerId, columns, rows) {
      await call(RESIZE_PTY, { containerId, width: columns, height: rows });
    },
    async closeStdin(containerId) {
      await call(CLOSE_IO, { containerId, stdin: true });
    },
  };
}
