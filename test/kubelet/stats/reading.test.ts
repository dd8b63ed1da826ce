import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { isSameFilesystem, roomOf, usageOfFolder } from '../../../src/kubelet/stats/disk-usage.ts';
import { nodeUsage } from '../../../src/kubelet/stats/node-usage.ts';
import { defaultInterface, parseInterfaces } from '../../../src/kubelet/stats/proc.ts';
import { createRates } from '../../../src/kubelet/stats/rates.ts';

describe('what a folder takes', () => {
  const inFolder = async (use: (folder: string) => Promise<void>) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'du-'));
    try {
      await use(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('blocks of files below it, each inode once, links not followed', () =>
    inFolder(async (folder) => {
      const empty = await usageOfFolder(folder);
      mkdirSync(path.join(folder, 'below'));
      writeFileSync(path.join(folder, 'below/file'), Buffer.alloc(100_000, 1));
      linkSync(path.join(folder, 'below/file'), path.join(folder, 'same'));
      symlinkSync('/', path.join(folder, 'elsewhere'));
      const { usedBytes, inodesUsed } = await usageOfFolder(folder);
      assert.equal(inodesUsed - empty.inodesUsed, 3);
      const used = usedBytes - empty.usedBytes;
      assert.ok(used >= 100_000 && used < 130_000, String(used));
    }));

  test('nothing when it is not there', async () => {
    assert.deepEqual(await usageOfFolder('/none/at/all'), { usedBytes: 0, inodesUsed: 0 });
  });

  test('and the file system it is on', async () => {
    const room = await roomOf(os.tmpdir());
    assert.ok(room.capacityBytes >= room.usedBytes && room.usedBytes > 0 && room.inodes >= room.inodesFree);
    assert.equal(await isSameFilesystem('/proc', '/proc/sys'), true);
    assert.equal(await isSameFilesystem('/proc', os.tmpdir()), false);
  });
});

test('memory in use is all but what is free; the working set leaves out files that are not in use', async () => {
  const files: Record<string, string> = {
    '/proc/meminfo': 'MemTotal:  1000 kB\nMemFree:  300 kB\nInactive(file):  200 kB\nHugePages_Total:  0\n',
    '/proc/loadavg': '1.36 3.49 4.53 2/3518 3715089\n',
    '/proc/sys/kernel/pid_max': '32768\n',
    '/proc/sys/kernel/threads-max': '20000\n',
  };
  const read = (file: string) => files[file] as string;
  const usage = await nodeUsage({ now: 5, nodeDir: '/', imageDir: '/', read });
  assert.deepEqual(usage.memory, {
    capacityBytes: 1_024_000,
    usageBytes: 716_800,
    workingSetBytes: 512_000,
    availableBytes: 512_000,
  });
  assert.deepEqual(usage.processes, { max: 20_000, running: 3518 });
  assert.ok(usage.nodeFs.capacityBytes > 0);
});

test('interfaces without the loopback device, and that of the default route', () => {
  const devices = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0: 1000       5    2    0    0     0          0         0     2000       6    3    0    0     0       0          0
`;
  assert.deepEqual(parseInterfaces(devices), [
    { name: 'eth0', rxBytes: 1000, rxErrors: 2, txBytes: 2000, txErrors: 3 },
  ]);
  const routes = 'Iface\tDestination\tGateway\ncni0\t00002A0A\t0\neth0\t00000000\t0100000A\n';
  assert.equal(defaultInterface(routes), 'eth0');
  assert.equal(defaultInterface('Iface\tDestination\n'), undefined);
});

test('a rate is known from the second sample on, and anew after the counter began anew', () => {
  const rates = createRates();
  assert.equal(rates.of('a', { usageNanoseconds: 1e9, at: 0 }), undefined);
  assert.equal(rates.of('a', { usageNanoseconds: 2e9, at: 2000 }), 5e8, 'half a core');
  assert.equal(rates.of('a', { usageNanoseconds: 3e9, at: 2100 }), 5e8, 'too close');
  assert.equal(rates.of('a', { usageNanoseconds: 0, at: 4000 }), undefined);
  rates.prune();
  rates.of('b', { usageNanoseconds: 1, at: 5000 });
  rates.prune();
  assert.equal(rates.of('a', { usageNanoseconds: 1e9, at: 6000 }), undefined, 'forgotten');
  assert.equal(rates.of('b', { usageNanoseconds: 1e9 + 1, at: 6000 }), 1e9);
});
