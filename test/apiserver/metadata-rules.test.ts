// How often and by which rules metadata is judged differs by kind, as upstream's strategies do.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ResourceType } from '../../src/api/definition.ts';
import { configMaps, events, pods, services } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { startTestServer } from '../support/server.ts';

const { client, stop } = await startTestServer();
after(stop);

const type = (apiVersion: string, plural: string, kind: string): ResourceType => {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return { group, version, plural, kind, namespaced: true };
};
const limitRanges = type('v1', 'limitranges', 'LimitRange');
const replicationControllers = type('v1', 'replicationcontrollers', 'ReplicationController');
const jobs = type('batch/v1', 'jobs', 'Job');
const newEvents = type('events.k8s.io/v1', 'events', 'Event');

const object = (metadata: object, more: object = {}) =>
  ({ metadata: { namespace: 'default', ...metadata }, ...more }) as KubeObject;
const template = { spec: { containers: [{ name: 'c', image: 'x' }] } };

async function refusal(request: Promise<unknown>): Promise<StatusError['status']> {
  const error = await request.then(
    () => assert.fail('it was not refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StatusError);
  return error.status;
}
const fields = async (request: Promise<unknown>) =>
  (await refusal(request)).details?.causes?.map(({ field }) => field) ?? [];

test('a generateName is judged beside the name, but not by every kind', async () => {
  const bad = (of: ResourceType, more: object) => fields(client.create(of, object({ generateName: 'A_' }, more)));
  assert.deepEqual(await bad(configMaps, {}), ['metadata.generateName', 'metadata.name']);
  const controller = {
    spec: { selector: { a: 'b' }, template: { metadata: { labels: { a: 'b' } }, ...template } },
  };
  assert.deepEqual(await bad(replicationControllers, controller), ['metadata.name']);
});

test('a LimitRange without a name is called by a uid', async () => {
  const { metadata } = await client.create(limitRanges, object({}, { spec: { limits: [] } }));
  assert.match(metadata.name ?? '', /^[0-9a-f-]{36}$/);
});

test('labels that only the server gave a Job are not held against its metadata', async () => {
  const named = (more: object) => fields(client.create(jobs, object({ name: 'a:b' }, { spec: { template: more } })));
  const spec = { ...template.spec, restartPolicy: 'Never' };
  const generated = ['spec.template.labels', 'spec.template.labels'];
  assert.deepEqual(await named({ spec }), ['metadata.name', ...generated]);
  const own = { metadata: { labels: { a: 'b' } }, spec };
  assert.deepEqual((await named(own)).toSorted(), [
    'metadata.labels',
    'metadata.labels',
    'metadata.name',
    ...generated,
  ]);
});

test('an Event is refused as one of the core group, whatever face it shows', async () => {
  const event = { eventTime: '2026-01-01T00:00:00.000000Z', reportingController: 'a.io/c', reportingInstance: 'i' };
  const more = { ...event, action: 'A', reason: 'R', type: 'Normal', regarding: { namespace: 'default' } };
  const { details } = await refusal(client.create(newEvents, object({}, more)));
  assert.deepEqual([details?.group, details?.kind], [undefined, 'Event']);
});

test('an Event owns nothing: no policy of a delete holds it back', async () => {
  await client.create(events, object({ name: 'e' }, { involvedObject: { namespace: 'default' } }) as never);
  await client.delete(events, 'default', 'e', { propagationPolicy: 'Foreground' });
  assert.equal((await refusal(client.get(events, 'default', 'e'))).code, 404);
});

test('a pod that only finalizers hold takes the policy of a later delete', async () => {
  await client.create(pods, object({ name: 'p', finalizers: ['a.io/b'] }, template) as never);
  await client.delete(pods, 'default', 'p', { propagationPolicy: 'Orphan' });
  await client.delete(pods, 'default', 'p', { propagationPolicy: 'Foreground' });
  const { metadata } = await client.get(pods, 'default', 'p');
  assert.deepEqual(metadata.finalizers, ['a.io/b', 'foregroundDeletion']);
});

test('a Service without a usable name gets no address', async () => {
  const create = (name: string | undefined, options = {}) =>
    fields(client.create(services, object({ name }, { spec: { ports: [{ port: 80 }] } }) as never, options));
  assert.deepEqual(await create(undefined), ['spec.clusterIPs']);
  assert.deepEqual(await create('a%b'), ['spec.clusterIPs']);
  assert.deepEqual(await create('A'), ['metadata.name']);
  assert.deepEqual(await create(undefined, { dryRun: true }), ['metadata.name']);
});

test('a Service names a node port once, or one for both protocols of a port', async () => {
  const create = (name: string, ports: object[]) =>
    client.create(services, object({ name }, { spec: { type: 'NodePort', ports } }) as never);
  const twice = [
    { name: 'a', port: 80, nodePort: 30_003 },
    { name: 'b', port: 81, nodePort: 30_003 },
  ];
  assert.deepEqual(await fields(create('twice', twice)), ['spec.ports[1].nodePort']);
  const both = await create('both', [
    { name: 't', port: 80 },
    { name: 'u', port: 80, protocol: 'UDP', nodePort: 30_004 },
  ]);
  assert.deepEqual(
    both.spec?.ports?.map(({ nodePort }) => nodePort),
    [30_004, 30_004],
  );
});

test('an external name has no policy for traffic inside', async () => {
  const spec = { type: 'ExternalName', externalName: 'a.b', internalTrafficPolicy: 'Local' };
  const service = await client.create(services, object({ name: 'external' }, { spec }) as never);
  assert.equal(service.spec?.internalTrafficPolicy, undefined);
});
