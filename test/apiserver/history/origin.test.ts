// Whatever way an object is written, its history says who did it and by what request.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Revision } from '../../../src/apiserver/history/revision.ts';
import { podObject, readyPod } from '../../support/objects.ts';
import { person, refused, startWorld, type World } from './world.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const jane = person('jane', 'system:masters');

let api: World;
before(async () => {
  api = await startWorld();
});
after(() => api.stop());

/** Operation, verb, subresource and manager of each revision, newest first; all are jane's. */
async function ways(path: string): Promise<string[]> {
  const revisions = await api.history(path);
  return revisions.map(({ operation, verb, subresource, user, fieldManager, userAgent }: Revision) => {
    assert.deepEqual([user, userAgent], ['jane', 'jane']); // the loopback's agent is the user
    return [operation, verb, subresource ?? '-', fieldManager].join(' ');
  });
}

const write = (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
  api.send(method, path, { body, user: jane });
const patch = (path: string, body: unknown, type = 'application/merge-patch+json') =>
  api.send('PATCH', path, { body, contentType: type, user: jane });
const named = (name: string, more: object = {}) => ({ metadata: { name }, ...more });

test('create, update, every kind of patch, delete', async () => {
  const path = `${CONFIG_MAPS}/plain`;
  await write('POST', `${CONFIG_MAPS}?fieldManager=maker`, named('plain', { data: { a: '1' } }));
  await write('PUT', path, named('plain', { data: { a: '2' } }));
  await patch(path, { data: { a: '3' } });
  await patch(path, { data: { a: '4' } }, 'application/strategic-merge-patch+json');
  await patch(path, [{ op: 'replace', path: '/data/a', value: '5' }], 'application/json-patch+json');
  const applied = { apiVersion: 'v1', kind: 'ConfigMap', ...named('plain', { data: { b: '1' } }) };
  await patch(`${path}?fieldManager=applier`, applied, 'application/apply-patch+yaml');
  await write('DELETE', path);
  assert.deepEqual(await ways(path), [
    'delete delete - jane',
    'update apply - applier',
    'update patch - jane',
    'update patch - jane',
    'update patch - jane',
    'update update - jane',
    'create create - maker',
  ]);
});

test('apply and update make what is missing', async () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', ...named('applied') };
  await patch(`${CONFIG_MAPS}/applied?fieldManager=applier`, object, 'application/apply-patch+yaml');
  assert.deepEqual(await ways(`${CONFIG_MAPS}/applied`), ['create apply - applier']);
});

test('a generated name', async () => {
  const made = await api.send('POST', CONFIG_MAPS, { body: { metadata: { generateName: 'gen-' } }, user: jane });
  assert.deepEqual(await ways(`${CONFIG_MAPS}/${made.metadata.name}`), ['create create - jane']);
});

test('deletion of a collection', async () => {
  await write('POST', CONFIG_MAPS, { metadata: { name: 'many', labels: { all: 'of' } } });
  await write('DELETE', `${CONFIG_MAPS}?labelSelector=all%3Dof`);
  assert.deepEqual(await ways(`${CONFIG_MAPS}/many`), ['delete deletecollection - jane', 'create create - jane']);
});

test('deletion that waits for a finalizer, whose removal ends it', async () => {
  const path = `${CONFIG_MAPS}/held`;
  await write('POST', CONFIG_MAPS, { metadata: { name: 'held', finalizers: ['example.com/a'] } });
  await write('DELETE', path);
  await patch(path, { metadata: { finalizers: null } });
  assert.deepEqual(await ways(path), ['delete patch - jane', 'update delete - jane', 'create create - jane']);
});

test('deletion with grace, step by step, and status', async () => {
  await write('POST', PODS, podObject('graceful', { spec: { nodeName: 'node-1' } }));
  const path = `${PODS}/graceful`;
  await patch(`${path}/status`, { status: { phase: 'Running' } });
  await write('DELETE', path);
  await write('DELETE', `${path}?gracePeriodSeconds=0`);
  assert.deepEqual(await ways(path), [
    'delete delete - jane',
    'update delete - jane',
    'update patch status jane',
    'create create - jane',
  ]);
});

test('binding by either path', async () => {
  const target = { kind: 'Node', name: 'node-1' };
  for (const name of ['bound', 'bound-too']) await write('POST', PODS, podObject(name));
  await write('POST', `${PODS}/bound/binding`, { ...named('bound'), target });
  await write('POST', '/api/v1/namespaces/default/bindings', { ...named('bound-too'), target });
  for (const name of ['bound', 'bound-too']) {
    assert.deepEqual(await ways(`${PODS}/${name}`), ['update create binding jane', 'create create - jane']);
  }
});

test('eviction: the note on the pod, the budget, and the deletion', async () => {
  await write('POST', PODS, readyPod('evicted', '10.42.0.9'));
  await patch(`${PODS}/evicted/status`, { status: readyPod('evicted', '10.42.0.9').status });
  await write('POST', `${PODS}/evicted/eviction`, { ...named('evicted'), deleteOptions: { gracePeriodSeconds: 0 } });
  assert.deepEqual(await ways(`${PODS}/evicted`), [
    'delete create eviction jane',
    'update create eviction jane',
    'update patch status jane',
    'create create - jane',
  ]);
});

test('scale by update, patch and apply', async () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'b' }] } };
  const spec = { selector: { matchLabels: { a: 'b' } }, template };
  await write('POST', DEPLOYMENTS, named('scaled', { spec }));
  const path = `${DEPLOYMENTS}/scaled`;
  await write('PUT', `${path}/scale`, named('scaled', { spec: { replicas: 2 } }));
  await patch(`${path}/scale`, { spec: { replicas: 3 } });
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', ...named('scaled', { spec: { replicas: 4 } }) };
  await patch(`${path}/scale?fieldManager=applier&force=true`, scale, 'application/apply-patch+yaml');
  assert.deepEqual(await ways(path), [
    'update apply scale applier',
    'update patch scale jane',
    'update update scale jane',
    'create create - jane',
  ]);
});

test('a namespace that is deleted and finalized', async () => {
  const path = '/api/v1/namespaces/going';
  await write('POST', '/api/v1/namespaces', named('going'));
  await write('DELETE', path);
  const current = await api.get(path);
  await write('PUT', `${path}/finalize`, { ...current, spec: {} });
  assert.deepEqual(await ways(path), ['delete update finalize jane', 'update delete - jane', 'create create - jane']);
});

test('a dry run, and a write that changes nothing, leave no trace', async () => {
  const path = `${CONFIG_MAPS}/dry`;
  await write('POST', CONFIG_MAPS, named('dry', { data: { a: '1' } }));
  await write('PUT', `${path}?dryRun=All`, named('dry', { data: { a: '2' } }));
  await write('DELETE', `${path}?dryRun=All`);
  await write('PUT', path, named('dry', { data: { a: '1' } }));
  assert.deepEqual(await ways(path), ['create create - jane']);
});

test('what the server itself does to a custom resource definition and its objects', async () => {
  const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await write('POST', crds, {
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  await api.clock.advance(0);
  await write('POST', '/apis/example.com/v1/things', { apiVersion: 'example.com/v1', kind: 'Thing', ...named('one') });
  await write('DELETE', `${crds}/things.example.com`);
  await api.clock.advance(0);
  const changes = await api.changes();
  const told = changes
    .filter(({ object }) => ['Thing', 'CustomResourceDefinition'].includes(object.kind))
    .map(({ object, operation, verb, subresource = '-', user }) =>
      [object.kind, operation, verb, subresource, user].join(' '),
    );
  assert.deepEqual(told, [
    'CustomResourceDefinition delete update - system:apiserver',
    'Thing delete delete - system:apiserver',
    'CustomResourceDefinition update update status system:apiserver',
    'CustomResourceDefinition update delete - jane',
    'Thing create create - jane',
    'CustomResourceDefinition update update status system:apiserver',
    'CustomResourceDefinition create create - jane',
  ]);
});

test('the end of an Event that has outlived its time', async () => {
  const events = '/api/v1/namespaces/default/events';
  const involvedObject = { kind: 'Pod', namespace: 'default', name: 'a' };
  await write('POST', events, named('short', { involvedObject, reason: 'Test', type: 'Normal' }));
  await api.clock.advance(2 * 3_600_000);
  await assert.rejects(api.get(`${events}/short`), refused(404, /not found/));
  const [end, begin] = await api.history(`${events}/short`);
  assert.deepEqual([end?.operation, end?.verb, end?.user], ['delete', 'expire', 'system:apiserver']);
  assert.deepEqual([begin?.operation, begin?.verb, begin?.user], ['create', 'create', 'jane']);
});

test('names that are too long are cut, between characters', async () => {
  const long = person(`${'x'.repeat(255)}\u{1f600}`, 'system:masters');
  await api.send('POST', CONFIG_MAPS, { body: named('long'), user: long });
  const [made] = await api.history(`${CONFIG_MAPS}/long`);
  assert.equal(made?.user, `${'x'.repeat(255)}\ufffd`);
});
