// exec and port-forward over a WebSocket between a client and a container of which one is slower, or gone.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex, PassThrough, Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import type { ExecSession } from '../../../src/kubelet/cri/runtime.ts';
import { serveSession } from '../../../src/kubelet/server/channels.ts';
import { servePortForward } from '../../../src/kubelet/server/port-forward.ts';
import { pingWhileOpen } from '../../../src/kubelet/server/web-socket-pings.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const MEGABYTE = 1024 * 1024;
/** What the kernel holds of a connection of this host, and what waits in the socket. */
const BOUND = 24 * MEGABYTE;

let http: Server;
let sockets: WebSocketServer;
beforeEach(async () => {
  http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  sockets = new WebSocketServer({ server: http });
});
afterEach(() => {
  for (const client of sockets.clients) client.terminate();
  http.close();
});

async function connected(protocol: string, serve: (socket: WebSocket) => Promise<void>) {
  const served = new Promise<void>((resolve, reject) => {
    sockets.once('connection', (socket) => void serve(socket).then(resolve, reject));
  });
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, [protocol]);
  const received: Buffer[][] = [[], [], [], []];
  client.on('message', (data: Buffer) => received[data[0] as number]?.push(data.subarray(1)));
  const text = (channel: number) => Buffer.concat(received[channel] as Buffer[]).toString();
  await once(client, 'open');
  return { client, served, text };
}

/** Until it stands still. */
async function settled(value: () => number): Promise<number> {
  let last = -1;
  await eventually('it stands still', async () => {
    for (let i = 0; i < 50; i++) await turn();
    const is = last === value();
    last = value();
    return is && last > 0;
  });
  return last;
}

/** As many bytes as are taken of it. */
function endless() {
  const taken = { bytes: 0 };
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const stream = new Readable({
    read() {
      taken.bytes += chunk.length;
      setImmediate(() => this.push(chunk));
    },
  });
  return { stream, taken };
}

const session = (parts: Partial<ExecSession>): { session: ExecSession; isClosed: () => boolean } => {
  const ended = Promise.withResolvers<number>();
  let isClosed = false;
  const close = () => {
    isClosed = true;
    for (const stream of [parts.stdin, parts.stdout]) (stream as Duplex | undefined)?.destroy();
    ended.resolve(137);
  };
  return { session: { resize() {}, exit: ended.promise, close, ...parts }, isClosed: () => isClosed };
};

describe('exec over a WebSocket', { timeout: 20_000 }, () => {
  test('takes no more output than a slow client can have, and ends with the client', async () => {
    const { stream: stdout, taken } = endless();
    const { session: running, isClosed } = session({ stdout });
    const { client, served } = await connected('v5.channel.k8s.io', (s) => serveSession(s, Promise.resolve(running)));
    client.pause();
    assert.ok((await settled(() => taken.bytes)) < BOUND);
    client.terminate();
    await served;
    assert.ok(isClosed());
  });

  test('takes no more input than a slow command does, whose end is told all the same', async () => {
    const got: Buffer[] = [];
    let go = () => {};
    const stdin = new Writable({
      write(chunk: Buffer, _, done) {
        got.push(chunk);
        go = done;
      },
    });
    const exit = Promise.withResolvers<number>();
    const { session: running } = session({ stdin, exit: exit.promise });
    const { client, served, text } = await connected('v5.channel.k8s.io', (s) =>
      serveSession(s, Promise.resolve(running)),
    );
    const message = Buffer.alloc(MEGABYTE);
    for (let i = 0; i < 60; i++) client.send(message);
    await eventually('the first', () => got.length === 1);
    assert.ok((await settled(() => stdin.writableLength + client.bufferedAmount)) > 30 * MEGABYTE);
    assert.ok(stdin.writableLength < BOUND);
    go();
    stdin.destroy(); // the command has closed it, and reads no more
    exit.resolve(0);
    await served;
    await eventually('the outcome', () => text(3).includes('Success'));
    client.terminate();
  });
});

test('a client that went away while nobody took its input is noticed', async () => {
  const clock = fakeClock();
  const stdin = new Writable({ write() {} }); // takes one, and never says that it did
  const { session: running, isClosed } = session({ stdin });
  const { client, served } = await connected('v5.channel.k8s.io', (socket) => {
    pingWhileOpen(socket, clock);
    return serveSession(socket, Promise.resolve(running));
  });
  let pings = 0;
  client.on('ping', () => {
    pings += 1;
  });
  await clock.advance(15_000);
  await eventually('a ping', () => pings === 1);
  for (let i = 0; i < 30; i++) client.send(Buffer.alloc(MEGABYTE));
  await settled(() => stdin.writableLength + client.bufferedAmount);
  client.terminate();
  await eventually('its end', async () => {
    await clock.advance(15_000);
    return isClosed();
  });
  await served;
});

describe('port-forward over a WebSocket', { timeout: 20_000 }, () => {
  const forwarding = (connect: (port: number) => Promise<Duplex>, ports = [80]) =>
    connected('v4.channel.k8s.io', (socket) => servePortForward(socket, { ports, pod: 'default/web', connect }));
  const packet = (channel: number, body: Buffer | string) => Buffer.concat([Buffer.from([channel]), Buffer.from(body)]);

  test('passes megabytes whole and in order, those that come before the connection stands too', async () => {
    const opening = Promise.withResolvers<Duplex>();
    const { client, text } = await forwarding(() => opening.promise);
    const expected = Array.from({ length: 300_000 }, (_, i) => `line ${i}\n`).join('');
    for (let at = 0; at < expected.length; at += 50_000) client.send(packet(0, expected.slice(at, at + 50_000)));
    await turn();
    opening.resolve(new PassThrough());
    await eventually('all', () => text(0).length - 2 >= expected.length);
    assert.equal(text(0).slice(2), expected);
  });

  test('takes no more of the pod than a slow client can have', async () => {
    const { stream, taken } = endless();
    const { client } = await forwarding(async () => Duplex.from({ readable: stream, writable: new PassThrough() }));
    client.pause();
    assert.ok((await settled(() => taken.bytes)) < BOUND);
    client.terminate();
    await eventually('its connection has gone', () => stream.destroyed);
  });

  test('tells which port refuses, goes on with the other, and ends when that has ended', async () => {
    const echo = new PassThrough();
    const connect = async (port: number) => {
      if (port === 9) throw new Error('connection refused');
      return echo;
    };
    const { client, served, text } = await forwarding(connect, [9, 80]);
    client.send(packet(0, 'for nobody'));
    client.send(packet(2, 'hello'));
    await eventually('the echo', () => text(2).endsWith('hello'));
    assert.equal(text(1).slice(2), 'error forwarding port 9 to pod default/web: connection refused');
    echo.end();
    const [code] = (await once(client, 'close')) as [number];
    assert.equal(code, 1000);
    await served;
  });
});
