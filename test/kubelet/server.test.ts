import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request as requestWithin } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Duplex, duplexPair, PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/clock.ts';
import { type ExecSession, type Runtime, RuntimeError } from '../../src/kubelet/cri/runtime.ts';
import { createAccess } from '../../src/kubelet/server/access.ts';
import { createKubeletServer } from '../../src/kubelet/server/server.ts';
import { silentLogger } from '../../src/log.ts';
import { ensurePki, type Pki } from '../../src/pki/pki.ts';
import { eventually } from '../support/eventually.ts';
import { podObject } from '../support/objects.ts';
import { spdyClient } from './spdy/client.ts';

interface Asked {
  command: readonly string[];
  stdin: string;
  resized: string[];
}

/** A runtime with one container, whose exec repeats its input and ends with the code in its command. */
function echoRuntime(logPath: string): { runtime: Runtime; asked: Asked; followers: Set<AbortSignal> } {
  const followers = new Set<AbortSignal>();
  const asked: Asked = { command: [], stdin: '', resized: [] };
  const pod = { namespace: 'default', name: 'web', uid: 'u1' };
  const status = { id: 'c1', sandboxId: 's1', name: 'main', attempt: 0, pod, state: 'running', createdAt: 0, logPath };
  const runtime = {
    listContainers: async () => [status],
    listSandboxes: async () => [{ id: 's1', pod, state: 'ready' }],
    containerStatus: async () => status,
    events: (signal: AbortSignal) => untilAborted(signal, followers),
    portForward: async (_: string, port: number) => {
      if (port === 1) throw new Error('connection refused');
      return new PassThrough();
    },
    async exec(_: string, command: readonly string[], streams: { stdin: boolean }): Promise<ExecSession> {
      if (command[0] === 'absent') throw new RuntimeError('ExecError', 'no such file: absent');
      asked.command = command;
      const stdin = new PassThrough();
      const stdout = new PassThrough();
      const stderr = new PassThrough();
      const ended = Promise.withResolvers<number>();
      stdin.on('data', (chunk: Buffer) => {
        asked.stdin += chunk;
        stdout.write(chunk);
      });
      let isOver = false;
      const end = () => {
        if (isOver) return;
        isOver = true;
        stderr.end('bye');
        stdout.end();
        ended.resolve(Number(command[1] ?? 0));
      };
      stdin.on('end', end);
      if (!streams.stdin) setImmediate(end);
      return {
        stdin,
        stdout,
        stderr,
        resize: (columns, rows) => asked.resized.push(`${columns}x${rows}`),
        exit: ended.promise,
        close: end,
      };
    },
  };
  return { runtime: runtime as unknown as Runtime, asked, followers };
}

async function* untilAborted(signal: AbortSignal, followers: Set<AbortSignal>): AsyncGenerator<never> {
  followers.add(signal);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  followers.delete(signal);
}

/** An API server that allows nobody anything. */
const deny = { create: async () => ({ status: { allowed: false } }) } as never;

interface ServerAt {
  port: number;
  pki: Pki;
  asked: Asked;
  /** Who waits for events of the runtime. */
  followers: ReadonlySet<AbortSignal>;
  log: string;
  /** A connection as the API server of the same process has it. */
  enter(): Duplex;
}

async function withServer(use: (at: ServerAt) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'kubelet-server-'));
  const log = path.join(directory, 'container.log');
  writeFileSync(log, '');
  const pki = await ensurePki(directory, { nodeName: 'node-1', names: [], ips: ['127.0.0.1'], clock: systemClock });
  const { runtime, asked, followers } = echoRuntime(log);
  const worker = { pod: () => podObject('web', { metadata: { uid: 'u1' } }) };
  const door: { take?: (connection: Duplex) => void } = {};
  const enter = () => {
    const [near, far] = duplexPair();
    near.once('close', () => far.destroy());
    door.take?.(far);
    return near;
  };
  const server = createKubeletServer({
    runtime,
    door: {
      open: (take) => Object.assign(door, { take }),
      close: () => delete door.take,
    },
    clock: systemClock,
    log: silentLogger,
    workers: { byName: (_: string, name: string) => (name === 'web' ? worker : undefined) } as never,
    access: createAccess({ client: deny, clock: systemClock, nodeName: 'node-1' }),
    nodeEndpoint: (place) =>
      place === '/healthz'
        ? async (context) => {
            context.body = 'ok';
          }
        : undefined,
    tls: { ...pki.kubeletServing, ca: pki.ca.cert },
    port: 0,
    bindAddress: '127.0.0.1',
  });
  await server.start();
  try {
    await use({ port: (server.address() as AddressInfo).port, pki, asked, followers, log, enter });
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const tlsOf = (pki: Pki) => ({ ...pki.apiserverKubeletClient, ca: pki.ca.cert, rejectUnauthorized: false });

/** Opens, lets `speak` send, and collects the text of each channel until the server closes. */
async function converse(url: string, at: { pki: Pki; protocol: string }, speak: (socket: WebSocket) => void) {
  const socket = new WebSocket(url, [at.protocol], tlsOf(at.pki));
  const received: Record<number, string> = {};
  socket.on('message', (data: Buffer, isBinary) => {
    const channel = isBinary ? (data[0] as number) : Number(data.toString()[0]);
    const body = isBinary ? data.subarray(1).toString('latin1') : atob(data.toString().slice(1));
    received[channel] = (received[channel] ?? '') + body;
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  speak(socket);
  const code = await new Promise<number>((resolve) => socket.once('close', resolve));
  return { received, code, protocol: socket.protocol };
}

test('exec over v5: input, its end, resizing, output and the exit code', () =>
  withServer(async ({ port, pki, asked }) => {
    const url = `wss://127.0.0.1:${port}/exec/default/web/main?command=sh&command=7&input=1&output=1&error=1`;
    const { received, code, protocol } = await converse(url, { pki, protocol: 'v5.channel.k8s.io' }, (socket) => {
      socket.send(Buffer.from([4, ...Buffer.from('{"Width":80,"Height":24}')]));
      socket.send(Buffer.from([0, ...Buffer.from('hello')]));
      socket.send(Buffer.from([255, 0]));
    });
    assert.equal(protocol, 'v5.channel.k8s.io');
    assert.equal(code, 1000);
    assert.deepEqual(asked, { command: ['sh', '7'], stdin: 'hello', resized: ['80x24'] });
    assert.equal(received[1], 'hello');
    assert.equal(received[2], 'bye');
    assert.deepEqual(JSON.parse(received[3] as string), {
      metadata: {},
      status: 'Failure',
      message: 'command terminated with non-zero exit code: exit status 7',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
  }));

for (const protocol of ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io']) {
  test(`exec over ${protocol} tells success as a Status`, () =>
    withServer(async ({ port, pki }) => {
      const url = `wss://127.0.0.1:${port}/exec/default/web/main?command=true&stdout=true&stderr=true`;
      const { received } = await converse(url, { pki, protocol }, () => undefined);
      assert.deepEqual(JSON.parse(received[3] as string), { metadata: {}, status: 'Success' });
      assert.equal(received[2], 'bye');
    }));
}

test('an exec that cannot start is a Failure on the status channel', () =>
  withServer(async ({ port, pki }) => {
    const url = `wss://127.0.0.1:${port}/exec/default/web/main?command=absent&stdout=true`;
    const { received } = await converse(url, { pki, protocol: 'v5.channel.k8s.io' }, () => undefined);
    const status = JSON.parse(received[3] as string) as { message: string; reason: string };
    assert.equal(status.reason, 'InternalError');
    assert.match(status.message, /error executing command in container: no such file: absent/);
  }));

test('a port is forwarded on two channels that begin with its number', () =>
  withServer(async ({ port, pki }) => {
    const url = `wss://127.0.0.1:${port}/portForward/default/web?port=8080`;
    const { received } = await converse(url, { pki, protocol: 'v4.channel.k8s.io' }, (socket) => {
      socket.send(Buffer.from([0, ...Buffer.from('ping')]));
      socket.on('message', (data: Buffer) => data.toString().includes('ping') && socket.close());
    });
    assert.equal(received[0], '\x90\x1fping');
    assert.equal(received[1], '\x90\x1f');
  }));

/** Asks for SPDY/3.1; the connection, or the code and text of the refusal. */
const upgradeToSpdy = (url: string, at: { pki: Pki; protocols: string[] }) =>
  new Promise<{ protocol?: string; socket?: Duplex; refusal?: string }>((resolve, reject) => {
    const headers = { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': at.protocols };
    const asking = request(url, { method: 'POST', headers, ...tlsOf(at.pki) });
    asking.on('upgrade', (response, socket) =>
      resolve({ protocol: String(response.headers['x-stream-protocol-version']), socket }),
    );
    asking.on('response', async (response) => resolve({ refusal: `${response.statusCode} ${await text(response)}` }));
    asking.on('error', reject).end();
  });

test('exec for clients that upgrade to SPDY', () =>
  withServer(async ({ port, pki, asked }) => {
    const url = `https://127.0.0.1:${port}/exec/default/web/main?command=sh&command=7&input=1&output=1`;
    const { protocol, socket } = await upgradeToSpdy(url, { pki, protocols: ['v4.channel.k8s.io', 'channel.k8s.io'] });
    assert.equal(protocol, 'v4.channel.k8s.io');
    const client = spdyClient(socket as Duplex);
    const error = await client.open({ streamType: 'error' });
    const stdin = await client.open({ streamType: 'stdin' });
    const stdout = await client.open({ streamType: 'stdout' });
    stdin.write('hello');
    stdin.end();
    assert.equal(await stdout.whole(), 'hello');
    assert.match(await error.whole(), /"reason":"ExitCode","message":"7"/);
    assert.deepEqual(asked.command, ['sh', '7']);
    client.close();
  }));

test('SPDY with protocols of streams that are not spoken here is refused', () =>
  withServer(async ({ port, pki }) => {
    const url = `https://127.0.0.1:${port}/portForward/default/web`;
    const { refusal } = await upgradeToSpdy(url, { pki, protocols: ['other.k8s.io'] });
    assert.equal(
      refusal,
      '403 unable to upgrade: unable to negotiate protocol: client supports [other.k8s.io], server accepts [portforward.k8s.io]',
    );
    assert.match((await upgradeToSpdy(url, { pki, protocols: [] })).refusal ?? '', /^400 unable to upgrade/);
  }));

/** By hand, as ws refuses to ask for a protocol with a slash in its name: messages of up to 65,535 bytes. */
async function openTunnel(url: string, pki: Pki): Promise<Duplex> {
  const protocol = 'SPDY/3.1+portforward.k8s.io';
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
    'Sec-WebSocket-Protocol': protocol,
  };
  const asking = request(url, { headers, ...tlsOf(pki) }).end();
  const [response, socket] = (await once(asking, 'upgrade')) as [{ headers: Record<string, string> }, Duplex];
  assert.equal(response.headers['sec-websocket-protocol'], protocol);
  let waiting = Buffer.alloc(0);
  const tunnel = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      const head = Buffer.from([0x82, 0xfe, chunk.length >> 8, chunk.length & 0xff, 0, 0, 0, 0]); // the mask is zero
      socket.write(Buffer.concat([head, chunk]), done);
    },
    final: (done) => void socket.end(done),
  });
  socket.on('error', (error) => tunnel.destroy(error));
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= 2 && waiting.length >= 2 + (waiting[1] as number)) {
      const end = 2 + (waiting[1] as number);
      if (waiting[0] === 0x82) tunnel.push(waiting.subarray(2, end));
      waiting = waiting.subarray(end);
    }
  });
  return tunnel;
}

test('ports are forwarded over SPDY inside a WebSocket', () =>
  withServer(async ({ port, pki }) => {
    const client = spdyClient(await openTunnel(`https://127.0.0.1:${port}/portForward/default/web`, pki));
    const headers = { port: '8080', requestID: '0' };
    const error = await client.open({ ...headers, streamType: 'error' }, { fin: true });
    const data = await client.open({ ...headers, streamType: 'data' });
    data.write('ping');
    data.end();
    assert.equal(await data.whole(), 'ping');
    assert.equal(await error.whole(), '');
    client.close();
  }));

test('only the API server and administrators are let in', () =>
  withServer(async ({ port, pki }) => {
    const get = (tls: object) =>
      new Promise<number | string>((resolve) => {
        request(
          { host: '127.0.0.1', port, path: '/healthz', ca: pki.ca.cert, checkServerIdentity: () => undefined, ...tls },
          (r) => resolve(r.resume().statusCode as number),
        )
          .on('error', () => resolve('refused'))
          .end();
      });
    assert.equal(await get(pki.apiserverKubeletClient), 200);
    assert.equal(await get(pki.adminClient), 200);
    assert.equal(await get(pki.kubeletClient), 403);
    assert.equal(await get({}), 401);
  }));

test('logs of a container, and 404 for a container that is not in the pod', () =>
  withServer(async ({ port, pki, log }) => {
    writeFileSync(log, line(0, 'one\n') + line(1, 'two\n'));
    const get = (place: string) =>
      new Promise<string>((resolve, reject) => {
        request({ host: '127.0.0.1', port, path: place, ...tlsOf(pki) }, async (r) =>
          resolve(`${r.statusCode} ${await text(r)}`),
        )
          .on('error', reject)
          .end();
      });
    assert.equal(await get('/containerLogs/default/web/main?tailLines=1'), '200 two\n');
    assert.equal(await get('/containerLogs/default/web/other'), '404 container "other" not found in pod "web"');
    assert.equal(await get('/containerLogs/default/gone/main'), '404 pod "gone" not found');
    assert.match(await get('/containerLogs/default/web/main?tailLines=x'), /^400 Unable to decode query: tailLines/);
  }));

test('who comes from within the process is asked for no certificate, and a log ends when he goes', () =>
  withServer(async ({ enter, log, followers }) => {
    writeFileSync(log, line(0, 'one\n'));
    const get = async (place: string) => {
      const asking = requestWithin({ path: place, createConnection: enter }).end();
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      return { asking, response };
    };
    const { response } = await get('/containerLogs/default/web/main');
    assert.deepEqual([response.statusCode, await text(response)], [200, 'one\n']);
    const refused = await get('/containerLogs/default/gone/main');
    assert.deepEqual([refused.response.statusCode, await text(refused.response)], [404, 'pod "gone" not found']);
    const following = requestWithin({ path: '/containerLogs/default/web/main?follow=true', createConnection: enter });
    const [followed] = (await once(following.end(), 'response')) as [IncomingMessage];
    await once(followed, 'data');
    assert.equal(followers.size, 1);
    followed.on('error', () => undefined); // it is cut off
    following.destroy();
    await eventually('the log is no longer followed', () => followers.size === 0);
  }));

const line = (second: number, log: string) =>
  `${JSON.stringify({ log, stream: 'stdout', time: `2026-01-01T00:00:0${second}.000000000Z` })}\n`;
