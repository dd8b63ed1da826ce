// Rules 38-40 and 52: what an update needs, keeps and counts.
import assert from 'node:assert/strict';
import { type RuleApi, type RuleCase, revisionOf } from './rule.ts';

const MERGE = 'application/merge-patch+json';

/** Defines custom resources `things` in a group of the case's own and waits until they are served. */
async function defineThings(api: RuleApi): Promise<string> {
  const group = `${api.namespace}.example.com`;
  const name = `things.${group}`;
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const stream = await api.watch(definitions, { fieldSelector: `metadata.name=${name}` });
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await api.expect(201, 'POST', definitions, {
    metadata: { name },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema }],
    },
  });
  for (let served = false; !served; ) {
    const event = await stream.next();
    const status = event?.object.status as { conditions?: { type: string; status: string }[] } | undefined;
    served = status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') ?? false;
  }
  return api.path('things', `${group}/v1`);
}

export const updateRules: readonly RuleCase[] = [
  {
    rules: [38],
    name: 'a stale resourceVersion or another uid is a conflict, and none at all overwrites',
    async run(api) {
      const path = `${api.path('configmaps')}/a`;
      const made = await api.configMap('a', { n: '1' });
      await api.expect(200, 'PUT', path, { ...made, data: { n: '2' } });
      assert.equal((await api.expect(409, 'PUT', path, { ...made, data: { n: '3' } })).reason, 'Conflict');
      const stalePatch = { metadata: { resourceVersion: made.metadata.resourceVersion }, data: { n: '4' } };
      assert.equal((await api.expect(409, 'PATCH', path, stalePatch, MERGE)).reason, 'Conflict');
      const otherUid = { metadata: { name: 'a', uid: 'other' }, data: { n: '5' } };
      assert.equal((await api.expect(409, 'PUT', path, otherUid)).reason, 'Conflict');
      const overwritten = await api.expect(200, 'PUT', path, { metadata: { name: 'a' }, data: { n: '6' } });
      assert.deepEqual(overwritten.data, { n: '6' });
    },
  },
  {
    rules: [38],
    name: 'a custom resource is not overwritten without a resourceVersion',
    async run(api) {
      const path = await defineThings(api);
      const kind = { apiVersion: path.split('/').slice(2, 4).join('/'), kind: 'Thing' };
      const made = await api.expect(201, 'POST', path, { ...kind, metadata: { name: 'a' }, spec: { n: 1 } });
      const body = { ...kind, metadata: { name: 'a' }, spec: { n: 2 } };
      const { details } = await api.expect(422, 'PUT', `${path}/a`, body);
      assert.deepEqual(
        [details?.causes?.[0]?.field, details?.causes?.[0]?.message],
        ['metadata.resourceVersion', 'Invalid value: 0: must be specified for an update'],
      );
      await api.expect(200, 'PUT', `${path}/a`, { ...body, metadata: made.metadata });
    },
  },
  {
    rules: [38, 52],
    name: 'patches that meet are applied one on another, and none is told of a conflict',
    async run(api) {
      const path = `${api.path('configmaps')}/a`;
      await api.configMap('a');
      const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
      const patches = keys.map((key) => api.expect(200, 'PATCH', path, { data: { [key]: '1' } }, MERGE));
      const revisions = (await Promise.all(patches)).map(revisionOf);
      assert.equal(new Set(revisions).size, 20);
      const { data } = await api.expect(200, 'GET', path);
      assert.deepEqual(Object.keys(data ?? {}).toSorted(), keys.toSorted());
    },
  },
  {
    rules: [52],
    name: 'a conflict is answered only to who wrote on an older state',
    async run(api) {
      const path = `${api.path('configmaps')}/a`;
      const made = await api.configMap('a');
      const writes = Array.from({ length: 10 }, (_, i) => api.send('PUT', path, { ...made, data: { n: String(i) } }));
      const codes = (await Promise.all(writes)).map(({ code }) => code);
      assert.deepEqual(
        codes.toSorted((a, b) => a - b),
        [200, ...Array(9).fill(409)],
      );
      assert.equal(revisionOf(await api.expect(200, 'GET', path)), revisionOf(made) + 1);
    },
  },
  {
    rules: [39],
    name: 'uid, name, namespace and creationTimestamp stay',
    async run(api) {
      const path = `${api.path('configmaps')}/a`;
      const made = await api.configMap('a');
      const rename = { ...made, metadata: { ...made.metadata, name: 'b' } };
      await api.expect(400, 'PUT', path, rename);
      await api.expect(400, 'PUT', path, { ...made, metadata: { ...made.metadata, namespace: 'elsewhere' } });
      const { creationTimestamp, uid } = made.metadata;
      const body = { metadata: { name: 'a', creationTimestamp: '2001-01-01T00:00:00Z' }, data: { n: '1' } };
      const changed = await api.expect(200, 'PUT', path, body);
      assert.deepEqual([changed.metadata.creationTimestamp, changed.metadata.uid], [creationTimestamp, uid]);
    },
  },
  {
    rules: [39],
    name: 'finalizers can be taken from what is being deleted, not added',
    async run(api) {
      const path = `${api.path('configmaps')}/a`;
      const finalizers = ['example.com/one', 'example.com/two'];
      await api.expect(201, 'POST', api.path('configmaps'), { metadata: { name: 'a', finalizers } });
      await api.expect(200, 'DELETE', path);
      const set = (list: string[]) => ({ metadata: { finalizers: list } });
      await api.expect(422, 'PATCH', path, set([...finalizers, 'example.com/three']), MERGE);
      const left = await api.expect(200, 'PATCH', path, set(['example.com/two']), MERGE);
      assert.deepEqual(left.metadata.finalizers, ['example.com/two']);
      const undone = await api.expect(200, 'PATCH', path, { metadata: { deletionTimestamp: null } }, MERGE);
      assert.ok(undone.metadata.deletionTimestamp, 'a deletion cannot be taken back');
    },
  },
  {
    rules: [40],
    name: 'generation is 1 at first and grows with the spec and with the deletion only',
    async run(api) {
      const labels = { app: 'a' };
      const path = api.path('deployments', 'apps/v1');
      const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } };
      const metadata = { name: 'a', generation: 7, finalizers: ['example.com/hold'] };
      const spec = { selector: { matchLabels: labels }, template };
      const generations = [(await api.expect(201, 'POST', path, { metadata, spec })).metadata.generation];
      for (const [at, body] of [
        ['', { metadata: { labels } }],
        ['', { spec: { replicas: 2 } }],
        ['/status', { status: { replicas: 1 } }],
        ['', { metadata: { generation: 9 } }],
      ] as const) {
        generations.push((await api.expect(200, 'PATCH', `${path}/a${at}`, body, MERGE)).metadata.generation);
      }
      generations.push((await api.expect(200, 'DELETE', `${path}/a`)).metadata.generation);
      generations.push((await api.expect(200, 'GET', `${path}/a`)).metadata.generation);
      assert.deepEqual(generations, [1, 1, 2, 2, 2, 3, 3]);
      assert.equal((await api.configMap('none')).metadata.generation, undefined);
    },
  },
  {
    rules: [40],
    name: 'generation of a custom resource grows with anything but metadata and status',
    async run(api) {
      const path = await defineThings(api);
      const kind = { apiVersion: path.split('/').slice(2, 4).join('/'), kind: 'Thing' };
      const made = await api.expect(201, 'POST', path, { ...kind, metadata: { name: 'a' }, spec: { n: 1 } });
      const generations = [made.metadata.generation];
      for (const [at, body] of [
        ['/status', { status: { n: 1 } }],
        ['', { metadata: { labels: { a: '1' } } }],
        ['', { other: 'field' }],
        ['', { spec: { n: 2 } }],
      ] as const) {
        generations.push((await api.expect(200, 'PATCH', `${path}/a${at}`, body, MERGE)).metadata.generation);
      }
      assert.deepEqual(generations, [1, 1, 1, 2, 3]);
    },
  },
];
