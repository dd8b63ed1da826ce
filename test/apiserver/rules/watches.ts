// Rules 21-29 and 33: how a watch begins, is carried, goes on and ends.
import assert from 'node:assert/strict';
import { giveUpHistory } from '../../storage/drivers.ts';
import { brief, EAGER, type RuleCase, revisionOf, take, takeAll, takeUntilMade } from './rule.ts';

const END = 'k8s.io/initial-events-end';
const INITIAL = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' };

export const watchRules: readonly RuleCase[] = [
  {
    rules: [21],
    name: 'a watch is answered before its first event, then each event is a line or a frame of its own',
    frames: true,
    async run(api) {
      const path = api.path('configmaps');
      const from = String(api.server.storage.revision);
      const stream = await api.watch(path, { resourceVersion: from }); // resolves with the headers
      const made = await api.configMap('a');
      await api.configMap('b', { text: 'line\nbreak' });
      const events = await take(stream, 2);
      assert.deepEqual(events[0], { type: 'ADDED', object: made });
      assert.equal(events[1]?.object.data?.text, 'line\nbreak');
      assert.equal(stream.texts.length, 2);
      const type = stream.headers['content-type'];
      if (type !== undefined) assert.equal(type, 'application/json');
      if (stream.headers.connection) assert.equal(stream.headers['transfer-encoding'], 'chunked');
    },
  },
  {
    rules: [22],
    name: 'a watch from a revision tells only what is later',
    frames: true,
    async run(api) {
      const a = await api.configMap('a');
      const b = await api.configMap('b');
      const stream = await api.watch(api.path('configmaps'), { resourceVersion: String(revisionOf(a)) });
      assert.deepEqual((await takeUntilMade(api, stream, 'c')).map(brief), [`ADDED b@${revisionOf(b)}`]);
    },
  },
  {
    rules: [22],
    name: 'a watch from a revision to come is silent until then, without a bookmark from before',
    async run(api) {
      const first = await api.configMap('a');
      const from = revisionOf(first) + 2;
      const query = { resourceVersion: String(from), allowWatchBookmarks: 'true' };
      const stream = await api.watch(api.path('configmaps'), query);
      await api.configMap('b');
      await api.clock.advance(60_000);
      await api.configMap('c');
      await api.clock.advance(60_000);
      const d = await api.configMap('d');
      assert.deepEqual((await take(stream, 1)).map(brief), [`ADDED d@${revisionOf(d)}`]);
      assert.equal(revisionOf(d), from + 1);
    },
  },
  {
    rules: [23],
    name: 'a watch from nowhere begins with what there is, in the order of keys',
    frames: true,
    async run(api) {
      const b = await api.configMap('b');
      const a = await api.configMap('a');
      for (const query of [{}, { resourceVersion: '0' }] as Record<string, string>[]) {
        const stream = await api.watch(api.path('configmaps'), query);
        const events = await takeUntilMade(api, stream, `new${Object.keys(query).length}`);
        assert.deepEqual(events.slice(0, 2).map(brief), [`ADDED a@${revisionOf(a)}`, `ADDED b@${revisionOf(b)}`]);
        stream.close();
      }
    },
  },
  {
    rules: [24, 29],
    name: 'options of a watch that do not go together are HTTP errors before the stream',
    async run(api) {
      const table: [query: Record<string, string>, code: number][] = [
        [{ sendInitialEvents: 'true' }, 422],
        [{ sendInitialEvents: 'true', resourceVersionMatch: 'Exact' }, 422],
        [{ resourceVersionMatch: 'NotOlderThan' }, 422],
        [{ sendInitialEvents: 'false' }, 422],
        [{ labelSelector: 'a in' }, 400],
        [{ fieldSelector: 'spec.none=x' }, 400],
        [{ timeoutSeconds: 'x' }, 400],
      ];
      for (const [query, code] of table) {
        const path = `${api.path('configmaps')}?${new URLSearchParams({ watch: '1', ...query })}`;
        const body = await api.expect(code, 'GET', path);
        assert.deepEqual([body.kind, body.code], ['Status', code], JSON.stringify(query));
      }
    },
  },
  {
    rules: [25],
    name: 'after the initial events there is one marked bookmark, for those who take bookmarks',
    frames: true,
    async run(api) {
      const a = await api.configMap('a');
      const path = api.path('configmaps');
      const stream = await api.watch(path, { ...INITIAL, allowWatchBookmarks: 'true' });
      const [added, end] = await take(stream, 2);
      assert.equal(brief(added!), `ADDED a@${revisionOf(a)}`);
      assert.deepEqual([end?.type, end?.object.metadata.annotations], ['BOOKMARK', { [END]: 'true' }]);
      assert.equal(revisionOf(end!.object), api.server.storage.revision);
      assert.deepEqual(await takeUntilMade(api, stream, 'b'), []);
      const without = await api.watch(path, INITIAL);
      const events = await takeUntilMade(api, without, 'c');
      assert.deepEqual(
        events.map(({ type }) => type),
        ['ADDED', 'ADDED'],
      );
    },
  },
  {
    rules: [26],
    name: 'sendInitialEvents=false begins at the newest state with nothing',
    async run(api) {
      await api.configMap('a');
      const query = { sendInitialEvents: 'false', resourceVersionMatch: 'NotOlderThan' };
      const stream = await api.watch(api.path('configmaps'), query);
      assert.deepEqual(await takeUntilMade(api, stream, 'b'), []);
    },
  },
  {
    rules: [27],
    name: 'a bookmark a minute tells how far the stream is, though all that happened was elsewhere',
    async run(api) {
      const from = String(api.server.storage.revision);
      const path = api.path('configmaps');
      const stream = await api.watch(path, { resourceVersion: from, allowWatchBookmarks: 'true' });
      const silent = await api.watch(path, { resourceVersion: from });
      await api.expect(201, 'POST', api.path('secrets'), { metadata: { name: 's' } });
      const { revision } = api.server.storage;
      await api.clock.advance(60_000);
      const [bookmark] = await take(stream, 1);
      assert.deepEqual(bookmark, {
        type: 'BOOKMARK',
        object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: String(revision) } },
      });
      assert.deepEqual(await takeUntilMade(api, silent, 'a'), []);
    },
  },
  {
    rules: [27],
    name: 'a bookmark comes shortly before the end, so that the next watch begins near it',
    async run(api) {
      const from = String(api.server.storage.revision);
      const query = { resourceVersion: from, allowWatchBookmarks: 'true', timeoutSeconds: '10' };
      const stream = await api.watch(api.path('configmaps'), query);
      await api.expect(201, 'POST', api.path('secrets'), { metadata: { name: 's' } });
      await api.clock.advance(8_000);
      const [bookmark] = await take(stream, 1);
      assert.deepEqual([bookmark?.type, revisionOf(bookmark!.object)], ['BOOKMARK', api.server.storage.revision]);
      await api.clock.advance(2_000);
      assert.deepEqual(await takeAll(stream), []);
    },
  },
  {
    rules: [28],
    name: 'a watch from a revision that was given up is told so with a 410, then ends',
    frames: true,
    async run(api) {
      const own = await api.own({ storageOptions: { compaction: EAGER } });
      const a = await own.configMap('a');
      await own.configMap('b');
      await giveUpHistory(own.server.storage, own.clock);
      const stream = await own.watch(own.path('configmaps'), { resourceVersion: String(revisionOf(a)) });
      const [error, ...more] = await takeAll(stream);
      assert.equal(error?.type, 'ERROR');
      const { code, reason, message } = error!.object;
      assert.deepEqual([code, reason, more], [410, 'Expired', []]);
      assert.match(message ?? '', new RegExp(`^too old resource version: ${revisionOf(a)} \\(\\d+\\)$`));
    },
  },
  {
    rules: [33],
    name: 'timeoutSeconds ends a watch without an error',
    frames: true,
    async run(api) {
      const query = { resourceVersion: String(api.server.storage.revision), timeoutSeconds: '5' };
      const stream = await api.watch(api.path('configmaps'), query);
      await api.clock.advance(4_000);
      const a = await api.configMap('a');
      assert.deepEqual((await take(stream, 1)).map(brief), [`ADDED a@${revisionOf(a)}`]);
      await api.clock.advance(1_000);
      assert.deepEqual(await takeAll(stream), []);
    },
  },
  {
    rules: [33],
    name: 'without it a watch ends by itself between half an hour and an hour',
    async run(api) {
      const own = await api.own(); // an hour passes
      const armed = own.clock.armed(1_800_000, 3_600_000);
      const stream = await own.watch(own.path('configmaps'), { resourceVersion: String(own.server.storage.revision) });
      await armed;
      await own.clock.advance(1_799_000);
      assert.deepEqual(await takeUntilMade(own, stream, 'a'), []);
      await own.clock.advance(1_801_000);
      assert.deepEqual(await takeAll(stream), []);
    },
  },
];
