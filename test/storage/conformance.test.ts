// What every driver's store does; numbers in names are the lines of the checklist in docs/guarantees.md.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Compacted, type StorageEntry, ValueTooLarge, WriteConflict } from '../../src/storage/storage.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { DRIVERS, open } from './drivers.ts';
import { brief, create, drain, PODS, pod, podKey, remove, textOf, update } from './objects.ts';

/** History is given up as soon as the timer looks. */
const EAGER = { keepMs: 0, keepRevisions: 0, everyMs: 1_000 };

for (const driver of DRIVERS) {
  describe(`storage over ${driver.name}`, () => {
    it('counts one revision for each change of any resource (1)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const before = storage.revision;
      const a = await create(storage, 'a');
      const event = await storage.write({ op: 'create', key: '/core/events/default/e', object: pod('e') });
      const changed = await update(storage, a, 'x');
      const gone = await remove(storage, changed);
      assert.deepEqual(
        [a, event, changed, gone].map((e) => e.revision - before),
        [1, 2, 3, 4],
      );
      assert.equal(storage.revision, gone.revision);
    });

    it('never reads as revision 0, which means "any" to a client', async (t) => {
      const storage = await open(t, await driver.url(t));
      assert.ok(storage.list(PODS).revision > 0);
    });

    it('stamps objects with their revision and keeps them from being changed (6)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const given = {
        ...pod('a'),
        metadata: { name: 'a', resourceVersion: '77', selfLink: '/old', labels: { x: '1' } },
      };
      const entry = await storage.write({ op: 'create', key: podKey('a'), object: given });
      const expected = {
        ...pod('a'),
        metadata: { name: 'a', labels: { x: '1' }, resourceVersion: String(entry.revision) },
      };
      assert.deepEqual(entry.object, expected);
      assert.throws(() => Object.assign(entry.object.metadata.labels ?? {}, { x: '2' }), TypeError);
      assert.strictEqual(storage.get(podKey('a')), entry);
    });

    it('makes nothing of an update that changes nothing but the order of fields (7)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const entry = await create(storage, 'a', 'x');
      const watcher = storage.watch(PODS, { after: entry.revision });
      const { spec, metadata, kind, apiVersion } = entry.object as ReturnType<typeof pod>;
      const reordered = { spec, kind, metadata: { ...metadata, resourceVersion: '1' }, apiVersion, status: undefined };
      const same = await storage.write({ op: 'update', key: entry.key, expected: entry.revision, object: reordered });
      assert.strictEqual(same, entry);
      assert.equal(storage.revision, entry.revision);
      assert.deepEqual(await drain(watcher), []);
    });

    it('refuses a write whose key is not at the expected revision, and says what it is at', async (t) => {
      const storage = await open(t, await driver.url(t));
      const entry = await create(storage, 'a');
      const stale = await update(storage, entry, 'x');
      const conflict = (current: StorageEntry | undefined) => (error: unknown) =>
        error instanceof WriteConflict && error.current === current;
      await assert.rejects(create(storage, 'a'), conflict(stale));
      await assert.rejects(update(storage, entry, 'y'), conflict(stale));
      await assert.rejects(remove(storage, entry), conflict(stale));
      const missing = podKey('missing');
      await assert.rejects(storage.write({ op: 'delete', key: missing, expected: 0 }), conflict(undefined));
      await assert.rejects(
        storage.write({ op: 'update', key: missing, expected: 9, object: pod('m') }),
        conflict(undefined),
      );
      assert.equal(storage.revision, stale.revision);
    });

    it('takes writes to one key in the order of the calls', async (t) => {
      const storage = await open(t, await driver.url(t));
      const first = create(storage, 'a', '1');
      const second = create(storage, 'a', '2');
      const other = create(storage, 'b');
      await assert.rejects(second, WriteConflict);
      assert.equal(textOf(await first), '1');
      const entry = await first;
      const race = await Promise.allSettled([update(storage, entry, '2'), update(storage, entry, '3')]);
      assert.deepEqual(
        race.map((r) => r.status),
        ['fulfilled', 'rejected'],
      );
      assert.equal(textOf(storage.get(podKey('a'))), '2');
      await other;
    });

    it('refuses keys and values that it cannot keep', async (t) => {
      const storage = await open(t, await driver.url(t));
      for (const key of ['', 'core/pods/a', '/core/pods', '/core/pods/', '/core/pods/\ud800']) {
        await assert.rejects(storage.write({ op: 'create', key, object: pod('a') }), TypeError, key);
      }
      await assert.rejects(create(storage, 'large', 'x'.repeat(1.5 * 1024 * 1024)), ValueTooLarge);
      assert.equal(textOf(await create(storage, 'large', 'x')), 'x');
    });

    it('lists in byte order of keys (11)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const paths = ['a/x', 'a-b/x', 'b/\u{1f600}', 'b/\uff5e', 'b/z', 'a/x0'];
      for (const p of paths) await storage.write({ op: 'create', key: PODS + p, object: pod('x') });
      const sorted = paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(
        storage.list(PODS).entries.map((e) => e.key.slice(PODS.length)),
        sorted,
      );
      assert.deepEqual(
        storage.list(`${PODS}a/`).entries.map((e) => e.key.slice(PODS.length)),
        ['a/x', 'a/x0'],
      );
    });

    it('pages by matching entries and says where to go on and how much is left (14)', async (t) => {
      const storage = await open(t, await driver.url(t));
      for (const name of ['a', 'b', 'c', 'd', 'e']) await create(storage, name, name < 'c' ? 'low' : 'high');
      const first = storage.list(PODS, { limit: 2 });
      assert.deepEqual([first.entries.map(textOf), first.remaining], [['low', 'low'], 3]);
      const second = storage.list(PODS, { limit: 3, start: first.next });
      assert.deepEqual([second.entries.length, second.remaining, second.next], [3, 0, undefined]);
      const filtered = storage.list(PODS, { limit: 2, filter: (e) => textOf(e) === 'high' });
      assert.deepEqual([filtered.entries.length, filtered.remaining], [2, 1]);
    });

    it('lists exactly what there was at an older revision, page by page (13, 18)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const a = await create(storage, 'a', '1');
      const b = await create(storage, 'b', '1');
      const c = await create(storage, 'c', '1');
      const then = storage.revision;
      await remove(storage, b);
      await update(storage, a, '2');
      await create(storage, 'aa', 'new');
      await remove(storage, c);
      const names = (entries: StorageEntry[]) => entries.map((e) => `${e.key.split('/').at(-1)}=${textOf(e)}`);
      const all = await storage.listAt(PODS, then);
      assert.deepEqual([names(all.entries), all.revision], [['a=1', 'b=1', 'c=1'], then]);
      const page = await storage.listAt(PODS, then, { limit: 2 });
      assert.deepEqual([names(page.entries), page.remaining, page.revision], [['a=1', 'b=1'], 1, then]);
      const rest = await storage.listAt(PODS, then, { limit: 2, start: page.next });
      assert.deepEqual([names(rest.entries), rest.remaining], [['c=1'], 0]);
      await assert.rejects(storage.listAt(PODS, storage.revision + 1), RangeError);
    });

    it('delivers events after a revision once, in order, with what was before (20, 22, 30, 31)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const a = await create(storage, 'a', '1');
      const watcher = storage.watch(PODS, { after: a.revision });
      const b = await create(storage, 'b', '1');
      const changed = await update(storage, a, '2');
      await remove(storage, b);
      await storage.write({ op: 'create', key: '/core/secrets/default/s', object: pod('s') });
      const events = await drain(watcher, 1);
      const r = a.revision;
      assert.deepEqual(events.map(brief), [`ADDED b=1@${r + 1}`, `MODIFIED a=2@${r + 2}`, `DELETED b=1@${r + 3}`]);
      assert.deepEqual(
        events.map((e) => e.previous?.revision),
        [undefined, a.revision, b.revision],
      );
      assert.strictEqual(events[1]?.entry, changed);
      assert.equal(events[2]?.entry.object.metadata.resourceVersion, String(r + 3));
      assert.equal(watcher.position, storage.revision);
    });

    it('shows the last content that a delete names', async (t) => {
      const storage = await open(t, await driver.url(t));
      const a = await create(storage, 'a', '1');
      const watcher = storage.watch(PODS, { after: a.revision });
      const object = { ...pod('a', 'last'), metadata: { name: 'a', deletionGracePeriodSeconds: 0 } };
      const gone = await storage.write({ op: 'delete', key: a.key, expected: a.revision, object });
      assert.equal(textOf(gone), 'last');
      assert.deepEqual((await drain(watcher)).map(brief), [`DELETED a=last@${gone.revision}`]);
    });

    it('tells a recreated object from a changed one (32)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const a = await create(storage, 'a', '1');
      const watcher = storage.watch(PODS, { after: a.revision });
      await remove(storage, a);
      const again = await create(storage, 'a', '1');
      assert.deepEqual(
        (await drain(watcher)).map((e) => e.type),
        ['DELETED', 'ADDED'],
      );
      assert.equal(again.createRevision, again.revision);
    });

    it('keeps a watch from the future silent until then (22)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const watcher = storage.watch(PODS, { after: storage.revision + 2 });
      for (const name of ['a', 'b']) await create(storage, name);
      assert.deepEqual(await drain(watcher), []);
      const c = await create(storage, 'c');
      assert.deepEqual((await drain(watcher)).map(brief), [`ADDED c=@${c.revision}`]);
    });

    it('wakes a watcher once per asking, and only for its own prefix', async (t) => {
      const storage = await open(t, await driver.url(t));
      const watcher = storage.watch(`${PODS}default/`, { after: storage.revision });
      let woken = 0;
      watcher.onReady(() => woken++);
      await storage.write({ op: 'create', key: podKey('a', 'other'), object: pod('a') });
      assert.deepEqual([woken, watcher.position], [0, storage.revision]);
      await create(storage, 'a');
      await create(storage, 'b');
      assert.equal(woken, 1);
      assert.equal((await drain(watcher)).length, 2);
      watcher.onReady(() => woken++);
      watcher.close();
      await create(storage, 'c');
      assert.equal(woken, 1);
    });

    it('waits for a revision, or for the time to pass', async (t) => {
      const clock = fakeClock();
      const storage = await open(t, await driver.url(t), { clock });
      const now = storage.revision;
      assert.equal(await storage.waitFor(now, 0), true);
      const reached = storage.waitFor(now + 1, 3_000);
      const missed = storage.waitFor(now + 5, 3_000);
      await create(storage, 'a');
      assert.equal(await reached, true);
      await clock.advance(3_000);
      assert.equal(await missed, false);
    });

    it('deletes what has outlived its time, as a change of its own (53)', async (t) => {
      const clock = fakeClock();
      const storage = await open(t, await driver.url(t), { clock });
      const write = (name: string, ttlSeconds?: number) =>
        storage.write({ op: 'create', key: podKey(name), object: pod(name), ttlSeconds });
      await Promise.all([write('long', 60), write('short', 10), write('kept')]);
      const renewed = await write('renewed', 10);
      await storage.write({ op: 'update', key: renewed.key, expected: renewed.revision, object: pod('renewed', 'x') });
      const watcher = storage.watch(PODS, { after: storage.revision });
      const next = storage.revision + 1;
      await clock.advance(10_000);
      assert.equal((await storage.waitFor(next, 0)) || (await woken(watcher)), true);
      assert.deepEqual((await drain(watcher)).map(brief), [`DELETED short=@${next}`]);
      const gone = woken(watcher);
      await clock.advance(50_000);
      await gone;
      assert.deepEqual((await drain(watcher)).map(brief), [`DELETED long=@${next + 1}`]);
    });

    it('keeps the boundary of compaction readable and nothing before it (34)', async (t) => {
      const clock = fakeClock();
      const storage = await open(t, await driver.url(t), { clock, compaction: EAGER });
      const a = await create(storage, 'a', '1');
      const lagging = storage.watch(PODS, { after: a.revision });
      const changed = await update(storage, a, '2');
      await clock.advance(2_000);
      assert.equal(storage.compactRevision, changed.revision);
      assert.throws(() => storage.watch(PODS, { after: a.revision }), Compacted);
      await assert.rejects(async () => lagging.take(10), Compacted);
      await assert.rejects(storage.listAt(PODS, a.revision), Compacted);
      assert.deepEqual((await storage.listAt(PODS, changed.revision)).entries.map(textOf), ['2']);
      const watcher = storage.watch(PODS, { after: changed.revision });
      const gone = await remove(storage, changed);
      assert.deepEqual((await drain(watcher)).map(brief), [`DELETED a=2@${gone.revision}`]);
    });

    it('serves slow watchers and exact lists when memory no longer has the events', async (t) => {
      const storage = await open(t, await driver.url(t), { maxEventBytes: 500 });
      const start = storage.revision;
      const slow = storage.watch(PODS, { after: start });
      const expected: string[] = [];
      let entry = await create(storage, 'a', '0');
      expected.push(`ADDED a=0@${entry.revision}`);
      for (let i = 1; i < 40; i++) {
        entry = await update(storage, entry, String(i));
        expected.push(`MODIFIED a=${i}@${entry.revision}`);
      }
      assert.deepEqual((await drain(slow, 7)).map(brief), expected);
      assert.equal(slow.position, storage.revision);
      assert.deepEqual((await storage.listAt(PODS, start + 5)).entries.map(textOf), ['4']);
      assert.deepEqual((await storage.listAt(PODS, start)).entries, []);
    });

    it('refuses writes once it is closed', async (t) => {
      const storage = await open(t, await driver.url(t));
      const last = create(storage, 'a');
      await Promise.all([storage.close(), storage.close()]);
      assert.equal(textOf(await last), '');
      await assert.rejects(create(storage, 'b'), /the store is closed/);
    });

    it('lists an empty prefix at a revision from which a watch misses nothing (2.2 a)', async (t) => {
      const storage = await open(t, await driver.url(t));
      for (let i = 0; i < 50; i++) {
        const prefix = `${PODS}ns${i}/`;
        const write = storage.write({ op: 'create', key: `${prefix}a`, object: pod('a') });
        const seen: [number, number][] = [];
        const probe = () => {
          const page = storage.list(prefix);
          if (page.entries.length === 0) seen.push([page.revision, i]);
        };
        probe();
        await Promise.race([write, Promise.resolve().then(probe)]);
        probe();
        const entry = await write;
        for (const [revision] of seen) {
          assert.ok(revision < entry.revision);
          assert.equal((await drain(storage.watch(prefix, { after: revision }))).length, 1);
        }
      }
    });

    it('never gives a page an older revision than its entries, nor a newer one (2.2 b)', async (t) => {
      const storage = await open(t, await driver.url(t));
      let entries = await Promise.all(Array.from({ length: 20 }, (_, i) => create(storage, `p${i}`, '0')));
      for (let round = 1; round < 10; round++) {
        const writes = Promise.all(entries.map((entry) => update(storage, entry, String(round))));
        const page = storage.list(PODS, { limit: 10 });
        entries = await writes;
        assert.ok(page.entries.every((entry) => entry.revision <= page.revision));
        const exact = await storage.listAt(PODS, page.revision, { limit: 10 });
        assert.deepEqual(exact.entries, page.entries);
      }
    });

    it('makes revisions visible in their order, without one appearing late (2.2 c)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const watcher = storage.watch(PODS, { after: storage.revision });
      const first = storage.revision + 1;
      await Promise.all(Array.from({ length: 600 }, (_, i) => create(storage, `p${i}`)));
      const revisions = (await drain(watcher, 64)).map((e) => e.revision);
      assert.deepEqual(
        revisions,
        Array.from({ length: 600 }, (_, i) => first + i),
      );
    });

    if (driver.survives) {
      it('finds everything again: objects, history, revisions, deadlines', async (t) => {
        const url = await driver.url(t);
        const before = await open(t, url);
        const a = await create(before, 'a', '1');
        await update(before, a, '2');
        const b = await create(before, 'b', '1');
        await before.write({ op: 'create', key: '/core/events/default/e', object: pod('e'), ttlSeconds: 1 });
        await remove(before, b);
        const { revision } = before;
        const listed = before.list(PODS).entries;
        const events = (await drain(before.watch(PODS, { after: a.revision }))).map(brief);
        await before.close();

        const clock = fakeClock();
        const after = await open(t, url, { clock });
        assert.equal(after.revision, revision);
        assert.deepEqual(after.list(PODS).entries, listed);
        assert.deepEqual((await drain(after.watch(PODS, { after: a.revision }))).map(brief), events);
        assert.deepEqual((await after.listAt(PODS, b.revision)).entries.map(textOf), ['2', '1']);
        const expiries = after.watch('/core/events/', { after: revision });
        const gone = woken(expiries);
        await clock.advance(119_000);
        assert.equal(after.list('/core/events/').entries.length, 1);
        await clock.advance(1_000);
        await gone;
        assert.equal((await create(after, 'c')).revision, revision + 2);
      });
    }
  });
}

const woken = (watcher: { onReady(wake: () => void): void }): Promise<true> =>
  new Promise((resolve) => watcher.onReady(() => resolve(true)));
