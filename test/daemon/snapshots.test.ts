// Snapshots of the running server: when they are made, which are kept, what a command gets told; and the settings.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { nextRun } from '../../src/daemon/cron.ts';
import { ConfigError, OPTIONS } from '../../src/daemon/options.ts';
import { createPercentLines } from '../../src/daemon/progress.ts';
import { askControl, serveControl } from '../../src/daemon/run-state.ts';
import { keyFiles, placesOf } from '../../src/daemon/snapshot-places.ts';
import { createSnapshotSchedule } from '../../src/daemon/snapshot-schedule.ts';
import { createSnapshotServer, snapshotControl } from '../../src/daemon/snapshot-server.ts';
import { finishRestore } from '../../src/daemon/unfinished-restore.ts';
import { silentLogger } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open.ts';
import { listSnapshots } from '../../src/storage/snapshots/folder.ts';
import type { Saved } from '../../src/storage/snapshots/save.ts';
import { open, temporaryDirectory } from '../storage/drivers.ts';
import { create } from '../storage/objects.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Midnight here: cron counts in local time. */
const MIDNIGHT = new Date(2026, 0, 5).getTime();

describe('cron', () => {
  test('five fields and names are taken, the next time is found', () => {
    assert.equal(nextRun('17 3 * * *', MIDNIGHT), MIDNIGHT + 3 * HOUR + 17 * MINUTE);
    assert.equal(nextRun('@hourly', MIDNIGHT), MIDNIGHT + HOUR);
    assert.equal(nextRun('0 0 31 2 *', MIDNIGHT), undefined);
  });

  test('a setting that is no schedule is refused with what would be one', () => {
    const { parse } = OPTIONS['snapshot-schedule'];
    assert.equal(parse('off'), '');
    assert.equal(parse(''), '');
    assert.equal(parse('@daily'), '@daily');
    for (const wrong of ['daily', '* * * * * *', '61 * * * *', '@every 5m', '0 0 1 1 * 2020']) {
      assert.throws(() => parse(wrong), /five fields of cron such as "17 3 \* \* \*"/, wrong);
    }
    assert.throws(() => parse('0 0 31 2 *'), /never comes/);
    assert.throws(() => OPTIONS['snapshot-keep'].parse('0'), /above 0/);
  });
});

describe('the schedule', () => {
  /** A schedule at midnight; `ran` gets the time of each run, in days since the first midnight. */
  async function scheduled(last: number | undefined, { clock = fakeClock(MIDNIGHT), fails = false } = {}) {
    const ran: number[] = [];
    const component = createSnapshotSchedule({
      clock,
      log: silentLogger,
      pattern: '0 0 * * *',
      last: async () => last,
      async run() {
        ran.push((clock.now() - MIDNIGHT) / DAY);
        if (fails) throw new Error('the disk is full');
      },
    });
    await component.start();
    return { component, ran };
  }

  test('runs when it is due, and goes on after a failure', async (t) => {
    for (const fails of [false, true]) {
      const clock = fakeClock(MIDNIGHT);
      const { component, ran } = await scheduled(MIDNIGHT, { clock, fails });
      t.after(() => component.stop());
      await clock.advance(3.5 * DAY);
      assert.deepEqual(ran, [1, 2, 3]);
    }
  });

  test('makes up for one that was missed while nothing ran, a while after the start', async (t) => {
    for (const last of [MIDNIGHT - 10 * DAY, undefined]) {
      const clock = fakeClock(MIDNIGHT + HOUR);
      const { component, ran } = await scheduled(last, { clock });
      t.after(() => component.stop());
      await clock.advance(4 * MINUTE);
      assert.deepEqual(ran, []);
      await clock.advance(2 * MINUTE);
      assert.equal(ran.length, 1);
      await clock.advance(DAY);
      assert.deepEqual(ran.slice(1), [1]);
    }
  });

  test('makes up for one, not for ten, after the machine slept', async (t) => {
    const clock = sleepingClock();
    const { component, ran } = await scheduled(MIDNIGHT, { clock });
    t.after(() => component.stop());
    await clock.advance(HOUR);
    clock.sleep(10 * DAY);
    await clock.advance(23 * HOUR);
    assert.deepEqual(ran, [11]);
    await clock.advance(DAY);
    assert.deepEqual(ran, [11, 12]);
  });

  test('follows a clock that was set back', async (t) => {
    const clock = sleepingClock();
    const { component, ran } = await scheduled(MIDNIGHT + 300 * DAY, { clock });
    t.after(() => component.stop());
    await clock.advance(HOUR);
    clock.sleep(-2 * DAY);
    await clock.advance(48 * HOUR);
    assert.deepEqual(ran, [0]); // not two days late
  });

  test('stops', async () => {
    const clock = fakeClock(MIDNIGHT);
    const { component, ran } = await scheduled(MIDNIGHT, { clock });
    await component.stop();
    await clock.advance(3 * DAY);
    assert.deepEqual(ran, []);
  });
});

/** A clock whose wall time also goes on while the machine sleeps, when timers do not. */
function sleepingClock(): FakeClock & { sleep(ms: number): void } {
  const inner = fakeClock(MIDNIGHT);
  let slept = 0;
  return {
    ...inner,
    now: () => inner.now() + slept,
    sleep(ms) {
      slept += ms;
    },
  };
}

describe('the server', () => {
  test('keeps as many scheduled snapshots as it is told, and none of an unchanged state', async (t) => {
    const dataDir = await temporaryDirectory(t);
    const clock = fakeClock(MIDNIGHT);
    const storage = await open(t, `sqlite:${path.join(dataDir, 'state.db')}`, { clock });
    const config = { 'data-dir': dataDir, storage: '', 'snapshot-schedule': '0 0 * * *', 'snapshot-keep': 2 };
    let armed = 0;
    const counting: typeof clock = {
      ...clock,
      after(ms, fn) {
        armed += 1;
        return clock.after(ms, fn);
      },
    };
    const snapshots = createSnapshotServer({ config, storage, clock: counting, log: silentLogger });
    await snapshots.start();
    t.after(() => snapshots.stop());
    const { into } = placesOf(config);
    const names = async () => (await listSnapshots(into)).map(({ name }) => name.slice(0, 17));
    await snapshots.save({ how: 'manual', name: 'mine' }, () => undefined);
    const expected = [
      ['schedule-20260106', 'mine'],
      ['schedule-20260107', 'schedule-20260106', 'mine'],
      ['schedule-20260108', 'schedule-20260107', 'mine'],
    ];
    for (const [i, wanted] of expected.entries()) {
      await create(storage, `pod-${i}`);
      await clock.advance(DAY);
      const isMade = async () => armed === i + 2 && (await names()).join() === wanted.join();
      await eventually('the snapshot is made, and the next one waited for', isMade, { timeoutMs: 60_000 });
    }
    // What is being removed has a name that begins with a dot.
    const folders = async () => (await readdir(into)).filter((name) => !name.startsWith('.'));
    const before = await folders();
    await clock.advance(DAY);
    await snapshots.save({ how: 'manual', name: 'after' }, () => undefined); // one at a time: the scheduled one is through
    assert.deepEqual((await folders()).sort(), [...before, 'after'].sort());
  });

  test('makes one on request, elsewhere too, and tells how far it is', async (t) => {
    const dataDir = await temporaryDirectory(t);
    mkdirSync(path.join(dataDir, 'pki'));
    writeFileSync(path.join(dataDir, 'pki/ca.crt'), 'CA');
    writeFileSync(path.join(dataDir, 'pki/admin.key'), 'is issued anew');
    const clock = fakeClock(MIDNIGHT);
    const storage = await open(t, `sqlite:${path.join(dataDir, 'state.db')}`, { clock });
    await create(storage, 'a');
    const config = { 'data-dir': dataDir, storage: '', 'snapshot-schedule': '', 'snapshot-keep': 7 };
    const snapshots = createSnapshotServer({ config, storage, clock, log: silentLogger });
    await snapshots.start();
    t.after(() => snapshots.stop());
    const control = await serveControl(dataDir, { 'snapshot-save': snapshotControl(snapshots) });
    t.after(() => control.close());
    const told: unknown[] = [];
    const into = path.join(dataDir, 'elsewhere');
    const { folder, manifest } = await askControl<Saved>(dataDir, 'snapshot-save', {
      query: { name: 'b', into },
      onProgress: (progress) => told.push(progress),
    });
    assert.equal(folder, path.join(into, 'b'));
    assert.deepEqual(
      [manifest.how, manifest.keys, manifest.files.map((file) => file.path)],
      ['manual', 1, ['pki/ca.crt']],
    );
    assert.deepEqual(told.at(-1), { step: 'packing', percent: 100 });
    await assert.rejects(
      askControl(dataDir, 'snapshot-save', { query: { name: '..' } }),
      /cannot be a snapshot's name/,
    );
    assert.deepEqual([...(await keyFiles(dataDir)).keys()], ['pki/ca.crt']);
  });

  test('gives up the one that is being made when it stops', async (t) => {
    const dataDir = await temporaryDirectory(t);
    const storage = await open(t, `sqlite:${path.join(dataDir, 'state.db')}`);
    await create(storage, 'a');
    const config = { 'data-dir': dataDir, storage: '', 'snapshot-schedule': '', 'snapshot-keep': 7 };
    const snapshots = createSnapshotServer({ config, storage, clock: fakeClock(), log: silentLogger });
    await snapshots.start();
    const begun = Promise.withResolvers<void>();
    const saving = snapshots.save({ how: 'manual' }, () => begun.resolve());
    await begun.promise;
    const stopped = snapshots.stop();
    await assert.rejects(saving, /no snapshot was made: the server is stopping/);
    await stopped;
    assert.deepEqual(await readdir(placesOf(config).into), []);
  });

  test('has nothing to make one of when the cluster is in memory', async (t) => {
    const dataDir = await temporaryDirectory(t);
    const clock = fakeClock(MIDNIGHT);
    const storage = await openStorage('memory:', { clock, log: silentLogger });
    t.after(() => storage.close());
    const config = { 'data-dir': dataDir, storage: 'memory:', 'snapshot-schedule': '@daily', 'snapshot-keep': 7 };
    const snapshots = createSnapshotServer({ config, storage, clock, log: silentLogger });
    await snapshots.start();
    await clock.advance(2 * DAY);
    await assert.rejects(
      snapshots.save({ how: 'manual' }, () => undefined),
      ConfigError,
    );
    await snapshots.stop();
    await finishRestore(config, assert.fail);
  });

  test('forgets a restore that was cut short before it began, and says so', async (t) => {
    const dataDir = await temporaryDirectory(t);
    const config = { 'data-dir': dataDir, storage: '' };
    await finishRestore(config, assert.fail);
    mkdirSync(path.join(dataDir, 'restore'));
    const said: string[] = [];
    await finishRestore(config, (line) => said.push(line));
    assert.match(said.join(), /^a restore was cut short before it had changed anything: the cluster is as it was$/);
    assert.ok(!(await readdir(dataDir)).includes('restore'));
  });
});

describe('percents', () => {
  for (const [isTTY, expected] of [
    [
      true,
      [/^\r {2}copying +0 %$/, /^\r {2}copying +50 %$/, /^\r {2}copying +2\.00 s\n$/, /^\r {2}packing +9 %$/, /s\n$/],
    ],
    [false, [/^ {2}copying +2\.00 s\n$/, /^ {2}packing +0\.00 s\n$/]],
  ] as const) {
    test(`are shown ${isTTY ? 'as they come on a terminal' : 'nowhere else'}`, async () => {
      const clock = fakeClock();
      const written: string[] = [];
      const lines = createPercentLines(clock, { isTTY, write: (text) => written.push(text) });
      lines.tell('copying', 0);
      await clock.advance(2_000);
      lines.tell('copying', 50);
      lines.tell('packing', 9);
      lines.end();
      lines.end();
      assert.equal(written.length, expected.length, JSON.stringify(written));
      for (const [i, line] of expected.entries()) assert.match(written[i] as string, line);
    });
  }
});
