// The rules of docs/guarantees.md that are the store's own, as far as conformance.test.ts does not show them, and the
// proof that each of them is shown for every driver.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, test } from 'node:test';
import { ValueTooLarge, WriteConflict } from '../../src/storage/storage.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { DRIVERS, giveUpHistory, open, openWrapped } from './drivers.ts';
import { brief, create, drain, PODS, pod, podKey, remove, textOf, update } from './objects.ts';

/** What the store promises itself; the other rules are the API's (test/apiserver/rules). */
const RULES = [1, 2, 3, 4, 6, 7, 11, 13, 14, 18, 20, 22, 27, 30, 31, 32, 34, 51, 52, 53];

for (const driver of DRIVERS) {
  describe(`rules over ${driver.name}`, () => {
    it('shows nothing of a change, to reads, watches or waits, before it is durable (2)', async (t) => {
      const gate = Promise.withResolvers<void>();
      const storage = await openWrapped(t, {
        driver,
        wrap: (inner) => ({
          ...inner,
          async commit(...batch) {
            const results = await inner.commit(...batch);
            await gate.promise;
            return results;
          },
        }),
      });
      const { revision } = storage;
      const watcher = storage.watch(PODS, { after: revision });
      let woken = false;
      watcher.onReady(() => {
        woken = true;
      });
      let settled = false;
      const write = create(storage, 'a').finally(() => {
        settled = true;
      });
      const reached = storage.waitFor(revision + 1, 60_000);
      await fakeClock().advance(0); // lets everything run that can
      assert.deepEqual(
        [storage.revision, storage.get(podKey('a')), storage.list(PODS).entries, woken, settled],
        [revision, undefined, [], false, false],
      );
      assert.deepEqual(await watcher.take(10), []);
      gate.resolve();
      const entry = await write;
      assert.equal(await reached, true);
      assert.deepEqual((await drain(watcher)).map(brief), [`ADDED a=@${entry.revision}`]);
      assert.ok(woken);
    });

    it('uses no revision for what was refused or failed, and none twice (3)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const a = await create(storage, 'a');
      const seen = [a.revision];
      for (let i = 0; i < 5; i++) {
        await assert.rejects(create(storage, 'a'), WriteConflict);
        await assert.rejects(create(storage, `huge${i}`, 'x'.repeat(2 ** 21)), ValueTooLarge);
        seen.push((await create(storage, `b${i}`)).revision);
      }
      assert.deepEqual(
        seen,
        seen.map((_, i) => a.revision + i),
      );
    });

    it('lists, whenever it is asked, all revisions up to its own and none after (4)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const lists: { revision: number; revisions: number[] }[] = [];
      const look = () => {
        const { revision, entries } = storage.list(PODS);
        lists.push({ revision, revisions: entries.map((entry) => entry.revision) });
      };
      const writes = Array.from({ length: 300 }, async (_, i) => {
        const entry = await create(storage, `p${i}`);
        look();
        return entry.revision;
      });
      const revisions = await Promise.all(writes);
      for (const list of lists) {
        const due = revisions.filter((revision) => revision <= list.revision);
        assert.deepEqual(
          list.revisions.toSorted((a, b) => a - b),
          due.toSorted((a, b) => a - b),
        );
      }
    });

    it('promises at a watch’s position only what was taken (27)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const watcher = storage.watch(PODS, { after: storage.revision });
      for (const name of ['a', 'b', 'c']) await create(storage, name);
      await storage.write({ op: 'create', key: '/core/secrets/default/s', object: pod('s') });
      for (;;) {
        const [event] = await watcher.take(1);
        if (!event) break;
        assert.ok(watcher.position >= event.revision);
        const untaken = storage.list(PODS).entries.filter((entry) => entry.revision > event.revision);
        assert.ok(untaken.every((entry) => entry.revision > watcher.position));
      }
      assert.equal(watcher.position, storage.revision); // also past what is another resource's
    });

    it('takes 1.5 MiB of a value and not a byte more, of its UTF-8 (51)', async (t) => {
      const storage = await open(t, await driver.url(t));
      const room = 1.5 * 1024 * 1024 - Buffer.byteLength(JSON.stringify(pod('a', '')));
      await create(storage, 'a', 'x'.repeat(room));
      await assert.rejects(create(storage, 'b', 'x'.repeat(room + 1)), ValueTooLarge);
      await assert.rejects(create(storage, 'c', 'ä'.repeat(room / 2 + 1)), ValueTooLarge);
      const [a] = storage.list(PODS).entries;
      await assert.rejects(update(storage, a!, 'x'.repeat(room + 1)), ValueTooLarge);
      assert.equal(textOf(storage.get(podKey('a')))?.length, room);
    });

    it('names in a conflict what the key holds now, so that a retry on it goes through (52)', async (t) => {
      const storage = await open(t, await driver.url(t));
      await create(storage, 'n', '0');
      const add = async () => {
        for (let held = storage.get(podKey('n')); ; ) {
          try {
            return await update(storage, held!, String(Number(textOf(held)) + 1));
          } catch (error) {
            assert.ok(error instanceof WriteConflict);
            held = error.current;
          }
        }
      };
      const done = await Promise.all(Array.from({ length: 30 }, add));
      assert.deepEqual(
        done.map(textOf).toSorted((a, b) => Number(a) - Number(b)),
        done.map((_, i) => String(i + 1)),
      );
    });

    if (driver.survives) {
      it('counts on after a restart, also when the newest revision was a deletion that was given up (3)', async (t) => {
        const url = await driver.url(t);
        const clock = fakeClock();
        const before = await open(t, url, { clock, compaction: { keepMs: 0, keepRevisions: 0, everyMs: 1_000 } });
        const gone = await remove(before, await create(before, 'a'));
        await giveUpHistory(before, clock);
        await before.close();
        const after = await open(t, url);
        assert.equal(after.revision, gone.revision);
        assert.equal((await create(after, 'a')).revision, gone.revision + 1);
      });
    }
  });
}

test('every rule of the store is named by a test that runs over every driver', () => {
  const titles = globSync('*.test.ts', { cwd: import.meta.dirname })
    .map((file) => readFileSync(path.join(import.meta.dirname, file), 'utf8'))
    .filter((text) => text.includes('for (const driver of DRIVERS)'))
    .flatMap((text) =>
      [...text.matchAll(/\bit\('.*\(([\d, ]+)\)'/g)].map(([, numbers]) => numbers!.split(', ').map(Number)),
    );
  const named = new Set(titles.flat());
  assert.deepEqual(
    RULES.filter((rule) => !named.has(rule)),
    [],
  );
  assert.deepEqual(
    [...named].filter((rule) => !RULES.includes(rule)),
    [],
  );
});
