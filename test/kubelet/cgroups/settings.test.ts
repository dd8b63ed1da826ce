import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cpuWeight, filesOf } from '../../../src/kubelet/cgroups/settings.ts';

describe('settings of a control group', () => {
  const lines = (...[settings, version]: Parameters<typeof filesOf>) =>
    filesOf(settings, version).map(({ controller, name, value }) => `${controller}/${name}=${value}`);
  const all = { cpuShares: 1024, cpuQuota: 50_000, memoryLimitBytes: 1000, pidsLimit: 7 };
  const none = { cpuQuota: -1, memoryLimitBytes: -1, pidsLimit: -1 };

  test('version 1 has a file by controller', () => {
    assert.deepEqual(lines(all, 1), [
      'cpu/cpu.shares=1024',
      'cpu/cpu.cfs_period_us=100000',
      'cpu/cpu.cfs_quota_us=50000',
      'memory/memory.limit_in_bytes=1000',
      'pids/pids.max=7',
    ]);
    assert.deepEqual(lines(none, 1), [
      'cpu/cpu.cfs_period_us=100000',
      'cpu/cpu.cfs_quota_us=-1',
      'memory/memory.limit_in_bytes=-1',
      'pids/pids.max=max',
    ]);
  });

  test('version 2 has weights and the word max', () => {
    assert.deepEqual(lines(all, 2), [
      'cpu/cpu.weight=100',
      'cpu/cpu.max=50000 100000',
      'memory/memory.max=1000',
      'pids/pids.max=7',
    ]);
    assert.deepEqual(lines(none, 2), ['cpu/cpu.max=max 100000', 'memory/memory.max=max', 'pids/pids.max=max']);
  });

  test('what is not there is not written', () => {
    assert.deepEqual([...lines({}, 1), ...lines({}, 2)], []);
  });

  test('shares become weights as opencontainers/cgroups v0.0.6 turns them', () => {
    const shares = [2, 3, 102, 512, 1024, 2048, 262_144];
    assert.deepEqual(shares.map(cpuWeight), [1, 2, 17, 59, 100, 174, 10_000]);
  });
});
