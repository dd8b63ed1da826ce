// What every driver's store says of the past: contents at a revision, the revision of a time, who changed what.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Compacted, type Origin, type Revised, type Storage } from '../../src/storage/storage.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { DRIVERS, open } from './drivers.ts';
import { brief, create, PODS, pod, podKey, remove, textOf, update } from './objects.ts';

const EAGER = { keepMs: 0, keepRevisions: 0, everyMs: 1_000 };

const alice: Origin = {
  user: 'alice',
  verb: 'patch',
  subresource: 'status',
  userAgent: 'kubectl/v1.36',
  fieldManager: 'kubectl-edit',
};

const put = async (storage: Storage, name: string, options: { text?: string; origin?: Origin } = {}) => {
  const { text = '', origin } = options;
  const key = podKey(name);
  const object = pod(name, text);
  const held = storage.get(key);
  return await storage.write(
    held ? { op: 'update', key, expected: held.revision, object, origin } : { op: 'create', key, object, origin },
  );
};

const all = (storage: Storage) => storage.changes({ prefix: '/', limit: 100 });
const revisions = (changes: Revised[]) => changes.map(({ revision }) => revision);

for (const driver of DRIVERS) {
  describe(`history over ${driver.name}`, () => {
    it('gives an object as it was at any revision', async (t) => {
      const storage = await open(t, await driver.url(t), { maxEventBytes: 0 });
      const before = storage.revision;
      const a = await create(storage, 'a', '1');
      const other = await create(storage, 'ab', 'other');
      const changed = await update(storage, a, '2');
      const gone = await remove(storage, changed);
      const again = await create(storage, 'a', '3');
      const texts = [];
      for (let at = before; at <= again.revision; at++) texts.push(textOf(await storage.getAt(a.key, at)));
      assert.deepEqual(texts, [undefined, '1', '1', '2', undefined, '3']);
      const then = await storage.getAt(a.key, other.revision);
      assert.deepEqual(
        [then?.revision, then?.createRevision, then?.object.metadata.resourceVersion],
        [a.revision, a.revision, String(a.revision)],
      );
      assert.equal((await storage.getAt(a.key, gone.revision - 1))?.createRevision, a.revision);
      await assert.rejects(storage.getAt(a.key, again.revision + 1), RangeError);
    });

    it('tells the changes of an object, of a prefix and of all, newest first, with time and origin', async (t) => {
      const clock = fakeClock();
      const storage = await open(t, await driver.url(t), { clock });
      const a = await put(storage, 'a', { text: '1', origin: alice });
      await clock.advance(1_500);
      const b = await put(storage, 'b', { text: '1', origin: { user: 'bob', verb: 'create' } });
      const changed = await put(storage, 'a', { text: '2' });
      const gone = await storage.write({ op: 'delete', key: a.key, expected: changed.revision, origin: alice });
      await storage.write({ op: 'create', key: '/core/secrets/default/a', object: pod('a') });

      const changes = await storage.changes({ prefix: a.key, exact: true, limit: 10 });
      assert.deepEqual(changes.map(brief), [
        `DELETED a=2@${gone.revision}`,
        `MODIFIED a=2@${changed.revision}`,
        `ADDED a=1@${a.revision}`,
      ]);
      assert.deepEqual(
        changes.map(({ origin }) => origin),
        [alice, undefined, alice],
      );
      assert.deepEqual(
        changes.map(({ time }) => time - clock.now()),
        [0, 0, -1_500],
      );
      assert.deepEqual(
        changes.map(({ previous }) => [previous?.revision, textOf(previous)]),
        [
          [changed.revision, '2'],
          [a.revision, '1'],
          [undefined, undefined],
        ],
      );
      const under = (query: object) => storage.changes({ prefix: PODS, limit: 10, ...query }).then(revisions);
      assert.deepEqual(await under({}), [gone.revision, changed.revision, b.revision, a.revision]);
      assert.deepEqual(await under({ user: 'alice' }), [gone.revision, a.revision]);
      assert.deepEqual(await under({ user: 'alice', limit: 1 }), [gone.revision]);
      assert.deepEqual(await under({ after: a.revision, upTo: changed.revision }), [changed.revision, b.revision]);
      assert.deepEqual(await under({ prefix: `${PODS}other/` }), []);
      assert.equal((await all(storage)).length, 5);
    });

    it('keeps 256 characters of each text of an origin', async (t) => {
      const storage = await open(t, await driver.url(t));
      const long = 'x'.repeat(300);
      await put(storage, 'a', { origin: { user: long, verb: 'create', userAgent: `${'y'.repeat(255)}\u{1f600}` } });
      const [change] = await all(storage);
      assert.deepEqual(change?.origin, {
        user: 'x'.repeat(256),
        verb: 'create',
        userAgent: `${'y'.repeat(255)}\ufffd`,
      });
    });

    it('says that an expired object was deleted by the store itself', async (t) => {
      const clock = fakeClock();
      const storage = await open(t, await driver.url(t), { clock });
      await storage.write({ op: 'create', key: podKey('a'), object: pod('a'), ttlSeconds: 10 });
      const gone = storage.waitFor(storage.revision + 1, 60_000);
      await clock.advance(10_000);
      assert.equal(await gone, true);
      assert.deepEqual((await all(storage))[0]?.origin, { user: 'system:apiserver', verb: 'expire' });
    });

    it('finds the newest revision of a time', async (t) => {
      const clock = fakeClock();
      const storage = await open(t, await driver.url(t), { clock });
      const begin = clock.now();
      const empty = storage.revision;
      await clock.advance(1_000);
      const a = await create(storage, 'a');
      const b = await create(storage, 'b');
      await clock.advance(1_000);
      const c = await create(storage, 'c');
      const found = [];
      for (const ms of [0, 999, 1_000, 1_999, 2_000, 9_000]) found.push(await storage.revisionAt(begin + ms));
      assert.deepEqual(found, [empty, empty, b.revision, b.revision, c.revision, c.revision]);
      assert.ok(a.revision < b.revision);
      await assert.rejects(storage.revisionAt(begin - 1), Compacted);
      assert.deepEqual(await storage.oldest('/'), { revision: empty, time: begin });
    });

    it('takes the newest run of a clock that was set back, and keeps the time that each change was given', async (t) => {
      const clock = fakeClock();
      let offset = 0;
      const now = () => clock.now() + offset;
      const monotonic = () => clock.monotonic() * 1.000_001; // as the system's is: no whole number
      const storage = await open(t, await driver.url(t), { clock: { ...clock, now, monotonic } });
      const begin = now();
      const a = await create(storage, 'a', '1');
      await clock.advance(10 * 60_000);
      const b = await create(storage, 'b', '1');
      offset = -5 * 60_000;
      const again = await create(storage, 'c', '1');
      await clock.advance(60_000);
      const last = await create(storage, 'd', '1');
      const minutes = [0, 4, 5, 5.5, 6, 9, 10];
      const found = [];
      for (const minute of minutes) found.push(await storage.revisionAt(begin + minute * 60_000));
      const { revision } = again;
      assert.deepEqual(found, [a.revision, a.revision, revision, revision, ...Array(3).fill(last.revision)]);
      assert.deepEqual(
        (await all(storage)).map(({ time }) => (time - begin) / 60_000),
        [6, 5, 10, 0],
      );
      assert.ok(b.revision < revision);
    });

    it('gives up what is compacted', async (t) => {
      const clock = fakeClock();
      const storage = await open(t, await driver.url(t), { clock, compaction: EAGER });
      const a = await create(storage, 'a', '1');
      const first = clock.now();
      await clock.advance(500);
      const changed = await update(storage, a, '2');
      const second = clock.now();
      await clock.advance(2_000);
      await assert.rejects(storage.getAt(a.key, a.revision), (error: unknown) => {
        return error instanceof Compacted && error.compactRevision === changed.revision;
      });
      assert.equal(textOf(await storage.getAt(a.key, changed.revision)), '2');
      await assert.rejects(storage.revisionAt(first), Compacted);
      assert.equal(await storage.revisionAt(second), changed.revision);
      assert.deepEqual(await all(storage), []);
      assert.deepEqual(await storage.oldest(PODS), { revision: changed.revision, time: second });
      await assert.rejects(storage.oldest('nothing'), TypeError);
    });

    if (driver.survives) {
      it('finds times and origins again after a restart', async (t) => {
        const url = await driver.url(t);
        const clock = fakeClock();
        const before = await open(t, url, { clock });
        const a = await put(before, 'a', { text: '1', origin: alice });
        const then = clock.now();
        await clock.advance(1_000);
        await put(before, 'a', { text: '2' });
        const changes = await all(before);
        await before.close();
        await clock.advance(60_000);
        const after = await open(t, url, { clock });
        assert.deepEqual(await all(after), changes);
        assert.equal(await after.revisionAt(then), a.revision);
        assert.equal(await after.revisionAt(clock.now()), after.revision);
        assert.equal(textOf(await after.getAt(a.key, a.revision)), '1');
      });
    }
  });
}
