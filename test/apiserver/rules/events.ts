// Rules 30-32, 34 and 35: what a watch tells of changes.
import assert from 'node:assert/strict';
import { giveUpHistory } from '../../storage/drivers.ts';
import { brief, EAGER, type RuleCase, revisionOf, take, takeUntilMade } from './rule.ts';

const MERGE = 'application/merge-patch+json';

export const eventRules: readonly RuleCase[] = [
  {
    rules: [30],
    name: 'objects that begin or cease to match a selector come and go for who watches through it',
    frames: true,
    async run(api) {
      const path = api.path('configmaps');
      const made = await api.configMap('a', { n: '1' }, { keep: 'yes' });
      const query = { labelSelector: 'keep=yes', resourceVersion: String(revisionOf(made)) };
      const stream = await api.watch(path, query);
      const change = (keep: string, n: string) =>
        api.expect(200, 'PATCH', `${path}/a`, { metadata: { labels: { keep } }, data: { n } }, MERGE);
      const matches = await change('yes', '2');
      const left = await change('no', '3');
      await change('no', '4');
      const back = await change('yes', '5');
      await change('no', '6');
      await api.expect(200, 'DELETE', `${path}/a`); // out of sight already
      const events = await take(stream, 4);
      assert.deepEqual(events.slice(0, 3).map(brief), [
        `MODIFIED a@${revisionOf(matches)}`,
        `DELETED a@${revisionOf(left)}`,
        `ADDED a@${revisionOf(back)}`,
      ]);
      assert.deepEqual(
        events.map(({ object }) => object.data?.n),
        ['2', '2', '5', '5'],
        'what left is shown as it was when it matched',
      );
      const marker = await api.expect(201, 'POST', path, { metadata: { name: 'marker', labels: { keep: 'yes' } } });
      assert.deepEqual((await take(stream, 1)).map(brief), [`ADDED marker@${revisionOf(marker)}`]);
    },
  },
  {
    rules: [30],
    name: 'DELETED has the last content and the revision of the deletion',
    async run(api) {
      const path = api.path('configmaps');
      const made = await api.configMap('a', { n: '1' });
      const stream = await api.watch(path, { resourceVersion: String(revisionOf(made)) });
      await api.expect(200, 'DELETE', `${path}/a`);
      const [gone] = await take(stream, 1);
      const resourceVersion = String(api.server.storage.revision);
      assert.deepEqual(gone, { type: 'DELETED', object: { ...made, metadata: { ...made.metadata, resourceVersion } } });
    },
  },
  {
    rules: [31],
    name: 'revisions on a stream increase strictly, and nothing is repeated or left out, also when it is resumed',
    frames: true,
    async run(api) {
      const path = api.path('configmaps');
      const from = api.server.storage.revision;
      const whole = await api.watch(path, { resourceVersion: String(from) });
      const writer = async (name: string) => {
        await api.configMap(name);
        for (let i = 0; i < 8; i++)
          await api.expect(200, 'PATCH', `${path}/${name}`, { data: { n: String(i) } }, MERGE);
        await api.expect(200, 'DELETE', `${path}/${name}`);
      };
      const writers = Promise.all(['a', 'b', 'c'].map(writer));
      const pieces: string[] = [];
      for (let position = from; pieces.length < 30; ) {
        const piece = await api.watch(path, { resourceVersion: String(position) });
        for (const event of await take(piece, Math.min(4, 30 - pieces.length))) {
          pieces.push(brief(event));
          position = revisionOf(event.object);
        }
        piece.close();
      }
      await writers;
      const events = (await take(whole, 30)).map(brief);
      assert.deepEqual(pieces, events);
      const revisions = events.map((event) => Number(event.split('@')[1]));
      assert.ok(revisions.every((revision, i) => i === 0 || revision > revisions[i - 1]!));
      assert.equal(revisions.at(-1), api.server.storage.revision);
    },
  },
  {
    rules: [32],
    name: 'an object made again under its name is DELETED and ADDED with another uid',
    async run(api) {
      const path = api.path('configmaps');
      const first = await api.configMap('a');
      const stream = await api.watch(path, { resourceVersion: String(revisionOf(first)) });
      await api.expect(200, 'DELETE', `${path}/a`);
      await api.configMap('a');
      const [gone, made] = await take(stream, 2);
      assert.deepEqual([gone?.type, made?.type], ['DELETED', 'ADDED']);
      assert.equal(gone?.object.metadata.uid, first.metadata.uid);
      assert.notEqual(made?.object.metadata.uid, first.metadata.uid);
    },
  },
  {
    rules: [34],
    name: 'a watch from the oldest revision that is kept gets all after it, deletions too',
    async run(api) {
      const own = await api.own({ storageOptions: { compaction: EAGER } });
      const path = own.path('configmaps');
      await own.configMap('a');
      await own.configMap('b');
      await giveUpHistory(own.server.storage, own.clock);
      const oldest = own.server.storage.compactRevision;
      await own.expect(200, 'DELETE', `${path}/a`);
      await own.expect(200, 'DELETE', `${path}/b`);
      const stream = await own.watch(path, { resourceVersion: String(oldest) });
      assert.deepEqual((await take(stream, 2)).map(brief), [`DELETED a@${oldest + 1}`, `DELETED b@${oldest + 2}`]);
    },
  },
  {
    rules: [34],
    name: 'a watch goes on over a restart of the server from where it was',
    survives: true,
    async run(api) {
      const before = await api.own();
      const path = before.path('configmaps');
      const a = await before.configMap('a', { n: '1' });
      await before.expect(200, 'PATCH', `${path}/a`, { data: { n: '2' } }, MERGE);
      await before.expect(200, 'DELETE', `${path}/a`);
      await before.stop();
      const after = await api.own({ storageUrl: before.storageUrl });
      const from = revisionOf(a);
      const stream = await after.watch(path, { resourceVersion: String(from) });
      const events = await takeUntilMade(after, stream, 'b');
      assert.deepEqual(events.map(brief), [`MODIFIED a@${from + 1}`, `DELETED a@${from + 2}`]);
      assert.deepEqual(events[1]?.object.data, { n: '2' });
    },
  },
  {
    rules: [35],
    name: 'a watch of one name, by field selector or by path, tells of that one only',
    frames: true,
    async run(api) {
      const path = api.path('configmaps');
      const made = await api.configMap('a');
      const from = { resourceVersion: String(revisionOf(made)) };
      const streams = [
        await api.watch(path, { ...from, fieldSelector: 'metadata.name=a' }),
        await api.watch(path.replace('/v1/', '/v1/watch/').concat('/a'), from), // deprecated, and served upstream
      ];
      await api.configMap('ab');
      const changed = await api.expect(200, 'PATCH', `${path}/a`, { data: { n: '1' } }, MERGE);
      for (const stream of streams) {
        assert.deepEqual((await take(stream, 1)).map(brief), [`MODIFIED a@${revisionOf(changed)}`]);
      }
    },
  },
  {
    rules: [35],
    name: 'a path and a selector that name two objects are 400',
    async run(api) {
      const path = api.path('configmaps').replace('/v1/', '/v1/watch/');
      const { message } = await api.expect(400, 'GET', `${path}/a?fieldSelector=metadata.name%3Db`);
      assert.equal(message, "fieldSelector metadata.name doesn't match requested name");
    },
  },
];
