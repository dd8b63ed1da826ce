// The checks that a store makes of itself while it serves.
import assert from 'node:assert/strict';
import { open as openFileHandle } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { silentLogger } from '../../../src/log.ts';
import { Floors } from '../../../src/storage/floors.ts';
import { createProblems } from '../../../src/storage/problems.ts';
import { createSelfCheck } from '../../../src/storage/self-check.ts';
import { createSqliteDriver } from '../../../src/storage/sqlite/driver.ts';
import { State } from '../../../src/storage/state.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { DRIVERS, open } from '../drivers.ts';
import { create, podKey, remove, update } from '../objects.ts';
import { change, filled, stateFile } from './disk.ts';

const HOUR = 60 * 60_000;
const nothing = { full: () => undefined };

describe('memory against disk', () => {
  for (const driver of DRIVERS) {
    it(`is the same after any history (${driver.name})`, async (t) => {
      const storage = await open(t, await driver.url(t));
      for (let i = 0; i < 1_200; i++) void create(storage, `p${i}`);
      const a = await create(storage, 'a');
      await storage.write({ op: 'create', key: '/core/events/default/e', object: a.object });
      await remove(storage, await update(storage, a, '2'));
      assert.deepEqual(await storage.compare(), []);
      // While writes are under way.
      const writes = Array.from({ length: 300 }, (_, i) => create(storage, `q${i}`));
      assert.deepEqual(await storage.compare(), []);
      await Promise.all(writes);
      assert.deepEqual(storage.problems(), []);
    });
  }

  it('is compared every hour; what differs is a problem, and ends with it', async (t) => {
    const clock = fakeClock();
    const file = await stateFile(t);
    const storage = await open(t, `sqlite:${file}`, { clock });
    const [a, b] = await Promise.all(['a', 'b', 'c'].map((name) => create(storage, name)));
    change(file, `DELETE FROM head WHERE key = '${podKey('a')}'`);
    change(file, `UPDATE head SET mod_rev = 1 WHERE key = '${podKey('b')}'`);
    change(file, `INSERT INTO head (key, create_rev, mod_rev) VALUES ('${podKey('z')}', 9, 9)`);
    await clock.advance(HOUR);
    const [problem] = await eventually('it was compared', () => storage.problems().length > 0 && storage.problems());
    assert.equal(problem?.name, 'differs');
    assert.match(
      problem?.message ?? '',
      /memory and disk differ: .*\/a is at revision \d+ in memory and not there on disk and 2 more/,
    );
    assert.deepEqual(await storage.compare(), [
      { key: podKey('a'), inMemory: a?.revision, onDisk: 0 },
      { key: podKey('b'), inMemory: b?.revision, onDisk: 1 },
      { key: podKey('z'), inMemory: 0, onDisk: 9 },
    ]);
    change(file, `DELETE FROM head WHERE key = '${podKey('z')}'`);
    change(file, `UPDATE head SET mod_rev = ${b?.revision} WHERE key = '${podKey('b')}'`);
    change(
      file,
      `INSERT INTO head (key, create_rev, mod_rev) VALUES ('${podKey('a')}', ${a?.revision}, ${a?.revision})`,
    );
    await clock.advance(HOUR);
    await eventually('it was compared again', () => storage.problems().length === 0);
  });
});

describe('the pages of a large file', () => {
  it('are looked at beside the writer', { timeout: 30_000 }, async (t) => {
    const file = await filled(t, 200);
    const driver = createSqliteDriver(file, { log: silentLogger });
    await driver.open(() => undefined, nothing);
    t.after(() => driver.close());
    const signal = new AbortController().signal;
    assert.equal(await driver.findDamage?.(signal), undefined);
    const handle = await openFileHandle(file, 'r+');
    await handle.write(Buffer.alloc(4096, 0xa5), 0, 4096, 8 * 4096);
    await handle.close();
    assert.match((await driver.findDamage?.(signal)) ?? '', /state\.db is damaged \(.*\); nothing was changed/);
    await assert.rejects(driver.findDamage?.(AbortSignal.abort()) ?? Promise.resolve());
  });

  it('are looked at after a start that left it for later, again when that was stopped; damage ends writes', async () => {
    const clock = fakeClock();
    const problems = createProblems({ clock, log: silentLogger });
    const outcomes = [() => Promise.reject(new Error('stopped')), () => Promise.resolve('state.db is damaged')];
    const driver = { heads: async () => [], findDamage: () => outcomes.shift()?.() } as never;
    const state = new State({ revision: 1, floors: new Floors([], undefined), maxEventBytes: 0 });
    const check = createSelfCheck({ clock, log: silentLogger, problems, driver, state, whole: false });
    await clock.advance(60_000);
    assert.deepEqual(problems.list(), []);
    await clock.advance(60_000);
    assert.equal(problems.get('damaged')?.message, 'state.db is damaged');
    assert.equal(outcomes.length, 0);
    await check.stop();
  });
});
