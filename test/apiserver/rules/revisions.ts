// Rules 1-7: one counter, in order, never used twice.
import assert from 'node:assert/strict';
import { brief, namesOf, type RuleCase, revisionOf, take, takeUntilMade } from './rule.ts';

export const revisionRules: readonly RuleCase[] = [
  {
    rules: [1],
    name: 'each change of any resource takes the next revision, and a list has the one it was read at',
    async run(api) {
      const { storage } = api.server;
      const before = storage.revision;
      const made = await api.configMap('a');
      const secret = await api.expect(201, 'POST', api.path('secrets'), { metadata: { name: 's' } });
      const changed = await api.expect(200, 'PUT', `${api.path('configmaps')}/a`, { ...made, data: { x: '1' } });
      await api.expect(200, 'DELETE', `${api.path('secrets')}/s`);
      assert.deepEqual(
        [made, secret, changed].map((object) => revisionOf(object) - before),
        [1, 2, 3],
      );
      const list = await api.expect(200, 'GET', api.path('configmaps'));
      assert.equal(revisionOf(list) - before, 4);
      assert.deepEqual(list.items.map(revisionOf), [revisionOf(changed)]);
    },
  },
  {
    rules: [2],
    name: 'competing writers lose no step: what was answered is what everyone reads from then on',
    async run(api) {
      const path = `${api.path('configmaps')}/counter`;
      await api.configMap('counter', { n: '0' });
      const steps: [value: number, revision: number][] = [];
      const writer = async () => {
        for (let done = 0; done < 5; ) {
          const held = await api.expect(200, 'GET', path);
          const n = Number(held.data?.n) + 1;
          const { code, body } = await api.send('PUT', path, { ...held, data: { n: String(n) } });
          if (code !== 200) {
            assert.equal(code, 409);
            continue;
          }
          done += 1;
          steps.push([n, revisionOf(body)]);
          assert.ok(Number((await api.expect(200, 'GET', path)).data?.n) >= n);
        }
      };
      await Promise.all(Array.from({ length: 4 }, writer));
      const byRevision = steps.toSorted(([, a], [, b]) => a - b).map(([n]) => n);
      assert.deepEqual(
        byRevision,
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
    },
  },
  {
    rules: [3],
    name: 'revisions go on where they were after a restart',
    survives: true,
    async run(api) {
      const first = await api.own();
      const made = await first.configMap('a');
      await first.expect(200, 'DELETE', `${first.path('configmaps')}/a`);
      const { revision } = first.server.storage;
      await first.stop();
      const second = await api.own({ storageUrl: first.storageUrl });
      assert.equal(second.server.storage.revision, revision);
      assert.ok(revisionOf(await second.configMap('a')) > revision);
      assert.ok(revision > revisionOf(made));
    },
  },
  {
    rules: [4],
    name: 'no revision becomes visible after a greater one, in lists or on a stream',
    async run(api) {
      const path = api.path('configmaps');
      const start = await api.expect(200, 'GET', path);
      const stream = await api.watch(path, { resourceVersion: String(revisionOf(start)) });
      const writes = Promise.all(Array.from({ length: 60 }, (_, i) => api.configMap(`c${i}`)));
      const lists = [];
      for (let i = 0; i < 10; i++) lists.push(await api.expect(200, 'GET', path));
      const revisions = new Map((await writes).map((made) => [made.metadata.name, revisionOf(made)]));
      for (const list of lists) {
        const visible = [...revisions].filter(([, revision]) => revision <= revisionOf(list)).map(([name]) => name);
        assert.deepEqual(namesOf(list).toSorted(), visible.toSorted());
      }
      const seen = (await take(stream, 60)).map(({ object }) => revisionOf(object));
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
      );
    },
  },
  {
    rules: [5],
    name: 'resourceVersions are decimal numbers, and a number beyond 64 bits is none',
    async run(api) {
      const made = await api.configMap('a');
      const list = await api.expect(200, 'GET', api.path('configmaps'));
      for (const object of [made, list]) assert.match(object.metadata.resourceVersion ?? '', /^[1-9]\d*$/);
      for (const resourceVersion of ['18446744073709551616', '-1', '1.5', '0x10', '1e3', ' 1']) {
        await api.expect(400, 'GET', `${api.path('configmaps')}?${new URLSearchParams({ resourceVersion })}`);
      }
    },
  },
  {
    rules: [6],
    name: 'a resourceVersion that is sent is not kept: each state has that of its own change',
    async run(api) {
      const made = await api.configMap('a', { n: '1' });
      const sent = { ...made, metadata: { ...made.metadata, selfLink: '/old' }, data: { n: '2' } };
      const changed = await api.expect(200, 'PUT', `${api.path('configmaps')}/a`, sent);
      assert.ok(revisionOf(changed) > revisionOf(made));
      assert.equal(changed.metadata.selfLink, undefined);
      for (const object of [made, changed]) {
        const query = new URLSearchParams({
          resourceVersion: String(revisionOf(object)),
          resourceVersionMatch: 'Exact',
        });
        const { items } = await api.expect(200, 'GET', `${api.path('configmaps')}?${query}`);
        assert.deepEqual(items.map(revisionOf), [revisionOf(object)]);
      }
    },
  },
  {
    rules: [7],
    name: 'a write that changes nothing makes no revision and no event, whatever the order of fields',
    async run(api) {
      const path = `${api.path('configmaps')}/a`;
      const made = await api.configMap('a', { x: '1', y: '2' });
      const stream = await api.watch(api.path('configmaps'), { resourceVersion: String(revisionOf(made)) });
      const { metadata, ...rest } = made;
      const reordered = { data: { y: '2', x: '1' }, metadata: Object.fromEntries(Object.entries(metadata).reverse()) };
      const again = await api.expect(200, 'PUT', path, { ...reordered, kind: rest.kind, apiVersion: rest.apiVersion });
      assert.equal(revisionOf(again), revisionOf(made));
      const merged = await api.expect(200, 'PATCH', path, { data: { x: '1' } }, 'application/merge-patch+json');
      assert.equal(revisionOf(merged), revisionOf(made));
      assert.deepEqual((await takeUntilMade(api, stream, 'marker')).map(brief), []);
    },
  },
  {
    rules: [7],
    name: 'the same applied again later only moves a time in managedFields, which is no change',
    async run(api) {
      const path = `${api.path('configmaps')}/applied?fieldManager=me`;
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data: { x: '1' } };
      const made = await api.expect(201, 'PATCH', path, body, 'application/apply-patch+yaml');
      await api.clock.advance(5_000);
      const again = await api.expect(200, 'PATCH', path, body, 'application/apply-patch+yaml');
      assert.equal(revisionOf(again), revisionOf(made));
    },
  },
];
