// Faults that etcd had and its robustness tests list (etcd-io/etcd tests/robustness/README.md), kept out of this store.
import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Compacted } from '../../src/storage/storage.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { DRIVERS, giveUpHistory, open, openWrapped, temporaryDirectory } from './drivers.ts';
import { brief, create, drain, PODS, pod, podKey, remove, textOf, update } from './objects.ts';

const EAGER = { keepMs: 0, keepRevisions: 0, everyMs: 1_000 };

for (const driver of DRIVERS) {
  describe(`faults of etcd, over ${driver.name}`, () => {
    it('no write is answered before it is stored (etcd#14370)', async (t) => {
      let stored = 0;
      let answered = 0;
      const storage = await openWrapped(t, {
        driver,
        wrap: (inner) => ({
          ...inner,
          async commit(changes, at) {
            const results = await inner.commit(changes, at);
            stored += results.length;
            return results;
          },
        }),
      });
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          await create(storage, `p${i}`);
          answered += 1;
          assert.ok(answered <= stored);
        }),
      );
    });

    it('progress is not ahead of events that are still to come (etcd#15220)', async (t) => {
      const storage = await open(t, await driver.url(t), { maxEventBytes: 100 });
      const watcher = storage.watch(PODS, { after: storage.revision });
      const writes = Promise.all(Array.from({ length: 200 }, (_, i) => create(storage, `p${i}`)));
      let taken = 0;
      while (taken < 200) {
        const position = watcher.position;
        const events = await watcher.take(7);
        taken += events.length;
        assert.ok(
          events.every((event) => event.revision > position),
          'an event from before the position that was promised',
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writes;
    });

    it('a resumed watch does not go back in time (etcd#15271)', async (t) => {
      const storage = await open(t, await driver.url(t), { maxEventBytes: 100 });
      let position = storage.revision;
      let entry = await create(storage, 'a', '0');
      const seen: string[] = [];
      for (let i = 1; i <= 30; i++) {
        entry = await update(storage, entry, String(i));
        if (i % 3 !== 0) continue;
        const watcher = storage.watch(PODS, { after: position });
        for (const event of await watcher.take(2)) {
          assert.ok(event.revision > position);
          position = event.revision;
          seen.push(textOf(event.entry) ?? '');
        }
        watcher.close();
      }
      assert.deepEqual(
        seen,
        seen.map((_, i) => String(i)),
      );
    });

    it('changes of one batch are told once each (etcd#17247)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const watchers = [PODS, `${PODS}default/`, PODS].map((prefix) =>
        storage.watch(prefix, { after: storage.revision }),
      );
      const made = await Promise.all(Array.from({ length: 300 }, (_, i) => create(storage, `p${i}`)));
      await Promise.all(made.map((entry) => update(storage, entry, 'x')));
      for (const watcher of watchers) {
        const revisions = (await drain(watcher, 11)).map(({ revision }) => revision);
        assert.deepEqual(
          revisions,
          Array.from({ length: 600 }, (_, i) => made[0]!.revision + i),
        );
      }
    });

    it('a watcher that hardly gets its turn loses nothing (etcd#17529)', async (t) => {
      const storage = await open(t, await driver.url(t), { maxEventBytes: 2_000 });
      const start = storage.revision;
      const starved = storage.watch(PODS, { after: start });
      const busy = Array.from({ length: 20 }, () => storage.watch(PODS, { after: start }));
      const revisions: number[] = [];
      for (let round = 0; round < 20; round++) {
        await Promise.all(Array.from({ length: 20 }, (_, i) => create(storage, `p${round}-${i}`)));
        for (const watcher of busy) await drain(watcher);
        revisions.push(...(await starved.take(1)).map(({ revision }) => revision));
      }
      revisions.push(...(await drain(starved, 3)).map(({ revision }) => revision));
      assert.deepEqual(
        revisions,
        Array.from({ length: 400 }, (_, i) => start + 1 + i),
      );
    });

    it('a deletion at the border of compaction is told to who watches from before it (etcd#18089, etcd#19179)', async (t) => {
      const clock = fakeClock();
      const storage = await open(t, await driver.url(t), { clock, compaction: EAGER, maxEventBytes: 0 });
      const a = await create(storage, 'a');
      const b = await create(storage, 'b');
      const goneA = await remove(storage, a);
      await giveUpHistory(storage, clock);
      assert.equal(storage.compactRevision, goneA.revision, 'the deletion is the newest that was given up');
      assert.deepEqual(await drain(storage.watch(PODS, { after: goneA.revision })), []);
      const goneB = await remove(storage, b);
      const c = await create(storage, 'c');
      const watcher = storage.watch(PODS, { after: goneA.revision });
      const events = [`DELETED b=@${goneB.revision}`, `ADDED c=@${c.revision}`];
      assert.deepEqual((await drain(watcher)).map(brief), events);
    });

    it('the oldest revision reads as it was, and while it is given up either that or Compacted (etcd#18667)', async (t) => {
      const clock = fakeClock();
      const storage = await open(t, await driver.url(t), { clock, compaction: EAGER, maxEventBytes: 0 });
      let entry = await create(storage, 'a', '0');
      for (let i = 1; i <= 20; i++) entry = await update(storage, entry, String(i));
      const reads = Array.from({ length: 20 }, (_, i) => {
        const at = entry.revision - i;
        return Promise.allSettled([storage.getAt(entry.key, at), storage.listAt(PODS, at)]).then((found) => ({
          at,
          found,
        }));
      });
      await giveUpHistory(storage, clock);
      for (const { at, found } of await Promise.all(reads)) {
        for (const result of found) {
          if (result.status === 'rejected')
            assert.ok(result.reason instanceof Compacted && at < storage.compactRevision);
          else {
            const read = result.value && 'entries' in result.value ? result.value.entries[0] : result.value;
            assert.equal(textOf(read), String(20 - (entry.revision - at)));
          }
        }
      }
      assert.deepEqual((await storage.listAt(PODS, storage.compactRevision)).entries.map(textOf), ['20']);
      await assert.rejects(storage.getAt(entry.key, storage.compactRevision - 1), Compacted);
    });

    it('a watch from a revision to come is told nothing of before (etcd#20221)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const from = storage.revision + 3;
      const watcher = storage.watch(PODS, { after: from });
      for (const name of ['a', 'b', 'c']) {
        await create(storage, name);
        assert.deepEqual(await drain(watcher), []);
        assert.ok(watcher.position >= from);
      }
      const d = await create(storage, 'd');
      assert.deepEqual((await drain(watcher)).map(brief), [`ADDED d=@${d.revision}`]);
    });

    if (!driver.survives) return;

    it('after a crash the files hold all that was answered, and memory what the files hold (etcd#13766)', async (t) => {
      const url = await driver.url(t);
      const storage = await open(t, url);
      await Promise.all(Array.from({ length: 50 }, (_, i) => create(storage, `p${i}`)));
      const copy = await copyAsAfterCrash(url, await temporaryDirectory(t));
      const after = await open(t, copy);
      assert.deepEqual(after.list(PODS), storage.list(PODS));
      assert.equal(after.revision, storage.revision);
    });

    it('giving up history and space changes nothing of what is current, in memory or on disk (etcd#14685)', async (t) => {
      const url = await driver.url(t);
      const clock = fakeClock();
      const storage = await open(t, url, { clock, compaction: EAGER });
      for (let round = 0; round < 4; round++) {
        const made = await Promise.all(
          Array.from({ length: 40 }, (_, i) => create(storage, `r${round}-${i}`, 'x'.repeat(5_000))),
        );
        await Promise.all(made.slice(10).map((entry) => remove(storage, entry)));
        await giveUpHistory(storage, clock);
      }
      const listed = storage.list(PODS);
      assert.equal(listed.entries.length, 40);
      const copy = await copyAsAfterCrash(url, await temporaryDirectory(t));
      assert.deepEqual((await open(t, copy)).list(PODS), listed);
    });

    it('a crash while history is given up does not take revisions back (etcd#17780)', async (t) => {
      const url = await driver.url(t);
      const clock = fakeClock();
      const storage = await open(t, url, { clock, compaction: EAGER });
      let revision = 0;
      for (let i = 0; i < 5; i++) revision = (await remove(storage, await create(storage, 'a'))).revision;
      await giveUpHistory(storage, clock); // the newest rows are tombstones, and go
      const copy = await copyAsAfterCrash(url, await temporaryDirectory(t));
      const after = await open(t, copy);
      assert.equal(after.revision, revision);
      const entry = await after.write({ op: 'create', key: podKey('a'), object: pod('a') });
      assert.equal(entry.revision, revision + 1);
    });
  });
}

/** The files of a store that is open, as they would be found after SIGKILL. */
async function copyAsAfterCrash(url: string, directory: string): Promise<string> {
  const from = path.dirname(url.slice('sqlite:'.length));
  for (const name of ['state.db', 'state.db-wal', 'volatile.db', 'volatile.db-wal']) {
    await copyFile(path.join(from, name), path.join(directory, name));
  }
  return `sqlite:${path.join(directory, 'state.db')}`;
}
