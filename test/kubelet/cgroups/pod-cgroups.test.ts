import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Pod } from '../../../src/api/types/core/v1.ts';
import { type Cgroups, openCgroups } from '../../../src/kubelet/cgroups/cgroups.ts';
import { createPodCgroups } from '../../../src/kubelet/cgroups/pod-cgroups.ts';
import { type Logger, silentLogger } from '../../../src/log.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { podObject } from '../../support/objects.ts';

describe('the groups of pods', () => {
  let folder: string;
  const clock = fakeClock();
  const told: string[] = [];
  const log = { ...silentLogger, warn: (_: object, text: string) => told.push(text) } as unknown as Logger;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'pods-'));
    for (const controller of ['cpu', 'cpuacct', 'memory', 'pids']) mkdirSync(path.join(folder, controller));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const text = (file: string) => readFileSync(path.join(folder, file), 'utf8');
  const groups = (change: Partial<Cgroups> = {}) =>
    createPodCgroups({
      cgroups: { ...openCgroups(folder, 1), ...change },
      root: '/node',
      allocatable: { cpuShares: 2048, memoryLimitBytes: 5000, pidsLimit: 300 },
      podPidsLimit: 100,
      clock,
      log,
    });
  const pod = (uid: string, requests?: Record<string, string>, limits?: Record<string, string>): Pod =>
    podObject(uid, {
      metadata: { uid },
      spec: { containers: [{ name: 'a', resources: { requests, limits } as never }] },
    });

  test('all pods together have what is allocatable; best effort ones have the least of the processor', () => {
    const all = groups();
    all.start();
    all.enforce();
    assert.equal(text('memory/node/kubepods/memory.limit_in_bytes'), '5000');
    assert.equal(text('pids/node/kubepods/pids.max'), '300');
    assert.equal(text('cpu/node/kubepods/cpu.shares'), '2048');
    assert.equal(text('cpu/node/kubepods/besteffort/cpu.shares'), '2');
    assert.equal(text('cpu/node/kubepods/burstable/cpu.shares'), '2');
  });

  test('a pod is in the group of its class, by its uid', () => {
    const all = groups();
    const half = { cpu: '500m', memory: '1Mi' };
    assert.equal(all.put(pod('g', half, half)), '/node/kubepods/podg');
    assert.equal(all.put(pod('b', half)), '/node/kubepods/burstable/podb');
    assert.equal(all.put(pod('e')), '/node/kubepods/besteffort/pode');
    assert.equal(text('memory/node/kubepods/podg/memory.limit_in_bytes'), String(1024 ** 2));
    assert.equal(text('pids/node/kubepods/besteffort/pode/pids.max'), '100');
  });

  test('burstable pods together weigh what they ask for, as they come and go', async () => {
    const all = groups({ remove() {} });
    const [a, b] = [pod('a', { cpu: '500m' }), pod('b', { cpu: '1500m' })];
    all.put(a);
    all.put(b);
    assert.equal(text('cpu/node/kubepods/burstable/cpu.shares'), '2048');
    await all.remove(b);
    assert.equal(text('cpu/node/kubepods/burstable/cpu.shares'), '512');
  });

  test('groups of pods that are gone are removed, others stay', async () => {
    for (const name of ['burstable/podold', 'burstable/podnew', 'podold', 'besteffort/other']) {
      mkdirSync(path.join(folder, 'cpu/node/kubepods', name), { recursive: true });
    }
    await groups().removeOthers(new Set(['new']));
    const is = (name: string) => existsSync(path.join(folder, 'cpu/node/kubepods', name));
    const found = ['burstable/podold', 'burstable/podnew', 'podold', 'besteffort/other'].map(is);
    assert.deepEqual(found, [false, true, false, true]);
  });

  test('a group whose processes take their time goes a moment later', async () => {
    const all = groups();
    const old = pod('old');
    const busy = path.join(folder, 'cpu', all.put(old).slice(1), 'cpu.shares');
    const removal = all.remove(old);
    assert.ok(existsSync(busy), 'a file keeps the folder, as a process would keep the group');
    for (const controller of ['cpu', 'pids'])
      rmSync(path.join(folder, controller, all.pathOf(old)), { recursive: true });
    await clock.advance(10);
    await removal;
    assert.ok(!existsSync(path.dirname(busy)));
  });

  test('one that stays is told, and nothing is thrown', async () => {
    const all = groups();
    const old = pod('old');
    writeFileSync(path.join(folder, 'cpu', all.put(old).slice(1), 'stays'), '');
    const removal = all.remove(old);
    for (const pause of [10, 50, 250, 1000]) await clock.advance(pause);
    await removal;
    assert.deepEqual(told, ['the group of a pod that is gone is still in use']);
  });
});
