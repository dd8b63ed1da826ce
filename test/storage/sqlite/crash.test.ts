// What was acknowledged survives SIGKILL at any moment. STORAGE_CRASH_ROUNDS for more rounds, STORAGE_CRASH_SEED to
// repeat the same ones; `./scripts/test soak` has hundreds.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { open, temporaryDirectory } from '../drivers.ts';
import { PODS } from '../objects.ts';
import { assertKept, killAgainAndAgain, knowNothing, writeUntilKilled } from './crash.ts';
import { BACK_TO_SCHEMA_1, change, DROP_SCHEMA_2, filled, randomNumbers } from './disk.ts';

const rounds = Number(process.env.STORAGE_CRASH_ROUNDS ?? 7);
const seed = Number(process.env.STORAGE_CRASH_SEED ?? Math.floor(Math.random() * 1e9));

it(`keeps every acknowledged write over ${rounds} kills (seed ${seed})`, {
  timeout: 60_000 + rounds * 10_000,
}, async (t) => {
  const file = path.join(await temporaryDirectory(t), 'state.db');
  await killAgainAndAgain(t, { file, rounds, random: randomNumbers(seed) });
});

it('stops when a flush fails, says so, and has every acknowledged write after that', { timeout: 60_000 }, async (t) => {
  const file = path.join(await temporaryDirectory(t), 'state.db');
  const failpoint = 'before-commit:40=SQLITE_IOERR_FSYNC';
  const { lines, stderr, code } = await writeUntilKilled(file, { afterWrites: 20_000, failpoint });
  assert.equal(code, 3);
  assert.match(stderr, /state\.db cannot be trusted any more \(SQLITE_IOERR_FSYNC\): check the disk, then restart/);
  assert.ok(lines.length > 0);
  await assertKept(t, file, lines, knowNothing());
});

it('ends when its writer thread does, with every acknowledged write', { timeout: 60_000 }, async (t) => {
  const file = path.join(await temporaryDirectory(t), 'state.db');
  const failpoint = 'before-answer:30=EXIT';
  const { lines, stderr, code } = await writeUntilKilled(file, { afterWrites: 20_000, failpoint });
  assert.equal(code, 3);
  assert.match(stderr, /^the writer of .*state\.db has ended; restart the server\n$/);
  await assertKept(t, file, lines, knowNothing());
});

it('loses nothing when files may not grow any more', { timeout: 60_000 }, async (t) => {
  const file = path.join(await temporaryDirectory(t), 'state.db');
  const { lines, stderr, code } = await writeUntilKilled(file, { afterWrites: 20_000, fileLimit: 2_048 });
  assert.equal(code, 1);
  assert.match(stderr, /state\.db cannot be written \(SQLITE_IOERR_WRITE: /);
  assert.ok(lines.length > 0);
  await assertKept(t, file, lines, knowNothing());
});

it('goes on when the WAL cannot be moved for want of room, and loses nothing', { timeout: 60_000 }, async (t) => {
  const file = path.join(await temporaryDirectory(t), 'state.db');
  const failpoint = 'checkpoint:1=SQLITE_FULL';
  const { lines, stderr, signal } = await writeUntilKilled(file, { afterWrites: 1_500, longest: 60_000, failpoint });
  assert.deepEqual([signal, stderr], ['SIGKILL', '']);
  await assertKept(t, file, lines, knowNothing());
});

for (const place of ['back-up', 'migrate']) {
  it(`opens what a kill in a migration left (${place})`, { timeout: 60_000 }, async (t) => {
    const file = await filled(t);
    change(file, `${DROP_SCHEMA_2} ${BACK_TO_SCHEMA_1}`);
    const { signal } = await writeUntilKilled(file, { afterWrites: 20_000, failpoint: place });
    assert.equal(signal, 'SIGKILL');
    const storage = await open(t, `sqlite:${file}`);
    assert.equal(storage.list(PODS).entries.length, 3);
    assert.ok(existsSync(`${file}.schema-1`) && !existsSync(`${file}.schema-1.unfinished`));
  });
}

it('ends a server whose disk fails, with a sentence and a code', { timeout: 60_000 }, async (t) => {
  const dir = await temporaryDirectory(t);
  const settings = {
    components: 'apiserver',
    'data-dir': dir,
    'run-dir': dir,
    'write-kubeconfig': `${dir}/kubeconfig`,
  };
  const flags = Object.entries({ ...settings, port: 16_000 + (process.pid % 1_000) }).map(
    ([name, value]) => `--${name}=${value}`,
  );
  const { status, stderr } = spawnSync(
    process.execPath,
    [path.join(import.meta.dirname, '../../../bin/run.js'), 'server', ...flags],
    {
      encoding: 'utf8',
      timeout: 50_000,
      env: { ...process.env, TSUKUBE_FAILPOINT: 'before-commit:3=SQLITE_IOERR_FSYNC' },
    },
  );
  assert.equal(status, 1);
  assert.match(stderr, /tsukube: .*cannot be trusted any more \(SQLITE_IOERR_FSYNC\)/);
  assert.doesNotMatch(stderr, /^\s+at /m);
});
