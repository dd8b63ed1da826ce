// Attaching over docker's HTTP, which podman serves too: a request that becomes the container's streams. It is answered once they are
// joined, which the command lines do not tell; and docker's wants a terminal of its own.
// https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { type Duplex, PassThrough, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { RuntimeError } from '../runtime.ts';
import type { DialectAttach } from './dialect.ts';

/** Before each piece of output: which stream it is of (1, 2), three bytes of nothing, how long it is. */
const HEAD_BYTES = 8;

/** `engineSocket` resolves with the path of a UNIX socket at which the engine listens. */
export function createDialectAttach(engineSocket: () => Promise<string>): DialectAttach {
  return async ({ containerId, settings, streams, onError }) => {
    const socketPath = await engineSocket();
    const container = `/containers/${containerId}`;
    const wanted = {
      stdin: streams.stdin && settings.stdin,
      stdout: streams.stdout,
      stderr: streams.stderr && !settings.tty,
    };
    const query = new URLSearchParams({ stream: '1' });
    for (const [name, on] of Object.entries(wanted)) if (on) query.set(name, '1');
    const connection = await upgrade(socketPath, `${container}/attach?${query}`);
    const closed = new Promise<number>((resolve) => connection.once('close', () => resolve(0)));
    const stdout = wanted.stdout ? new PassThrough() : undefined;
    const stderr = wanted.stderr ? new PassThrough() : undefined;
    connection.on('error', onError);
    if (settings.tty) connection.pipe(stdout ?? new PassThrough().resume());
    else parted(connection, (stream) => (stream === 2 ? stderr : stdout));
    connection.once('close', () => {
      for (const output of [stdout, stderr]) output?.end();
    });
    return {
      ...(wanted.stdin ? { stdin: stdinOf(connection, settings) } : {}),
      ...(stdout ? { stdout } : {}),
      ...(stderr ? { stderr } : {}),
      resize(columns, rows) {
        if (settings.tty) resize(socketPath, `${container}/resize?h=${rows}&w=${columns}`).catch(onError);
      },
      exit: closed,
      close: () => connection.destroy(),
    };
  };
}

/** The end of input ends the output too, for the engine: it is told only where it is to end the container's stdin. */
function stdinOf(connection: Duplex, { stdinOnce, tty }: { stdinOnce: boolean; tty: boolean }): Writable {
  const stdin = new PassThrough();
  stdin.pipe(connection, { end: stdinOnce && !tty });
  return stdin;
}

/** Passes pieces on to their streams, as fast as the slowest of them takes them. */
export function parted(connection: Duplex, streamOf: (number: number) => Writable | undefined): void {
  let rest: Buffer = Buffer.alloc(0);
  let left = 0;
  let stream: Writable | undefined;
  connection.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length > 0) {
      if (left === 0) {
        if (rest.length < HEAD_BYTES) return;
        stream = streamOf(rest.readUInt8(0));
        left = rest.readUInt32BE(4);
        rest = rest.subarray(HEAD_BYTES);
      }
      const piece = rest.subarray(0, left);
      rest = rest.subarray(piece.length);
      left -= piece.length;
      if (stream && piece.length > 0 && !stream.write(piece)) {
        connection.pause();
        stream.once('drain', () => connection.resume());
      }
    }
  });
}

/** The streams behind `target`. */
function upgrade(socketPath: string, target: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asked = post(socketPath, target, { connection: 'Upgrade', upgrade: 'tcp' });
    asked.once('error', (cause) => reject(new RuntimeError('AttachError', cause.message, cause)));
    asked.once('response', (response) => refusal(response).then(reject, reject));
    asked.once('upgrade', (_, connection, head) => {
      if (head.length > 0) connection.unshift(head);
      resolve(connection);
    });
  });
}

function resize(socketPath: string, target: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = post(socketPath, target);
    asked.once('error', reject);
    asked.once('response', (response) => {
      if (response.statusCode === 200) resolve(void response.resume());
      else refusal(response).then(reject, reject);
    });
  });
}

function post(socketPath: string, target: string, headers: OutgoingHttpHeaders = {}): ClientRequest {
  const asked = request({ socketPath, path: target, method: 'POST', agent: false, headers }); // no connection is given back
  asked.end();
  return asked;
}

async function refusal(response: IncomingMessage): Promise<RuntimeError> {
  const body = await text(response);
  const message = body.startsWith('{') ? (JSON.parse(body) as { message: string }).message : body;
  return new RuntimeError('AttachError', `the engine says: ${message.trim() || `HTTP status ${response.statusCode}`}`);
}
