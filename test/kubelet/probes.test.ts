import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Container, Probe } from '../../src/api/types/core/v1.ts';
import { sleep, systemClock } from '../../src/clock.ts';
import { type ContainerStatus, RuntimeError } from '../../src/kubelet/cri/runtime.ts';
import { recordOf } from '../../src/kubelet/pod-record.ts';
import { tryProbe } from '../../src/kubelet/probes/action.ts';
import { createBeats } from '../../src/kubelet/probes/beats.ts';
import { createProber } from '../../src/kubelet/probes/prober.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { podObject } from '../support/objects.ts';

/** A prober whose tries have the outcomes given, one after another; the last one stays. */
function bed(container: Partial<Container>, outcomes: Record<string, boolean[]>, { tryMs = 0 } = {}) {
  const clock = fakeClock();
  const took = () => (tryMs > 0 ? sleep(clock, tryMs) : undefined);
  const tries: string[] = [];
  const told: string[] = [];
  let changes = 0;
  const spec: Container = { name: 'main', ...container };
  const prober = createProber({
    clock,
    beats: createBeats(clock),
    runtime: { execSync: () => assert.fail() },
    events: { event: (_, type, reason, message) => void told.push(`${type} ${reason} ${message}`) },
    changed: () => {
      changes++;
      track();
    },
    attempt: async (probe) => {
      const kind = (['startup', 'liveness', 'readiness'] as const).find((k) => spec[`${k}Probe`] === probe) ?? '';
      tries.push(kind);
      const left = outcomes[kind] ?? [];
      const ok = (left.length > 1 ? left.shift() : left[0]) ?? true;
      await took();
      return { ok, output: ok ? '' : 'no' };
    },
  });
  const pod = podObject('p', { spec: { containers: [spec] } });
  const status = { id: 'c1', name: 'main', attempt: 0, createdAt: 0, state: 'running', startedAt: clock.now() };
  const track = (state = 'running') =>
    prober.track(pod, recordOf([], [{ ...status, state } as ContainerStatus]), '127.0.0.1');
  track();
  return { clock, prober, tries, told, spec, track, changes: () => changes };
}

const every = (seconds: number, more: Probe = {}): Probe => ({ periodSeconds: seconds, ...more });

test('readiness follows its thresholds both ways', async () => {
  const readinessProbe = every(10, { successThreshold: 2, failureThreshold: 2 });
  const { clock, prober, spec, told } = bed({ readinessProbe }, { readiness: [true, true, false, true, false, false] });
  const ready: boolean[] = [];
  for (let i = 0; i < 6; i++) {
    await clock.advance(i === 0 ? 0 : 10_000);
    ready.push(prober.isReady('c1', spec));
  }
  assert.deepEqual(ready, [false, true, true, true, true, false]);
  assert.equal(told[0], 'Warning Unhealthy Readiness probe failed: no');
});

test('liveness fails after its threshold and is not tried again for that container', async () => {
  const { clock, prober, tries } = bed({ livenessProbe: every(5, { failureThreshold: 3 }) }, { liveness: [false] });
  await clock.advance(9000);
  assert.equal(prober.liveness('c1'), 'success');
  await clock.advance(1000);
  assert.equal(prober.liveness('c1'), 'failure');
  await clock.advance(60_000);
  assert.equal(tries.length, 3);
});

test('the other probes wait for the startup probe', async () => {
  const probes = { startupProbe: every(5), livenessProbe: every(5), readinessProbe: every(5) };
  const { clock, prober, spec, tries } = bed(probes, { startup: [false, true] });
  await clock.advance(4999);
  assert.deepEqual(tries, ['startup']);
  assert.equal(prober.hasStarted('c1', spec), false);
  await clock.advance(1);
  assert.equal(prober.hasStarted('c1', spec), true);
  assert.deepEqual(tries.toSorted(), ['liveness', 'readiness', 'startup', 'startup']);
});

test('the first try waits for the initial delay', async () => {
  const { clock, tries } = bed({ livenessProbe: every(5, { initialDelaySeconds: 30 }) }, {});
  await clock.advance(29_999);
  assert.equal(tries.length, 0);
  await clock.advance(1);
  assert.equal(tries.length, 1);
});

for (const { tryMs, expected } of [
  { tryMs: 400, expected: [0, 1000, 2000, 3000, 4000] },
  { tryMs: 1200, expected: [0, 1200, 2400, 3600, 4800] },
  { tryMs: 2300, expected: [0, 2300, 4600] },
]) {
  test(`tries of ${tryMs} ms are a period apart where they can be, and never two at once`, async () => {
    const { clock, tries } = bed({ livenessProbe: every(1) }, {}, { tryMs });
    const begun: number[] = [];
    for (let ms = 0; ms <= 4900; ms += 100) {
      await clock.advance(ms === 0 ? 0 : 100);
      while (begun.length < tries.length) begun.push(ms);
    }
    assert.deepEqual(begun, expected);
  });
}

test('a container that has ended is not probed any more', async () => {
  const { clock, tries, track } = bed({ livenessProbe: every(5) }, {});
  await clock.advance(0);
  track('exited');
  await clock.advance(60_000);
  assert.equal(tries.length, 1);
});

async function withHttp(handler: RequestListener, use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const tryOne = (
  probe: Probe,
  ports: Container['ports'] = [],
  execSync: (id: string) => unknown = () => assert.fail(),
) =>
  tryProbe(
    probe,
    { containerId: 'c1', container: { name: 'main', ports }, host: '127.0.0.1' },
    { runtime: { execSync } as never, clock: systemClock },
  );

for (const { path, ok, output } of [
  { path: '/200', ok: true, output: 'body' },
  { path: '/399', ok: true, output: 'body' },
  { path: '/400', ok: false, output: 'HTTP probe failed with statuscode: 400' },
  { path: '/500', ok: false, output: 'HTTP probe failed with statuscode: 500' },
  { path: '/to/200', ok: true, output: 'body' },
  { path: '/to/503', ok: false, output: 'HTTP probe failed with statuscode: 503' },
]) {
  test(`an HTTP probe of ${path} is ${ok ? 'a success' : 'a failure'}`, () =>
    withHttp(
      (request, response) => {
        const url = request.url ?? '';
        if (url.startsWith('/to')) response.writeHead(302, { location: url.slice(3) }).end();
        else response.writeHead(Number(url.slice(1))).end('body');
      },
      async (port) => {
        const ports = [{ name: 'http', containerPort: port }];
        const result = await tryOne({ httpGet: { port: 'http', path } }, ports);
        assert.deepEqual({ ok: result.ok, output: result.output }, { ok, output });
      },
    ));
}

test('an HTTP probe sends its headers and says who it is', () =>
  withHttp(
    (request, response) => {
      const { host, 'user-agent': agent, 'x-a': own } = request.headers;
      response.end(`${host} ${agent} ${own}`);
    },
    async (port) => {
      const httpHeaders = [
        { name: 'Host', value: 'example.org' },
        { name: 'X-A', value: '1' },
      ];
      const { output } = await tryOne({ httpGet: { port, httpHeaders } });
      assert.equal(output, 'example.org kube-probe/1.36 1');
    },
  ));

test('a connection that is refused is told as Go tells it', async () => {
  const result = await tryOne({ httpGet: { port: 1, path: '/x' } });
  assert.equal(result.output, 'Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused');
  const tcp = await tryOne({ tcpSocket: { port: 1 } });
  assert.deepEqual(tcp, { ok: false, output: 'dial tcp 127.0.0.1:1: connect: connection refused' });
});

test('a TCP probe of an open port succeeds', () =>
  withHttp(
    () => undefined,
    async (port) => assert.equal((await tryOne({ tcpSocket: { port } })).ok, true),
  ));

test('a port that has no such name says nothing about the container', async () => {
  await assert.rejects(tryOne({ httpGet: { port: 'web' } }), {
    message: 'strconv.Atoi: parsing "web": invalid syntax',
  });
  await assert.rejects(tryOne({ tcpSocket: { port: 70_000 } }), { message: 'invalid port number: 70000' });
});

test('an exec probe fails by its exit code and by its time; one that cannot be made is no try', async () => {
  const ended = (exitCode: number) => async () => ({
    exitCode,
    stdout: Buffer.from('out'),
    stderr: Buffer.from('err'),
  });
  assert.deepEqual(await tryOne({ exec: { command: ['x'] } }, [], ended(0)), { ok: true, output: 'outerr' });
  assert.deepEqual(await tryOne({ exec: { command: ['x'] } }, [], ended(1)), { ok: false, output: 'outerr' });
  const broken = async () => Promise.reject(new Error('no such container'));
  await assert.rejects(tryOne({ exec: { command: ['x'] } }, [], broken), { message: 'no such container' });
  const late = async () => Promise.reject(new RuntimeError('ExecTimeout', 'late'));
  assert.deepEqual(await tryOne({ exec: { command: ['sleep', '9'] } }, [], late), {
    ok: false,
    output: 'command timed out: "sleep 9" timed out after 1s',
  });
});

for (const [health, ok] of [
  [1, true],
  [2, false],
] as const) {
  test(`a gRPC probe is ${ok ? 'a success' : 'a failure'} when the service answers ${health}`, async () => {
    const server = createHttp2Server();
    server.on('stream', (stream, headers) => {
      assert.equal(headers[':path'], '/grpc.health.v1.Health/Check');
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, health]));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const result = await tryOne({ grpc: { port: (server.address() as AddressInfo).port, service: 'web' } });
    assert.equal(result.ok, ok);
    server.close();
  });
}
