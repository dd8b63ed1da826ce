// Pods that change their size in place where it is not granted at once, on real containers: what lifecycle.test.ts has not.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, before, describe, test } from 'node:test';
import type { Pod } from '../../src/api/types/core/v1.ts';
import { RunError } from '../../src/exec.ts';
import { clusterWith, type ManifestCluster, statusOf } from './manifest-cluster.ts';

/** Of the node's processors. */
const FOR_PODS = 500;

describe('the size of pods', { timeout: 180_000 }, () => {
  let on: ManifestCluster;
  before(async () => {
    const settings = [`--system-reserved=cpu=${availableParallelism() * 1000 - FOR_PODS}m`];
    on = await clusterWith('resize', { settings, prepare: async () => undefined });
  });
  after(() => on?.remove());

  const pod = (name: string) => on.kubectl.json<Pod>('get', 'pod', name);
  const resize = (name: string, spec: object) =>
    on.kubectl('patch', 'pod', name, '--subresource=resize', '-p', JSON.stringify({ spec }));
  const condition = (name: string, type: string) =>
    on.pods.when(name, type, (now) => now.status?.conditions?.find((c) => c.type === type));
  /** What failed is tried again after a while. */
  const without = (name: string, type: string) =>
    on.pods.when(name, `without ${type}`, (now) => now.status?.conditions?.every((c) => c.type !== type) && now);
  const cpu = (requested: string) => ({ containers: [{ name: 'main', resources: { requests: { cpu: requested } } }] });

  test('more than the node has is refused', async () => {
    await on.running('grows');
    const refused = await resize('grows', cpu('600m')).then(
      () => undefined,
      (error: RunError) => error,
    );
    assert.ok(refused instanceof RunError);
    assert.match(
      refused.output,
      /pods "grows" is forbidden: node didn't have enough allocatable resources: cpu, requested: 600, allocatable: 500/,
    );
  });

  test('what others have is waited for, and had as soon as they give it back', async () => {
    await Promise.all([on.running('holder'), on.running('whole')]);
    await resize('grows', cpu('400m'));
    const { reason, message, status } = await condition('grows', 'PodResizePending');
    assert.deepEqual([status, reason], ['True', 'Deferred']);
    assert.match(message ?? '', /^Node didn't have enough resource: cpu, requested: 400, used: 320, capacity: 500$/);
    await on.told('grows', /ResizeDeferred .*Pod resize OutOfcpu: /);
    assert.equal(statusOf(await pod('grows'), 'main').allocatedResources?.cpu, '50m');
    await on.kubectl('delete', 'pod', 'holder');
    await without('grows', 'PodResizePending');
    await on.told('grows', /ResizeCompleted .*Pod resize completed: /);
    const after = statusOf(await pod('grows'), 'main');
    assert.deepEqual([after.allocatedResources?.cpu, after.restartCount], ['400m', 0]);
  });

  test('a whole pod: containers that have no limit of their own are restarted where their policy says so', async () => {
    await resize('whole', { resources: { requests: { cpu: '30m' }, limits: { cpu: '30m' } } });
    const resized = await on.pods.when('whole', 'restarted', (now) => {
      const { restartCount, state } = statusOf(now, 'restarts');
      return restartCount === 1 && state?.running && now;
    });
    assert.equal(statusOf(resized, 'stays').restartCount, 0);
    const { status } = await without('whole', 'PodResizeInProgress');
    assert.deepEqual(status?.resources, {
      requests: { cpu: '30m', memory: '32Mi' },
      limits: { cpu: '30m', memory: '32Mi' },
    });
    assert.deepEqual(status?.allocatedResources, { cpu: '30m', memory: '32Mi' });
    await on.told('whole', /Killing .*Container restarts resize requires restart/);
  });

  test('memory that is in use cannot be taken away, which is said until it can', async () => {
    await on.prints('full', ['full']);
    const memory = (limit: string) => ({ containers: [{ name: 'main', resources: { limits: { memory: limit } } }] });
    await resize('full', memory('32Mi'));
    const told = await on.pods.when('full', 'not resized', (now) =>
      now.status?.conditions?.find((c) => c.type === 'PodResizeInProgress' && c.reason === 'Error'),
    );
    assert.match(
      told.message ?? '',
      /cannot decrease memory limits: attempting to set container "main" memory limit \(33554432\) below current usage \(\d+\)/,
    );
    assert.equal(statusOf(await pod('full'), 'main').resources?.limits?.memory, '64Mi');
    await on.kubectl('exec', 'full', '--', 'rm', '/memory/full');
    const smaller = await without('full', 'PodResizeInProgress');
    assert.equal(statusOf(smaller, 'main').resources?.limits?.memory, '32Mi');
    assert.equal(statusOf(smaller, 'main').restartCount, 0);
  });
});
