import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { events, nodes, pods } from '../../src/api/resources.ts';
import type { Pod } from '../../src/api/types/core/v1.ts';
import { createInformers } from '../../src/client/create-informers.ts';
import { createEventRecorder } from '../../src/client/events.ts';
import type { Informers } from '../../src/client/informer.ts';
import type { Component } from '../../src/lifecycle.ts';
import { silentLogger } from '../../src/log.ts';
import type { Plugin } from '../../src/scheduler/framework.ts';
import { plugins } from '../../src/scheduler/plugins/index.ts';
import { createScheduler } from '../../src/scheduler/scheduler.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { nodeObject, podObject } from '../support/objects.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Breaks on pods of this name, as a plugin with a bug would. */
const fragile: Plugin = {
  name: 'Fragile',
  filter(pod) {
    if (pod.metadata.name === 'breaker') throw new TypeError('a bug in a plugin');
    return undefined;
  },
};

describe('the scheduler on an API server', () => {
  let clock: FakeClock;
  let api: TestServer;
  let informers: Informers;
  let scheduler: Component;
  before(async () => {
    clock = fakeClock();
    api = await startTestServer({ clock });
  });
  after(() => api.stop());
  beforeEach(async (context) => {
    const { client } = api;
    informers = createInformers({ client, clock, log: silentLogger });
    scheduler = createScheduler({
      client,
      informers,
      events: createEventRecorder({ client, clock, log: silentLogger, component: 'default-scheduler' }),
      clock,
      log: silentLogger,
      random: () => 0,
      plugins: [...plugins, fragile],
    });
    await scheduler.start();
    (context as { after(fn: () => Promise<void>): void }).after(async () => {
      await scheduler.stop();
      await informers.stop();
    });
  });

  const node = (name: string, cpu: string) =>
    nodeObject(name, { status: { allocatable: { cpu, memory: '1Gi', pods: '10' } } });
  const pod = (name: string, cpu = '100m') =>
    podObject(name, { spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] } });
  const read = (name: string) => api.client.get(pods, 'default', name);
  const bound = (name: string) => eventually(`${name} bound`, async () => (await read(name)).spec.nodeName);
  const condition = (p: Pod) => p.status?.conditions?.find((c) => c.type === 'PodScheduled');

  test('a pod that fits nowhere says why, and goes on when a node comes', async () => {
    await api.client.create(pods, pod('waiting'));
    const told = await eventually('its condition', async () => condition(await read('waiting')));
    assert.deepEqual(
      [told.status, told.reason, told.message, told.observedGeneration],
      ['False', 'Unschedulable', 'no nodes available to schedule pods', 1],
    );
    const event = await eventually('its event', async () =>
      (await api.client.list(events, { namespace: 'default' })).items.find((e) => e.involvedObject.name === 'waiting'),
    );
    assert.equal(event.reason, 'FailedScheduling');

    const created = await api.client.create(nodes, node('small', '150m'));
    const withStatus = await api.client.updateStatus(nodes, { ...created, status: node('small', '150m').status });
    await clock.advance(10_000);
    assert.match(condition(await read('waiting'))?.message ?? '', /untolerated taint\(s\)/);
    await api.client.update(nodes, { ...withStatus, spec: { taints: [] } });
    await clock.advance(10_000);
    assert.equal(await bound('waiting'), 'small');
    assert.equal(condition(await read('waiting'))?.status, 'True');
  });

  test('what one pod takes is not given to the next, until it is gone', async () => {
    await api.client.create(pods, pod('second'));
    const told = await eventually('refusal', async () => condition(await read('second')));
    assert.match(told.message ?? '', /Insufficient cpu/);
    await api.client.delete(pods, 'default', 'waiting', { gracePeriodSeconds: 0 });
    await eventually('gone', async () => informers.for(pods).lister.get('default', 'waiting') === undefined);
    await clock.advance(10_000);
    assert.equal(await bound('second'), 'small');
  });

  test('a pod that breaks a plugin holds up nobody else', async () => {
    await api.client.delete(pods, 'default', 'second', { gracePeriodSeconds: 0 });
    await api.client.create(pods, pod('breaker', '10m'));
    await api.client.create(pods, pod('good', '10m'));
    assert.equal(await bound('good'), 'small');
    assert.equal((await read('breaker')).spec.nodeName, undefined);
  });

  test('pods of another scheduler are left alone', async () => {
    await api.client.create(
      pods,
      podObject('foreign', { spec: { schedulerName: 'other', containers: [{ name: 'c', image: 'i' }] } }),
    );
    await api.client.create(pods, pod('ours', '1m'));
    await bound('ours');
    assert.equal((await read('foreign')).spec.nodeName, undefined);
  });
});
