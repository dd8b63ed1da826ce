// Wall clocks that jump: what has a time to live keeps it, whatever the clock said in between.
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Storage } from '../../src/storage/storage.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { open, temporaryDirectory } from './drivers.ts';
import { pod } from './objects.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const key = '/core/events/default/e';

/** A clock whose wall time can be set. */
function clockAt(time: number) {
  const steady: FakeClock = fakeClock(time);
  let set = 0;
  return {
    ...steady,
    now: () => steady.now() + set,
    setBy(ms: number) {
      set += ms;
    },
  };
}

const event = (storage: Storage) => storage.write({ op: 'create', key, object: pod('e'), ttlSeconds: 3_600 });

async function storeFile(t: TestContext): Promise<string> {
  return `sqlite:${path.join(await temporaryDirectory(t), 'state.db')}`;
}

async function passes(clock: ReturnType<typeof clockAt>, storage: Storage, ms: number): Promise<void> {
  await clock.advance(ms);
  await storage.stats(); // what was begun then has been answered
  await clock.advance(0);
}

describe('the wall clock', () => {
  for (const [how, by] of [
    ['forward', 30 * DAY],
    ['back', -30 * DAY],
    ['to 1970', -Date.UTC(2026, 0, 1)],
  ] as const) {
    it(`may be set ${how} while the store is open: deadlines stay`, async (t) => {
      const clock = clockAt(Date.UTC(2026, 0, 1));
      const storage = await open(t, await storeFile(t), { clock });
      await event(storage);
      clock.setBy(by);
      await passes(clock, storage, HOUR - MINUTE);
      assert.ok(storage.get(key));
      await passes(clock, storage, 2 * MINUTE);
      assert.equal(storage.get(key), undefined);
    });
  }

  it('may begin in 1970 after a restart: nothing lives longer than it was given', async (t) => {
    const url = await storeFile(t);
    const before = await open(t, url, { clock: clockAt(Date.UTC(2026, 0, 1)) });
    await event(before);
    await before.close();
    const clock = clockAt(0);
    const storage = await open(t, url, { clock });
    await passes(clock, storage, HOUR - MINUTE);
    assert.ok(storage.get(key));
    await passes(clock, storage, 2 * MINUTE);
    assert.equal(storage.get(key), undefined);
  });

  it('may be far ahead after a restart and be set right soon: nothing is expired for it', async (t) => {
    const url = await storeFile(t);
    const before = await open(t, url, { clock: clockAt(Date.UTC(2026, 0, 1)) });
    await event(before);
    await before.close();
    const clock = clockAt(Date.UTC(2040, 0, 1));
    const storage = await open(t, url, { clock });
    await passes(clock, storage, MINUTE);
    clock.setBy(Date.UTC(2026, 0, 1) - Date.UTC(2040, 0, 1));
    await passes(clock, storage, 10 * MINUTE);
    assert.ok(storage.get(key), 'it has most of its hour left');
    await passes(clock, storage, HOUR);
    assert.equal(storage.get(key), undefined);
  });

  it('gives what was due long ago the time to be renewed after a restart', async (t) => {
    const url = await storeFile(t);
    const before = await open(t, url, { clock: clockAt(Date.UTC(2026, 0, 1)) });
    const held = await event(before);
    await before.close();
    const clock = clockAt(Date.UTC(2026, 0, 3));
    const storage = await open(t, url, { clock });
    await passes(clock, storage, MINUTE);
    await storage.write({ op: 'update', key, expected: held.revision, object: pod('e', '2'), ttlSeconds: 3_600 });
    await passes(clock, storage, 50 * MINUTE);
    assert.ok(storage.get(key));
    await passes(clock, storage, 20 * MINUTE);
    assert.equal(storage.get(key), undefined);
  });

  it('has no part in revisions', async (t) => {
    const clock = clockAt(Date.UTC(2026, 0, 1));
    const storage = await open(t, await storeFile(t), { clock });
    const first = await event(storage);
    clock.setBy(-DAY);
    const next = await storage.write({ op: 'update', key, expected: first.revision, object: pod('e', '2') });
    assert.equal(next.revision, first.revision + 1);
  });
});
