// Calls of containerd's own gRPC services, for the few things that nerdctl cannot do or would start a program for.
// Calls made together share a connection, and it ends with them: they are rare.
import { type ClientHttp2Session, connect } from 'node:http2';
import net from 'node:net';
import { RuntimeError } from '../runtime.ts';
import { CONTAINERD_NAMESPACE } from './cli.ts';

/** Resolves with the messages of the answer: one, or as many as a streaming method sends. Throws RunContainerError. */
export type ContainerdCall = (method: string, message: Buffer) => Promise<Buffer[]>;

/** Compression flag and length in front of a message. */
const FRAME_BYTES = 5;

export async function withContainerd<T>(address: string, use: (call: ContainerdCall) => Promise<T>): Promise<T> {
  const session = connect('http://localhost', { createConnection: () => net.connect(address) });
  session.on('error', () => undefined); // every call tells it
  try {
    return await use((method, message) => callOnce(session, { address, method, message }));
  } finally {
    session.close();
  }
}

/** https://grpc.io/docs/guides/wire (PROTOCOL-HTTP2) */
function callOnce(
  session: ClientHttp2Session,
  { address, method, message }: { address: string; method: string; message: Buffer },
): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const fail = (text: string, cause?: unknown) => reject(new RuntimeError('RunContainerError', text, cause));
    const failConnection = (why: string, cause?: unknown) =>
      fail(`containerd does not answer at ${address}: ${why}`, cause);
    if (session.destroyed) return failConnection('it ended the connection');
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
    stream.on('error', (cause) => failConnection(cause.message, cause));
    stream.on('end', () => {
      const status = String(outcome['grpc-status'] ?? '');
      if (status === '0') resolve(unframed(Buffer.concat(chunks)));
      else fail(decodeURIComponent(String(outcome['grpc-message'] ?? `containerd answered ${status}`)));
    });
    stream.on('close', () => failConnection('it ended the connection')); // of no effect after an answer
    const frame = Buffer.alloc(FRAME_BYTES);
    frame.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([frame, message]));
  });
}

function unframed(data: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + FRAME_BYTES <= data.length; ) {
    const end = at + FRAME_BYTES + data.readUInt32BE(at + 1);
    messages.push(data.subarray(at + FRAME_BYTES, end));
    at = end;
  }
  return messages;
}
