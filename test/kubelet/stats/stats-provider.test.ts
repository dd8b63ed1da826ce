import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Cgroups } from '../../../src/kubelet/cgroups/cgroups.ts';
import type { ContainerStatus } from '../../../src/kubelet/cri/runtime.ts';
import { createStatsProvider } from '../../../src/kubelet/stats/stats-provider.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { podObject } from '../../support/objects.ts';

const MEMORY = { usageBytes: 300, workingSetBytes: 200, rssBytes: 100, pageFaults: 7, majorPageFaults: 1 };
const TIME = { total: 9, avg10: 1, avg60: 2, avg300: 3 };
const WAIT = { some: TIME, full: TIME };
const FILES: Record<string, string> = {
  '/proc/meminfo': 'MemTotal: 1000 kB\nMemFree: 400 kB\nInactive(file): 100 kB\n',
  '/proc/loadavg': '0 0 0 1/50 7\n',
  '/proc/sys/kernel/pid_max': '1000',
  '/proc/sys/kernel/threads-max': '2000',
  '/proc/self/net/dev': ' eth0: 5 0 0 0 0 0 0 0 6 0 0 0 0 0 0 0\n',
  '/proc/self/net/route': 'Iface\tDestination\n',
  '/proc/77/net/dev': ' eth0: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n',
  '/proc/77/net/route': 'Iface\tDestination\neth0\t00000000\n',
};

describe('the summary', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'stats-'));
    mkdirSync(path.join(folder, 'u1/volumes/kubernetes.io~empty-dir/data'), { recursive: true });
    writeFileSync(path.join(folder, 'u1/volumes/kubernetes.io~empty-dir/data/file'), Buffer.alloc(50_000, 1));
    writeFileSync(path.join(folder, 'main.log'), 'x'.repeat(1000));
    writeFileSync(path.join(folder, 'main.log.1'), 'x'.repeat(500));
    writeFileSync(path.join(folder, 'other.log'), 'x'.repeat(9000));
  });
  after(() => rmSync(folder, { recursive: true }));

  function provider(options: { withGroups?: boolean; hostNetwork?: boolean } = {}) {
    const clock = fakeClock();
    const pods = [
      podObject('web', {
        metadata: { uid: 'u1' },
        spec: {
          hostNetwork: options.hostNetwork ?? false,
          volumes: [
            { name: 'data', emptyDir: {} },
            { name: 'host', hostPath: { path: '/' } },
            { name: 'not-made', emptyDir: {} },
          ],
        },
        status: { startTime: '2026-01-01T00:00:00Z' },
      }),
      podObject('ended', { metadata: { uid: 'u2' } }),
    ];
    const status = {
      id: 'c1',
      name: 'main',
      pod: { uid: 'u1', name: 'web', namespace: 'default' },
      state: 'running',
      startedAt: clock.now(),
      logPath: path.join(folder, 'main.log'),
      resources: { memoryLimitBytes: 1000 },
    } as ContainerStatus;
    const usage = { cpu: { usageNanoseconds: 5e9 }, memory: MEMORY, processes: 4, pressure: { cpu: WAIT, io: WAIT } };
    const cgroups = {
      version: 1,
      usage: (cgroup: string) => (cgroup === '/none' ? undefined : usage),
      processes: () => [77],
    } as unknown as Cgroups;
    const stats = createStatsProvider({
      runtime: {
        listContainers: async () => [status, { ...status, id: 'c0', state: 'exited' }],
        listContainerStats: async () => [
          {
            id: 'c1',
            at: clock.now(),
            cpu: { usageNanoseconds: clock.monotonic() * 1e5 },
            memory: MEMORY,
            pressure: { memory: WAIT },
            writableLayer: { usedBytes: 4096, inodesUsed: 3 },
          },
        ],
        imageFilesystem: async () => ({ mountpoint: folder, usedBytes: 12_345, inodesUsed: 6 }),
      },
      clock,
      nodeName: 'node-1',
      pods: () => pods,
      nodeDir: folder,
      podDirectory: (uid) => path.join(folder, uid),
      claimedPlaces: () => [
        { name: 'claimed', claim: 'disk', path: folder },
        { name: 'again', claim: 'disk', path: folder },
        { name: 'gone', claim: 'gone', path: path.join(folder, 'gone') },
      ],
      read: (file) => FILES[file] as string,
      ...(options.withGroups === false
        ? {}
        : { groups: { cgroups, pods: { root: '/pods', pathOf: () => '/pods/podu1' } } }),
    });
    return { stats, clock };
  }

  test('has the node: memory, disks, processes, network, and the groups of the system', async () => {
    const { node } = await provider().stats.summary();
    assert.deepEqual(
      [node.memory?.usageBytes, node.memory?.workingSetBytes, node.memory?.availableBytes],
      [614_400, 512_000, 512_000],
    );
    assert.deepEqual([node.rlimit?.maxpid, node.rlimit?.curproc], [1000, 50]);
    assert.deepEqual([node.runtime?.imageFs.usedBytes, node.runtime?.imageFs.inodesUsed], [12_345, 6]);
    assert.ok((node.fs?.capacityBytes ?? 0) > 0);
    assert.deepEqual([node.network?.name, node.network?.rxBytes, node.network?.txBytes], ['eth0', 5, 6]);
    assert.deepEqual(
      node.systemContainers?.map(({ name }) => name),
      ['kubelet', 'pods'],
    );
    assert.equal(node.cpu?.usageCoreNanoSeconds, 5e9);
    assert.deepEqual([node.cpu?.psi, node.memory?.psi, node.io?.psi], [WAIT, undefined, WAIT]);
  });

  test('has running pods: their group, network, volumes, containers with files and logs', async () => {
    const { pods } = await provider().stats.summary();
    assert.deepEqual(
      pods.map(({ podRef }) => podRef),
      [{ name: 'web', namespace: 'default', uid: 'u1' }],
    );
    const [pod] = pods;
    assert.deepEqual(
      [pod?.cpu?.usageCoreNanoSeconds, pod?.memory?.workingSetBytes, pod?.process_stats],
      [5e9, 200, { process_count: 4 }],
    );
    assert.deepEqual([pod?.network?.rxBytes, pod?.network?.txBytes], [1, 2]);
    assert.deepEqual(
      pod?.volume?.map(({ name, pvcRef }) => [name, pvcRef?.name]),
      [
        ['data', undefined],
        ['claimed', 'disk'],
        ['again', 'disk'],
      ],
    );
    assert.deepEqual(
      (await provider().stats.claims()).map(({ pvcRef }) => pvcRef),
      [{ name: 'disk', namespace: 'default' }],
    );
    const { blocks, bsize } = statfsSync(folder);
    assert.equal(pod?.volume?.[1]?.capacityBytes, blocks * bsize);
    assert.deepEqual([pod?.cpu?.psi, pod?.memory?.psi, pod?.io?.psi], [WAIT, undefined, WAIT]);
    const [container] = pod?.containers ?? [];
    assert.deepEqual([container?.cpu?.psi, container?.memory?.psi, container?.io], [undefined, WAIT, undefined]);
    assert.equal(container?.memory?.availableBytes, 800);
    assert.deepEqual(
      [container?.rootfs?.usedBytes, container?.logs?.usedBytes, container?.logs?.inodesUsed],
      [4096, 1500, 2],
    );
    const ephemeral = pod?.['ephemeral-storage']?.usedBytes ?? 0;
    assert.equal(ephemeral, 4096 + 1500 + (pod?.volume?.[0]?.usedBytes ?? 0));
    assert.ok(ephemeral > 55_000);
  });

  test('tells a rate from the second time on', async () => {
    const { stats, clock } = provider();
    const rateOf = async () =>
      (await stats.summary({ onlyCpuAndMemory: true })).pods[0]?.containers[0]?.cpu?.usageNanoCores;
    assert.equal(await rateOf(), undefined);
    await clock.advance(2000);
    assert.equal(await rateOf(), 1e8);
  });

  test('leaves disks and networks out when it is asked for less', async () => {
    const { node, pods } = await provider().stats.summary({ onlyCpuAndMemory: true });
    assert.deepEqual(
      [node.fs, node.network, pods[0]?.volume, pods[0]?.containers[0]?.logs],
      [undefined, undefined, undefined, undefined],
    );
  });

  test('without groups a pod is the sum of its containers; one in the host’s network has none of its own', async () => {
    const { pods } = await provider({ withGroups: false }).stats.summary();
    assert.equal(pods[0]?.memory?.workingSetBytes, 200);
    const inHost = await provider({ hostNetwork: true }).stats.summary();
    assert.equal(inHost.pods[0]?.network, undefined);
  });
});
