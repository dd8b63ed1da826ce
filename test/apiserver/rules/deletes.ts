// Rules 41-45, 48 and 49: deletion of one object and of many.
import assert from 'node:assert/strict';
import { brief, namesOf, type RuleApi, type RuleCase, revisionOf, take, takeUntilMade } from './rule.ts';

const MERGE = 'application/merge-patch+json';
const HOLD = 'example.com/hold';

const held = (api: RuleApi, name: string, finalizers = [HOLD]) =>
  api.expect(201, 'POST', api.path('configmaps'), { metadata: { name, finalizers } });

const scheduledPod = (api: RuleApi, name: string) =>
  api.expect(201, 'POST', api.path('pods'), {
    metadata: { name },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'x' }] },
  });

const graceOf = ({ metadata }: { metadata: { deletionGracePeriodSeconds?: number } }) =>
  metadata.deletionGracePeriodSeconds;

export const deleteRules: readonly RuleCase[] = [
  {
    rules: [41],
    name: 'preconditions that do not hold are 409, and nothing happens',
    async run(api) {
      const path = `${api.path('configmaps')}/a`;
      const { metadata } = await api.configMap('a');
      for (const preconditions of [
        { uid: 'other' },
        { resourceVersion: '1' },
        { uid: metadata.uid, resourceVersion: '1' },
      ]) {
        assert.equal((await api.expect(409, 'DELETE', path, { preconditions })).reason, 'Conflict');
      }
      assert.equal(revisionOf(await api.expect(200, 'GET', path)), Number(metadata.resourceVersion));
      const { uid, resourceVersion } = metadata;
      await api.expect(200, 'DELETE', path, { preconditions: { uid, resourceVersion } });
    },
  },
  {
    rules: [42],
    name: 'without finalizers and grace an object is gone at once, by one revision',
    async run(api) {
      const path = `${api.path('configmaps')}/a`;
      const { metadata } = await api.configMap('a');
      const { status, details } = await api.expect(200, 'DELETE', path);
      assert.deepEqual([status, details], ['Success', { name: 'a', kind: 'configmaps', uid: metadata.uid }]);
      assert.equal(api.server.storage.revision, Number(metadata.resourceVersion) + 1);
      await api.expect(404, 'GET', path);
      await api.expect(404, 'DELETE', path);
    },
  },
  {
    rules: [43],
    name: 'finalizers keep what is deleted until the update that takes the last one away, which is its removal',
    async run(api) {
      const path = `${api.path('configmaps')}/a`;
      const made = await held(api, 'a', [HOLD, 'example.com/more']);
      const stream = await api.watch(api.path('configmaps'), { resourceVersion: String(revisionOf(made)) });
      const marked = await api.expect(200, 'DELETE', path);
      assert.ok(marked.metadata.deletionTimestamp);
      assert.equal(graceOf(marked), 0);
      const again = await api.expect(200, 'DELETE', path);
      assert.equal(revisionOf(again), revisionOf(marked), 'a second delete changes nothing');
      await api.expect(200, 'PATCH', path, { metadata: { finalizers: [HOLD] } }, MERGE);
      const held1 = await api.expect(200, 'GET', path);
      const removed = await api.expect(200, 'PUT', path, { ...held1, metadata: { ...held1.metadata, finalizers: [] } });
      assert.equal(removed.metadata.name, 'a');
      await api.expect(404, 'GET', path);
      const events = await takeUntilMade(api, stream, 'marker');
      const first = revisionOf(made);
      assert.deepEqual(events.map(brief), [
        `MODIFIED a@${first + 1}`,
        `MODIFIED a@${first + 2}`,
        `DELETED a@${first + 3}`,
      ]);
    },
  },
  {
    rules: [44],
    name: 'the grace of a pod can only be shortened, and the same again changes nothing',
    async run(api) {
      const path = `${api.path('pods')}/a`;
      await scheduledPod(api, 'a');
      const first = await api.expect(200, 'DELETE', path);
      assert.equal(graceOf(first), 30);
      assert.equal(
        Date.parse(first.metadata.deletionTimestamp ?? ''),
        Math.floor(api.clock.now() / 1000) * 1000 + 30_000,
      );
      for (const seconds of [30, 60]) {
        const again = await api.expect(200, 'DELETE', path, { gracePeriodSeconds: seconds });
        assert.equal(revisionOf(again), revisionOf(first));
      }
      const shorter = await api.expect(200, 'DELETE', path, { gracePeriodSeconds: 5 });
      assert.equal(graceOf(shorter), 5);
      assert.ok(revisionOf(shorter) > revisionOf(first));
      await api.expect(200, 'DELETE', path, { gracePeriodSeconds: 0 });
      await api.expect(404, 'GET', path);
    },
  },
  {
    rules: [41, 44],
    name: 'a negative grace is one second, and a pod that was never placed has none',
    async run(api) {
      await scheduledPod(api, 'a');
      const marked = await api.expect(200, 'DELETE', `${api.path('pods')}/a`, { gracePeriodSeconds: -1 });
      assert.equal(graceOf(marked), 1);
      const spec = { containers: [{ name: 'c', image: 'x' }] };
      await api.expect(201, 'POST', api.path('pods'), { metadata: { name: 'b' }, spec });
      await api.expect(200, 'DELETE', `${api.path('pods')}/b`);
      await api.expect(404, 'GET', `${api.path('pods')}/b`);
    },
  },
  {
    rules: [45],
    name: 'Orphan and Foreground leave a finalizer for the garbage collector, Background takes both away',
    async run(api) {
      const path = api.path('configmaps');
      for (const [propagationPolicy, finalizer] of [
        ['Orphan', 'orphan'],
        ['Foreground', 'foregroundDeletion'],
      ] as const) {
        await api.configMap(finalizer.toLowerCase());
        const marked = await api.expect(200, 'DELETE', `${path}/${finalizer.toLowerCase()}`, { propagationPolicy });
        assert.deepEqual(marked.metadata.finalizers, [finalizer]);
        assert.ok(marked.metadata.deletionTimestamp);
      }
      await held(api, 'undecided', ['orphan']);
      await api.expect(200, 'DELETE', `${path}/undecided`, { propagationPolicy: 'Background' });
      await api.expect(404, 'GET', `${path}/undecided`);
      await held(api, 'decided', ['orphan']);
      const kept = await api.expect(200, 'DELETE', `${path}/decided`);
      assert.deepEqual(kept.metadata.finalizers, ['orphan']);
    },
  },
  {
    rules: [48],
    name: 'delete of a collection is one delete of each object that matches',
    async run(api) {
      const path = api.path('configmaps');
      for (const name of ['a', 'b', 'c']) await api.configMap(name, {}, { go: name === 'c' ? 'no' : 'yes' });
      await api.expect(201, 'POST', path, { metadata: { name: 'd', labels: { go: 'yes' }, finalizers: [HOLD] } });
      const before = api.server.storage.revision;
      const stream = await api.watch(path, { resourceVersion: String(before) });
      const gone = await api.expect(200, 'DELETE', `${path}?labelSelector=go%3Dyes`);
      assert.deepEqual([gone.kind, namesOf(gone)], ['ConfigMapList', ['a', 'b', 'd']]);
      assert.deepEqual((await take(stream, 3)).map(brief), [
        `DELETED a@${before + 1}`,
        `DELETED b@${before + 2}`,
        `MODIFIED d@${before + 3}`,
      ]);
      assert.deepEqual(namesOf(await api.expect(200, 'GET', path)), ['c', 'd']);
    },
  },
  {
    rules: [49],
    name: '202 is answered to orphanDependents=false alone, and only while the object is still there',
    async run(api) {
      const path = api.path('configmaps');
      for (const [name, options, code] of [
        ['a', { orphanDependents: false }, 202],
        ['b', { propagationPolicy: 'Background' }, 200],
        ['c', undefined, 200],
      ] as const) {
        await held(api, name);
        await api.expect(code, 'DELETE', `${path}/${name}`, options);
      }
      await api.configMap('d');
      await api.expect(200, 'DELETE', `${path}/d`, { orphanDependents: false });
    },
  },
];
