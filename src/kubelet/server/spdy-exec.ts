// exec and attach over SPDY, one stream for each of error, stdin, stdout, stderr and resize
// (cri-streaming/pkg/streaming/remotecommand/httpstream.go). Clients before WebSockets, and those told not to use them.
import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { ExecSession, StreamOptions } from '../cri/runtime.ts';
import { exitMessage, exitStatus, failureStatus, parseSize } from './exec-outcome.ts';
import { SpdySession } from './spdy/session.ts';

/** In the order of preference. */
export const SPDY_EXEC_PROTOCOLS = [
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
] as const;

const STREAM_CREATION_TIMEOUT_MS = 30_000;

export interface SpdyExec {
  transport: Duplex;
  protocol: string;
  wanted: StreamOptions;
  clock: Clock;
  start(): Promise<ExecSession>;
}

/** Resolves when the connection is over; what goes wrong with the command is told to the client. */
export async function serveSpdyExec({ transport, protocol, wanted, clock, start }: SpdyExec): Promise<void> {
  const expected = expectedStreams(wanted, protocol);
  const streams = new Map<string, Duplex>();
  const complete = Promise.withResolvers<void>();
  const session = new SpdySession(transport, ({ headers, duplex }) => {
    const type = headers.streamtype ?? '';
    if (!expected.has(type) || streams.has(type)) return void duplex.destroy();
    streams.set(type, duplex);
    if (streams.size === expected.size) complete.resolve();
  });
  const timer = clock.after(STREAM_CREATION_TIMEOUT_MS, () =>
    complete.reject(new Error('timed out waiting for client to create streams')),
  );
  try {
    await Promise.race([complete.promise, session.closed]);
    timer.cancel();
    if (streams.size === expected.size) await runCommand(streams, { protocol, session, start });
  } finally {
    timer.cancel();
    session.close();
  }
  await session.closed;
}

function expectedStreams({ stdin, stdout, stderr, tty }: StreamOptions, protocol: string): Set<string> {
  const resizes = protocol.startsWith('v4') || protocol.startsWith('v3');
  const wanted = { error: true, stdin, stdout, stderr, resize: tty && resizes };
  return new Set(Object.entries(wanted).flatMap(([name, isWanted]) => (isWanted ? [name] : [])));
}

interface Running {
  protocol: string;
  session: SpdySession;
  start(): Promise<ExecSession>;
}

async function runCommand(streams: ReadonlyMap<string, Duplex>, at: Running): Promise<void> {
  const told = streams.get('error') as Duplex;
  told.resume();
  const isJson = at.protocol.startsWith('v4');
  try {
    const running = await at.start();
    at.session.closed.then(running.close, running.close);
    const { stdin, stdout, stderr } = running;
    const input = streams.get('stdin');
    if (stdin) input?.pipe(stdin);
    else input?.resume(); // a container without stdin: nobody reads it
    followSize(streams.get('resize'), running);
    const outputs = [copy(stdout, streams.get('stdout')), copy(stderr, streams.get('stderr'))];
    const exitCode = await running.exit;
    await Promise.all(outputs);
    if (isJson) await end(told, JSON.stringify(exitStatus(exitCode)));
    else await end(told, exitCode === 0 ? '' : exitMessage(exitCode));
  } catch (error) {
    const status = failureStatus(error);
    await end(told, isJson ? JSON.stringify(status) : status.message);
  }
}

/** Each size is one JSON document in a write of its own. */
function followSize(stream: Duplex | undefined, running: ExecSession): void {
  stream?.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString('utf8').split('\n')) {
      const size = parseSize(line);
      if (size) running.resize(size.columns, size.rows);
    }
  });
}

/** Resolves when all is out, or nobody wants it any more. */
function copy(from: NodeJS.ReadableStream | undefined, to: Duplex | undefined): Promise<void> {
  if (!from || !to) return Promise.resolve();
  to.resume();
  from.on('error', () => to.end()); // told by the exit
  from.pipe(to);
  return new Promise((resolve) => {
    to.once('finish', resolve);
    to.once('close', () => {
      from.resume(); // the command must not wait for a reader that has gone
      resolve();
    });
  });
}

function end(stream: Duplex, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', resolve);
    stream.end(text, () => resolve());
  });
}
