// exec, attach and port forwarding at the URL that the runtime's streaming server gave for one use: SPDY, which every
// version of it speaks and which, unlike its WebSockets before v5, can end stdin. client-go/tools/remotecommand.
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { SpdySession } from '../../server/spdy/session.ts';
import { type ExecSession, RuntimeError, type StreamOptions } from '../runtime.ts';

const EXEC_PROTOCOL = 'v4.channel.k8s.io';
const PORT_FORWARD_PROTOCOL = 'portforward.k8s.io';
/** What the runtime's server says around the cause, as the kubelet's own does, which says it again. */
const WRAPPING = /^(?:Internal error occurred: )?error executing command in container: /;

/** Runs or joins the command behind `url`. `reason` is that of its failures. */
export async function openStreams(url: string, streams: StreamOptions, reason: string): Promise<ExecSession> {
  const session = new SpdySession(await upgrade(url, EXEC_PROTOCOL, reason));
  session.closed.catch(() => undefined); // shows as an outcome that never came
  const open = (streamtype: string, wanted: boolean) => (wanted ? session.open({ streamtype }) : undefined);
  const [error, stdin, stdout, stderr, size] = await Promise.all([
    open('error', true),
    open('stdin', streams.stdin),
    open('stdout', streams.stdout),
    open('stderr', streams.stderr && !streams.tty),
    open('resize', streams.tty),
  ]);
  for (const stream of [stdin, error]) stream?.resume(); // nothing comes but its end
  return {
    ...(stdin ? { stdin } : {}),
    ...(stdout ? { stdout } : {}),
    ...(stderr ? { stderr } : {}),
    resize(columns, rows) {
      if (size?.writable) size.write(JSON.stringify({ Width: columns, Height: rows }));
    },
    exit: textOf(error as Duplex)
      .then((text) => exitCodeOf(text, reason))
      .finally(() => session.close()),
    close: () => session.close(),
  };
}

/** A connection to `port` behind `url`. */
export async function openPort(url: string, port: number): Promise<Duplex> {
  const reason = 'PortForwardError';
  const session = new SpdySession(await upgrade(url, PORT_FORWARD_PROTOCOL, reason));
  session.closed.catch(() => undefined); // ends the stream, too
  const common = { port: String(port), requestid: '0' };
  const [error, data] = await Promise.all([
    session.open({ ...common, streamtype: 'error' }),
    session.open({ ...common, streamtype: 'data' }),
  ]);
  error.end();
  void textOf(error).then((text) => {
    if (text !== '') data.destroy(new RuntimeError(reason, text));
  });
  data.once('close', () => session.close());
  return data;
}

function upgrade(url: string, protocol: string, reason: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown) =>
      reject(new RuntimeError(reason, `the runtime's streaming server does not serve ${url}: ${why}`, cause));
    const asked = request(url, {
      method: 'POST',
      agent: false, // the connection is not given back
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol },
    });
    asked.once('error', (cause) => fail(cause.message, cause));
    asked.once('response', (response) => {
      response.resume();
      fail(`HTTP status ${response.statusCode}`);
    });
    asked.once('upgrade', (_, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    asked.end();
  });
}

function textOf(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    const settle = () => resolve(Buffer.concat(chunks).toString());
    stream.once('end', settle);
    stream.once('close', settle);
  });
}

interface Outcome {
  status?: string;
  message?: string;
  reason?: string;
  details?: { causes?: { reason?: string; message?: string }[] };
}

/** The Status that ends the error stream. Throws RuntimeError for what is no exit code. */
export function exitCodeOf(text: string, reason: string): number {
  if (text === '') throw new RuntimeError(reason, 'the runtime ended the streams without saying how the command ended');
  const outcome = JSON.parse(text) as Outcome;
  if (outcome.status === 'Success') return 0;
  const code = outcome.details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message;
  if (outcome.reason === 'NonZeroExitCode' && code !== undefined) return Number(code);
  throw new RuntimeError(reason, (outcome.message ?? text).replace(WRAPPING, ''));
}
