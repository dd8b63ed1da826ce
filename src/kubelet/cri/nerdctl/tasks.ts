// What nerdctl cannot do for a detached container, asked of containerd itself: start it with pipes of ours as its
// streams, size its terminal, close its stdin. Messages: containerd's api/services/{tasks,containers,snapshots}/v1.
import { connect } from 'node:http2';
import net from 'node:net';
import { RuntimeError } from '../runtime.ts';
import { CONTAINERD_NAMESPACE } from './cli.ts';
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
  const call = (method: string, message: Buffer) => unary(address, method, message);
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

type Call = (method: string, message: Buffer) => Promise<Buffer>;

/** The container's snapshot as mounts, each an encoded containerd.types.Mount that is handed on as it is. */
async function rootfsMounts(call: Call, containerId: string): Promise<Buffer[]> {
  const answer = await call('containerd.services.containers.v1.Containers/Get', encode({ 1: containerId }));
  const container = field(answer, 1) ?? Buffer.alloc(0);
  const [snapshotter, key] = [field(container, 6), field(container, 7)];
  const mounts = await call('containerd.services.snapshots.v1.Snapshots/Mounts', encode({ 1: snapshotter, 2: key }));
  return decode(mounts)
    .filter(({ number }) => number === 1)
    .map(({ bytes }) => bytes);
}

const field = (message: Uint8Array, number: number): Buffer | undefined =>
  decode(message).find((one) => one.number === number)?.bytes;

/** One gRPC call on a connection of its own: they are rare. https://grpc.io/docs/guides/wire (PROTOCOL-HTTP2) */
function unary(address: string, method: string, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const session = connect('http://localhost', { createConnection: () => net.connect(address) });
    const fail = (text: string, cause?: unknown) => {
      session.destroy();
      reject(new RuntimeError('RunContainerError', text, cause));
    };
    session.on('error', (cause) => fail(`containerd does not answer at ${address}: ${cause.message}`, cause));
    const stream = session.request({
      ':method': 'POST',
      ':path': `/${method}`,
      'content-type': 'application/grpc',
      'containerd-namespace': CONTAINERD_NAMESPACE,
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let outcome: Record<string, unknown> = {};
    const note = (headers: Record<string, unknown>) => {
      outcome = { ...outcome, ...headers };
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', (cause) => fail(cause.message, cause));
    stream.on('end', () => {
      const status = String(outcome['grpc-status'] ?? '');
      if (status !== '0') {
        const text = decodeURIComponent(String(outcome['grpc-message'] ?? `containerd answered ${status}`));
        return fail(text);
      }
      session.close();
      resolve(Buffer.concat(chunks).subarray(FRAME_BYTES));
    });
    const frame = Buffer.alloc(FRAME_BYTES);
    frame.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([frame, message]));
  });
}

/** Compression flag and length in front of a message. */
const FRAME_BYTES = 5;
