// exec and attach over a WebSocket: k8s.io/apimachinery/pkg/util/httpstream/wsstream and remotecommand. The first byte
// of a message is its channel; base64 variants send text whose first character is the channel's digit.
import type { RawData, WebSocket } from 'ws';
import type { ExecSession } from '../cri/runtime.ts';
import { exitMessage, exitStatus, failureStatus, parseSize } from './exec-outcome.ts';

/** In the order of preference. */
export const EXEC_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const;

export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;

/** Bytes that may wait in the socket before the process is paused. */
const HIGH_WATER = 1024 * 1024;

export interface Framing {
  encode(channel: number, data: Uint8Array): Uint8Array | string;
  decode(message: Buffer): { channel: number; data: Buffer };
}

const BINARY: Framing = {
  encode: (channel, data) => Buffer.concat([Buffer.from([channel]), data]),
  decode: (message) => ({ channel: message[0] ?? CHANNEL.stdin, data: message.subarray(1) }),
};

const BASE64: Framing = {
  encode: (channel, data) => `${channel}${Buffer.from(data).toString('base64')}`,
  decode: (message) => ({
    channel: (message[0] ?? 0x30) - 0x30,
    data: Buffer.from(message.subarray(1).toString('latin1'), 'base64'),
  }),
};

export const framingOf = (protocol: string): Framing => (protocol.includes('base64') ? BASE64 : BINARY);

export const bytesOf = (message: RawData): Buffer =>
  Array.isArray(message) ? Buffer.concat(message) : Buffer.from(message as Buffer);

/** Joins the socket and the session; resolves when both are over. `session` may still be starting, or fail to. */
export async function serveSession(socket: WebSocket, starting: Promise<ExecSession>): Promise<void> {
  const { protocol } = socket;
  const framing = framingOf(protocol);
  const tellsStatus = protocol.startsWith('v4') || protocol.startsWith('v5');
  const send = (channel: number, data: Uint8Array) => socket.send(framing.encode(channel, data));
  const early: Buffer[] = [];
  const hold = (message: RawData) => early.push(bytesOf(message));
  socket.on('message', hold);
  try {
    const session = await starting;
    const take = (message: Buffer) => receive(message, { session, framing, socket });
    socket.off('message', hold);
    for (const message of early) take(message);
    socket.on('message', (message: RawData) => take(bytesOf(message)));
    socket.on('close', () => session.close());
    if (socket.readyState !== socket.OPEN) session.close();
    const outputs = (['stdout', 'stderr'] as const).map((name) =>
      sendAll(session[name], { socket, framing, channel: CHANNEL[name] }),
    );
    const exitCode = await session.exit;
    await Promise.all(outputs);
    if (tellsStatus) send(CHANNEL.status, Buffer.from(JSON.stringify(exitStatus(exitCode))));
    else if (exitCode !== 0) send(CHANNEL.status, Buffer.from(exitMessage(exitCode)));
  } catch (error) {
    const status = failureStatus(error);
    send(CHANNEL.status, Buffer.from(tellsStatus ? JSON.stringify(status) : status.message));
  } finally {
    socket.close(1000);
  }
}

/** Sends what the stream has, as fast as the client takes it; resolves at its end. */
export function sendAll(
  stream: NodeJS.ReadableStream | undefined,
  { socket, framing, channel }: { socket: WebSocket; framing: Framing; channel: number },
): Promise<void> {
  return new Promise((resolve) => {
    if (!stream) return resolve();
    stream.on('data', (chunk: Buffer) => {
      if (socket.readyState !== socket.OPEN) return;
      const waits = socket.bufferedAmount > HIGH_WATER;
      if (waits) stream.pause();
      socket.send(framing.encode(channel, chunk), () => waits && stream.resume());
    });
    stream.on('end', resolve);
    stream.on('close', resolve);
    stream.on('error', () => resolve()); // its end is told by the exit
  });
}

/** Reads no more from the client while the stream is full. */
export function writeFrom(socket: WebSocket, stream: NodeJS.WritableStream, data: Buffer): void {
  if (!stream.writable || stream.write(data) || socket.isPaused) return;
  socket.pause();
  const resume = () => {
    stream.off('drain', resume);
    stream.off('close', resume);
    socket.resume();
  };
  stream.on('drain', resume);
  stream.on('close', resume); // nobody reads it any more
}

function receive(message: Buffer, at: { session: ExecSession; framing: Framing; socket: WebSocket }): void {
  const { channel, data } = at.framing.decode(message);
  const { stdin } = at.session;
  if (channel === CHANNEL.stdin) {
    if (stdin && data.length > 0) writeFrom(at.socket, stdin, data);
  } else if (channel === CHANNEL.close && data[0] === CHANNEL.stdin) {
    stdin?.end();
  } else if (channel === CHANNEL.resize) {
    const size = parseSize(data.toString('utf8'));
    if (size) at.session.resize(size.columns, size.rows);
  }
}
