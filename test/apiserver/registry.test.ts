// The registry through the loopback: what a client sees of create, get, list, update, patch and delete.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { configMaps, deployments, namespaces, pods, services } from '../../src/api/resources.ts';
import type { Deployment } from '../../src/api/types/apps/v1.ts';
import type { Service } from '../../src/api/types/core/v1.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let api: TestServer;
before(async () => {
  api = await startTestServer();
});
after(() => api.stop());

const refused = (code: number, reason: string) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.deepEqual([error.code, error.reason], [code, reason], error.message);
  return true;
};

const configMap = (name: string, data: Record<string, string> = {}) => ({
  metadata: { name, namespace: 'default' },
  data,
});

test('what the server owns is set by the server', async () => {
  const made = await api.client.create(configMaps, {
    metadata: { name: 'owned', namespace: 'default', uid: 'mine', creationTimestamp: '2001-01-01T00:00:00Z' },
  });
  assert.notEqual(made.metadata.uid, 'mine');
  assert.equal(made.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
  assert.deepEqual(await api.client.get(configMaps, 'default', 'owned'), made);
});

test('a name is taken once', async () => {
  await api.client.create(configMaps, configMap('once'));
  await assert.rejects(api.client.create(configMaps, configMap('once')), refused(409, 'AlreadyExists'));
});

test('generated names have the base and five characters', async () => {
  const made = await api.client.create(configMaps, { metadata: { generateName: 'gen-', namespace: 'default' } });
  assert.match(made.metadata.name as string, /^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
});

test('what is not there is 404, also for update, patch and delete', async () => {
  const missing = refused(404, 'NotFound');
  await assert.rejects(api.client.get(configMaps, 'default', 'none'), missing);
  await assert.rejects(api.client.update(configMaps, configMap('none')), missing);
  await assert.rejects(api.client.delete(configMaps, 'default', 'none'), missing);
  const patch = { type: 'merge' as const, body: { data: {} } };
  await assert.rejects(api.client.patch(configMaps, 'default', 'none', patch), missing);
});

test('an update with a stale resourceVersion is a conflict, one without overwrites', async () => {
  const first = await api.client.create(configMaps, configMap('stale', { a: '1' }));
  const second = await api.client.update(configMaps, { ...first, data: { a: '2' } });
  await assert.rejects(api.client.update(configMaps, { ...first, data: { a: '3' } }), refused(409, 'Conflict'));
  const third = await api.client.update(configMaps, configMap('stale', { a: '4' }));
  assert.ok(Number(third.metadata.resourceVersion) > Number(second.metadata.resourceVersion));
});

test('an update that changes nothing makes no revision', async () => {
  const first = await api.client.create(configMaps, configMap('same', { a: '1' }));
  const again = await api.client.update(configMaps, structuredClone(first));
  assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion);
});

test('a dry run answers like the real thing and leaves nothing', async () => {
  const made = await api.client.create(configMaps, configMap('dry'), { dryRun: true });
  assert.ok(made.metadata.uid);
  await assert.rejects(api.client.get(configMaps, 'default', 'dry'), refused(404, 'NotFound'));
});

test('every kind of patch changes the object', async () => {
  await api.client.create(configMaps, configMap('patched', { a: '1', b: '1' }));
  const change = (type: 'json' | 'merge' | 'strategic', body: unknown) =>
    api.client.patch(configMaps, 'default', 'patched', { type, body });
  assert.deepEqual((await change('json', [{ op: 'replace', path: '/data/a', value: '2' }])).data, { a: '2', b: '1' });
  assert.deepEqual((await change('merge', { data: { b: null } })).data, { a: '2' });
  assert.deepEqual((await change('strategic', { data: { c: '3' } })).data, { a: '2', c: '3' });
});

test('apply creates, keeps to its fields, and conflicts where others own', async () => {
  const apply = (manager: string, data: Record<string, string>, force = false) =>
    api.client.patch(
      configMaps,
      'default',
      'applied',
      { type: 'apply', body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data }, force },
      { fieldManager: manager },
    );
  await apply('one', { a: '1', b: '1' });
  assert.deepEqual((await apply('one', { a: '1' })).data, { a: '1' });
  await assert.rejects(apply('two', { a: '2' }), refused(409, 'Conflict'));
  const forced = await apply('two', { a: '2' }, true);
  assert.deepEqual(forced.data, { a: '2' });
  assert.deepEqual(
    forced.metadata.managedFields?.map(({ manager, operation }) => [manager, operation]),
    [['two', 'Apply']],
  );
});

test('finalizers keep what is deleted, and its last one going removes it', async () => {
  const made = await api.client.create(configMaps, {
    ...configMap('held'),
    metadata: { name: 'held', namespace: 'default', finalizers: ['example.com/hold'] },
  });
  const marked = await api.client.delete(configMaps, 'default', 'held');
  assert.equal((marked.metadata as typeof made.metadata).deletionGracePeriodSeconds, 0);
  const body = { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } };
  await assert.rejects(
    api.client.patch(configMaps, 'default', 'held', { type: 'merge', body }),
    refused(422, 'Invalid'),
  );
  await api.client.patch(configMaps, 'default', 'held', { type: 'merge', body: { metadata: { finalizers: null } } });
  await assert.rejects(api.client.get(configMaps, 'default', 'held'), refused(404, 'NotFound'));
});

test('preconditions of a delete must hold', async () => {
  await api.client.create(configMaps, configMap('guarded'));
  await assert.rejects(
    api.client.delete(configMaps, 'default', 'guarded', { preconditions: { uid: 'other' } }),
    refused(409, 'Conflict'),
  );
});

test('a scheduled pod is given its grace, which a second delete can only shorten', async () => {
  const spec = { containers: [{ name: 'c', image: 'x' }], nodeName: 'n' };
  await api.client.create(pods, { metadata: { name: 'graced', namespace: 'default' }, spec });
  const marked = (await api.client.delete(pods, 'default', 'graced')) as { metadata: { deletionTimestamp?: string } };
  assert.equal(marked.metadata.deletionTimestamp, '2026-01-01T00:00:30Z');
  const longer = await api.client.delete(pods, 'default', 'graced', { gracePeriodSeconds: 60 });
  assert.equal((longer.metadata as typeof marked.metadata).deletionTimestamp, '2026-01-01T00:00:30Z');
  await api.client.delete(pods, 'default', 'graced', { gracePeriodSeconds: 0 });
  await assert.rejects(api.client.get(pods, 'default', 'graced'), refused(404, 'NotFound'));
});

test('a namespace waits for its finalizers and goes with the last', async () => {
  await api.client.create(namespaces, { metadata: { name: 'going' }, spec: {} });
  await api.client.delete(namespaces, undefined, 'going');
  const terminating = await api.client.get(namespaces, undefined, 'going');
  assert.equal(terminating.status?.phase, 'Terminating');
  await assert.rejects(
    api.client.create(configMaps, { metadata: { name: 'late', namespace: 'going' } }),
    refused(403, 'Forbidden'),
  );
  await api.client.update(namespaces, { ...terminating, spec: {} }, { subresource: 'finalize' });
  await assert.rejects(api.client.get(namespaces, undefined, 'going'), refused(404, 'NotFound'));
});

test('generation counts changes of the spec and not of the status', async () => {
  const labels = { app: 'a' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } };
  const made = await api.client.create(deployments, {
    metadata: { name: 'counted', namespace: 'default' },
    spec: { selector: { matchLabels: labels }, template },
  } as Deployment);
  assert.equal(made.metadata.generation, 1);
  const scaled = await api.client.patch(deployments, 'default', 'counted', {
    type: 'merge',
    body: { spec: { replicas: 2 } },
  });
  assert.equal(scaled.metadata.generation, 2);
  const status = { ...structuredClone(scaled), status: { replicas: 1 } } as Deployment;
  assert.equal((await api.client.updateStatus(deployments, status)).metadata.generation, 2);
});

test('a Service keeps its address over updates and gives it back when it goes', async () => {
  const service = (name: string, clusterIP?: string) =>
    ({
      metadata: { name, namespace: 'default' },
      spec: { ports: [{ port: 80 }], ...(clusterIP ? { clusterIP } : {}) },
    }) as Service;
  const made = await api.client.create(services, service('addressed'));
  const address = made.spec?.clusterIP as string;
  assert.match(address, /^10\.43\./);
  const updated = await api.client.update(services, service('addressed'));
  assert.equal(updated.spec?.clusterIP, address);
  await assert.rejects(api.client.create(services, service('second', address)), refused(422, 'Invalid'));
  await api.client.delete(services, 'default', 'addressed');
  assert.equal((await api.client.create(services, service('second', address))).spec?.clusterIP, address);
});
