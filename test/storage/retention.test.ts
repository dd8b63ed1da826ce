// For how long history is kept: by time for which the store was open, by size, for each resource its own, and never
// less than watches need.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { CompactionPolicy } from '../../src/storage/compaction.ts';
import { Compacted, type Storage, type StorageEntry } from '../../src/storage/storage.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { DRIVERS, open } from './drivers.ts';
import { create, drain, PODS, pod, podKey, remove, textOf, update } from './objects.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const POLICY: CompactionPolicy = {
  keepMs: 5 * MINUTE,
  keepRevisions: 3,
  everyMs: MINUTE,
  historyMs: 2 * HOUR,
  historyBytes: 1e9,
  historyOf: new Map([
    ['/core/events/', 0],
    ['/core/secrets/', 6 * HOUR],
  ]),
};

const SECRET = '/core/secrets/default/s';
const EVENT = '/core/events/default/e';

const put = async (storage: Storage, key: string, text: string): Promise<StorageEntry> => {
  const held = storage.get(key);
  const object = pod('x', text);
  return await storage.write(
    held ? { op: 'update', key, expected: held.revision, object } : { op: 'create', key, object },
  );
};

/** Whether the content at `revision` can still be read. */
const isKept = (storage: Storage, key: string, revision: number): Promise<boolean> =>
  storage.getAt(key, revision).then(
    () => true,
    (error: unknown) => {
      assert.ok(error instanceof Compacted, String(error));
      return false;
    },
  );

const kept = async (storage: Storage, entries: readonly StorageEntry[]): Promise<boolean[]> =>
  await Promise.all(entries.map(({ key, revision }) => isKept(storage, key, revision)));

/** The writer thread works at its own pace, whatever the clock of the test says: it goes on until `check` holds. */
const becomes = (clock: FakeClock, check: () => Promise<void>) =>
  eventually('history is given up', async () => {
    await clock.advance(MINUTE);
    await check();
    return true;
  });

/** Waits until it is also gone from the driver, which is later than it can no longer be read. */
const becomesLess = async (clock: FakeClock, storage: Storage, than: number) =>
  await becomes(clock, async () => assert.ok((await storage.stats()).historyBytes < than));

for (const driver of DRIVERS) {
  describe(`retention over ${driver.name}`, () => {
    async function opened(t: TestContext, policy: Partial<CompactionPolicy> = {}, clock: FakeClock = fakeClock()) {
      const storage = await open(t, await driver.url(t), { clock, compaction: { ...POLICY, ...policy } });
      return { storage, clock };
    }

    /** Some revisions that belong to no test, so that the newest ones are never those that one looks at. */
    const noise = async (storage: Storage) => {
      for (let i = 0; i < 4; i++) await put(storage, podKey('noise'), String(Math.random()));
    };

    it('keeps history for as long as was asked, for each resource its own', async (t) => {
      const { storage, clock } = await opened(t);
      const first = [
        await put(storage, podKey('p'), '1'),
        await put(storage, SECRET, '1'),
        await put(storage, EVENT, '1'),
      ];
      for (const { key } of first) await put(storage, key, '2');
      await noise(storage);
      const keptAfter = async (ms: number) => {
        await clock.advance(ms);
        return await kept(storage, first);
      };
      assert.deepEqual(await keptAfter(4 * MINUTE), [true, true, true]);
      await clock.advance(10 * MINUTE);
      await becomes(clock, async () => assert.deepEqual(await kept(storage, first), [true, true, false]));
      assert.deepEqual(await keptAfter(HOUR), [true, true, false]);
      await clock.advance(2 * HOUR);
      await becomes(clock, async () => assert.deepEqual(await kept(storage, first), [false, true, false]));
      assert.equal(textOf(await storage.getAt(podKey('p'), storage.revision)), '2');
      assert.equal((await storage.changes({ prefix: '/core/secrets/', limit: 10 })).length, 2);
      await clock.advance(5 * HOUR);
      await becomes(clock, async () => assert.deepEqual(await kept(storage, first), [false, false, false]));
    });

    it('gives up in time what is kept for less, whatever is still waiting to become old', async (t) => {
      const { storage, clock } = await opened(t);
      await put(storage, podKey('p'), '1');
      await put(storage, podKey('p'), '2');
      await noise(storage);
      // Nothing but the pods' history is left to be given up, in two hours.
      await clock.advance(10 * MINUTE);
      await becomes(clock, async () => assert.ok((await storage.oldest(EVENT)).revision > 1));
      const first = await put(storage, EVENT, '1');
      await put(storage, EVENT, '2');
      await noise(storage);
      await clock.advance(10 * MINUTE);
      await becomes(clock, async () => assert.deepEqual(await kept(storage, [first]), [false]));
      assert.ok(clock.monotonic() < HOUR, String(clock.monotonic()));
    });

    it('has no timer once there is nothing left to give up', async (t) => {
      const clock = fakeClock();
      let timers = 0;
      const after: FakeClock['after'] = (ms, fn) => {
        timers++;
        return clock.after(ms, fn);
      };
      const { storage } = await opened(t, {}, { ...clock, after });
      await noise(storage);
      await noise(storage);
      assert.ok(timers > 0);
      // A worker that gives up what there is takes time of its own, which is not the clock's: it may be some days later.
      await eventually('a day without a timer', async () => {
        const before = timers;
        for (let hour = 0; hour < 24; hour++) await clock.advance(HOUR);
        return timers === before;
      });
    });

    it('never gives up what watches need: five minutes, and the newest revisions however old', async (t) => {
      const { storage, clock } = await opened(t, { historyMs: 0, historyBytes: 0 });
      const a = await create(storage, 'a', '1');
      const changed = await update(storage, a, '2');
      await clock.advance(24 * HOUR);
      assert.equal((await drain(storage.watch(PODS, { after: a.revision }))).length, 1);
      await noise(storage);
      await clock.advance(4 * MINUTE);
      assert.ok(await isKept(storage, a.key, changed.revision));
    });

    it('gives up the oldest when history takes more than was asked for', async (t) => {
      const { storage, clock } = await opened(t, { keepMs: 0, historyBytes: 100_000 });
      let entry = await create(storage, 'a', 'x'.repeat(1_000));
      const first = entry;
      for (let i = 0; i < 300; i++) {
        entry = await update(storage, entry, `${i}${'x'.repeat(1_000)}`);
        if (i % 10 === 0) await clock.advance(MINUTE);
      }
      await becomes(clock, async () => {
        const { historyBytes } = await storage.stats();
        assert.ok(historyBytes <= 100_000, String(historyBytes));
      });
      const { historyBytes } = await storage.stats();
      assert.ok(historyBytes > 20_000, `no more than needed: ${historyBytes} are left`);
      assert.equal(await isKept(storage, first.key, first.revision), false);
      assert.ok((await storage.changes({ prefix: PODS, limit: 1_000 })).length > 10);
    });

    it('measures age by the time that the store was open, not by the clock on the wall', async (t) => {
      const clock = fakeClock();
      let offset = 0;
      const { storage } = await opened(t, {}, { ...clock, now: () => clock.now() + offset });
      const a = await create(storage, 'a', '1');
      const changed = await update(storage, a, '2');
      await noise(storage);
      const begin = clock.now();
      offset = 56 * 365 * 24 * HOUR; // a machine without a battery hears the time
      await clock.advance(10 * MINUTE);
      await noise(storage);
      await clock.advance(HOUR);
      assert.ok(await isKept(storage, a.key, a.revision));
      assert.ok((await storage.revisionAt(begin)) >= changed.revision);
      assert.equal(await storage.revisionAt(clock.now() + offset), storage.revision);
      await clock.advance(3 * HOUR);
      await becomes(clock, async () => assert.equal(await isKept(storage, a.key, a.revision), false));
    });

    if (driver.survives) {
      it('goes on over restarts, without counting the time in between', async (t) => {
        const url = await driver.url(t);
        const clock = fakeClock();
        const reopen = () => open(t, url, { clock, compaction: POLICY });
        let storage = await reopen();
        const a = await create(storage, 'a', '1');
        await update(storage, a, '2');
        await noise(storage);
        await clock.advance(HOUR);
        await noise(storage);
        await storage.close();

        await clock.advance(72 * HOUR);
        storage = await reopen();
        assert.ok(await isKept(storage, a.key, a.revision));
        await clock.advance(30 * MINUTE);
        await noise(storage);
        assert.ok(await isKept(storage, a.key, a.revision));
        const { historyBytes } = await storage.stats();
        await clock.advance(3 * HOUR);
        await becomesLess(clock, storage, historyBytes);
        assert.equal(await isKept(storage, a.key, a.revision), false);
        const { revision: floor, time } = await storage.oldest(PODS);
        await storage.close();

        storage = await reopen();
        assert.deepEqual(await storage.oldest(PODS), { revision: floor, time });
        await assert.rejects(storage.getAt(a.key, floor - 1), Compacted);
      });

      it('keeps what was kept for a resource when the settings change', async (t) => {
        const url = await driver.url(t);
        const clock = fakeClock();
        let storage = await open(t, url, { clock, compaction: POLICY });
        const secret = await put(storage, SECRET, '1');
        await put(storage, SECRET, '2');
        const p = await put(storage, podKey('p'), '1');
        await put(storage, podKey('p'), '2');
        await noise(storage);
        const { historyBytes } = await storage.stats();
        await clock.advance(4 * HOUR);
        await becomesLess(clock, storage, historyBytes);
        assert.deepEqual(await kept(storage, [p, secret]), [false, true]);
        await storage.close();
        storage = await open(t, url, { clock, compaction: POLICY });
        assert.deepEqual(await kept(storage, [p, secret]), [false, true]);
        await storage.close();
        storage = await open(t, url, { clock, compaction: { ...POLICY, historyOf: new Map() } });
        assert.deepEqual(await kept(storage, [p, secret]), [false, true]);
        await noise(storage);
        await clock.advance(4 * HOUR);
        await becomes(clock, async () => assert.deepEqual(await kept(storage, [p, secret]), [false, false]));
      });
    }

    it('leaves of what was given up only what is current', async (t) => {
      const { storage, clock } = await opened(t, { keepMs: 0, keepRevisions: 0, historyMs: 0, historyOf: new Map() });
      const a = await create(storage, 'a', '1');
      const b = await create(storage, 'b', '1');
      await remove(storage, b);
      await update(storage, a, '2');
      await put(storage, EVENT, '1');
      await clock.advance(5 * MINUTE);
      await becomes(clock, async () => assert.equal((await storage.stats()).historyBytes, 0));
      assert.deepEqual(storage.list(PODS).entries.map(textOf), ['2']);
      assert.equal(await storage.getAt(podKey('b'), storage.revision), undefined);
    });
  });
}
