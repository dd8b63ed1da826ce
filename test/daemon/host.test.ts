import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type NetworkInterfaceInfo, tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { nodeAddress } from '../../src/daemon/addresses.ts';
import { checkHost, findProgram } from '../../src/daemon/check.ts';
import { loadConfig } from '../../src/daemon/config.ts';
import {
  defaultDevice,
  hostAddress,
  listeningInodes,
  portHolder,
  rememberedHostAddress,
} from '../../src/daemon/host.ts';
import {
  askControl,
  readRunState,
  removeRunState,
  serveControl,
  untilEnd,
  writeRunState,
} from '../../src/daemon/run-state.ts';
import { fakeClock } from '../support/fake-clock.ts';

const ROUTES = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask
wlan0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF
`;

async function listening() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as { port: number }).port, [Symbol.dispose]: () => void server.close() };
}

describe('the host', () => {
  test('the default route with the lowest metric counts', () => assert.equal(defaultDevice(ROUTES), 'eth0'));
  const own = (address: string) => [{ address, family: 'IPv4', internal: false }] as NetworkInterfaceInfo[];
  const loopback = { lo: [{ address: '127.0.0.1', family: 'IPv4', internal: true }] as NetworkInterfaceInfo[] };
  test('the address is looked for once a second', async () => {
    const clock = fakeClock();
    const found = ['192.0.2.1', undefined, '192.0.2.2'];
    const address = rememberedHostAddress(clock, () => found.shift());
    assert.deepEqual([address(), address()], ['192.0.2.1', '192.0.2.1']);
    await clock.advance(1_000);
    assert.deepEqual([address(), address()], [undefined, undefined]);
    await clock.advance(1_000);
    assert.equal(address(), '192.0.2.2');
  });
  test('the address of the default route counts, bridges of containers never', () => {
    const links = { ...loopback, docker0: own('172.17.0.1'), wlan0: own('192.0.2.8'), eth0: own('192.0.2.9') };
    assert.equal(hostAddress(ROUTES, links), '192.0.2.9');
    assert.equal(hostAddress('Iface\n', links), '192.0.2.8');
  });
  test('a host in no network goes by an address of the cluster’s own', () => {
    const config = loadConfig({ flags: {}, env: {} });
    assert.equal(hostAddress('Iface\n', { ...loopback, docker0: own('172.17.0.1') }), undefined);
    assert.equal(nodeAddress(config, undefined), '10.43.0.10');
    assert.equal(nodeAddress(config, '192.0.2.9'), '192.0.2.9');
    assert.equal(nodeAddress({ ...config, 'advertise-address': '192.0.2.1' }, '192.0.2.9'), '192.0.2.1');
  });

  test('who holds a port is named', async () => {
    using held = await listening();
    assert.deepEqual(portHolder(held.port)?.pid, process.pid);
  });
  test('only listeners of exactly that port count', () => {
    const table = 'h\n 0: 0100007F:1F90 00000000:0000 0A 0 0 0 0 0 77\n 1: 0100007F:1F90 0:0 01 0 0 0 0 0 78\n';
    assert.deepEqual(listeningInodes(table, 8080), ['77']);
    assert.deepEqual(listeningInodes(table, 8081), []);
  });

  test('a taken port is told with its holder and the way out', async () => {
    using held = await listening();
    const config = loadConfig({ flags: { components: 'apiserver', port: String(held.port) }, env: {} });
    const finding = checkHost(config).find((f) => f.name === 'API port');
    assert.equal(finding?.ok, false);
    assert.match(
      finding?.message ?? '',
      new RegExp(`port ${held.port} of the API is taken by .+ \\(process ${process.pid}\\).*--port`),
    );
  });
  test('the API alone needs neither root nor programs', () => {
    const config = loadConfig({ flags: { components: 'apiserver' }, env: {} });
    assert.deepEqual(
      checkHost(config).map((f) => f.name),
      ['API port'],
    );
  });
  test('every program that the runtime starts is looked for before it is needed', () => {
    const names = checkHost(loadConfig({ flags: { components: 'kubelet' }, env: {} })).map((f) => f.name);
    const started = [
      'containerd',
      'runc',
      'nerdctl',
      'unshare',
      'nsenter',
      'mount',
      'umount',
      'mkfifo',
      'script',
      'stty',
    ];
    for (const program of started) assert.ok(names.includes(program), program);
  });
  test('programs are found in PATH', () => {
    assert.equal(findProgram('node', path.dirname(process.execPath)), process.execPath);
    assert.equal(findProgram('no-such-program', '/nowhere'), undefined);
  });
});

describe('run state', () => {
  const withFolder = async (fn: (folder: string) => Promise<void>) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tsukube-run-'));
    try {
      await fn(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  test('a file of a process that is no server is nobody', () =>
    withFolder(async (folder) => {
      writeRunState(folder, { pid: process.pid, dataDir: '/d', port: 1, containerd: '' });
      assert.equal(readRunState(folder), undefined);
      writeFileSync(path.join(folder, 'server.json'), '{');
      assert.equal(readRunState(folder), undefined);
      assert.equal(readRunState(path.join(folder, 'server.json')), undefined);
      removeRunState(folder);
    }));

  test('the socket answers, and its end is seen', () =>
    withFolder(async (folder) => {
      const server = await serveControl(folder, {
        status: () => ({ ok: true }),
        broken: () => {
          throw new Error('not now');
        },
      });
      assert.deepEqual(await askControl(folder, 'status'), { ok: true });
      await assert.rejects(askControl(folder, 'broken'), /not now/);
      const end = untilEnd(folder);
      await askControl(folder, 'status');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await end;
      await assert.rejects(askControl(folder, 'status'));
      await untilEnd(folder);
    }));

  test('the socket tells progress while it works, and an end before the answer is an error', () =>
    withFolder(async (folder) => {
      const begun = Promise.withResolvers<void>();
      const server = await serveControl(folder, {
        count: async ({ query, tell }) => {
          for (let n = 1; n <= Number(query.get('to')); n++) tell({ n });
          return 'counted';
        },
        endless: ({ tell }) => {
          tell('begun');
          return new Promise(() => undefined);
        },
      });
      const told: unknown[] = [];
      const options = { query: { to: '3' }, onProgress: (progress: unknown) => told.push(progress) };
      assert.equal(await askControl(folder, 'count', options), 'counted');
      assert.deepEqual(told, [{ n: 1 }, { n: 2 }, { n: 3 }]);
      const asked = askControl(folder, 'endless', { onProgress: () => begun.resolve() });
      asked.catch(() => undefined); // looked at below
      await begun.promise;
      server.closeAllConnections();
      await assert.rejects(asked, /the server ended before it had answered/);
      await new Promise((resolve) => server.close(resolve));
    }));
});
