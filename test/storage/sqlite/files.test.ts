// What the SQLite store makes of files that are taken, foreign, damaged, too new or out of room.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { MIGRATIONS } from '../../../migrations/index.ts';
import { silentLogger } from '../../../src/log.ts';
import { openStorage } from '../../../src/storage/open.ts';
import { SCHEMA_VERSION } from '../../../src/storage/sqlite/database.ts';
import { Compacted, StorageUnavailable } from '../../../src/storage/storage.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { open } from '../drivers.ts';
import { create, PODS, pod, podKey, textOf, update } from '../objects.ts';
import { change, copyOfOpen, filled, refuses, stateFile } from './disk.ts';

describe('files of the SQLite store', () => {
  it('are refused to a second store, with the process that holds them', async (t) => {
    const file = await stateFile(t);
    const first = await open(t, `sqlite:${file}`);
    await refuses(file, new RegExp(`in use by process ${process.pid}; stop it first`));
    await first.close();
    await (await open(t, `sqlite:${file}`)).close();
  });

  it('are refused while another process holds them, and free once it was killed', { timeout: 30_000 }, async (t) => {
    const file = await stateFile(t);
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'writer.ts'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    child.stdout.resume();
    await refuses(file, new RegExp(`in use by process ${child.pid};`));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await open(t, `sqlite:${file}`);
  });

  it('are kept from other users', async (t) => {
    const file = await filled(t);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it('are refused when they are no database', async (t) => {
    const file = await stateFile(t);
    await writeFile(file, 'This is a letter to a friend, and rather longer than a header.\n'.repeat(100));
    await refuses(file, /is not a database; move it away/);
  });

  it("are refused when they are another program's", async (t) => {
    const file = await stateFile(t);
    change(file, 'CREATE TABLE kine (id INTEGER)');
    await refuses(file, /is another program's database/);
  });

  it('are refused when a newer version wrote them', async (t) => {
    const file = await filled(t);
    change(file, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    await refuses(file, /written by a newer version \(schema \d+, this one knows \d+\); install that version/);
  });

  it('are refused when bytes are damaged', async (t) => {
    const file = await filled(t, 200);
    const bytes = await readFile(file);
    for (let at = 4096 * 8; at < 4096 * 9; at++) bytes[at]! ^= 0xff;
    await writeFile(file, bytes);
    await refuses(
      file,
      /is damaged \(.*\); nothing was changed: restore a snapshot .* or get out what can be read .*store salvage/,
    );
  });

  for (const [what, sql, finding] of [
    [
      'a value is gone',
      "DELETE FROM log WHERE key LIKE '%/p1'",
      /damaged \(\/core\/pods\/default\/p1 has lost revision \d+\)/,
    ],
    [
      'a value has changed',
      "UPDATE log SET value = CAST(replace(value, 'xx', 'yy') AS BLOB) WHERE key LIKE '%/p1'",
      /damaged \(\/core\/pods\/default\/p1 at revision \d+ is not what was written\)/,
    ],
    [
      'a value is not JSON',
      "UPDATE log SET value = x'7b', sum = NULL WHERE key LIKE '%/p1'",
      /stored value of .*p1 at revision/,
    ],
    [
      'a floor is above all revisions',
      "INSERT OR REPLACE INTO floors (prefix, rev) VALUES ('/', 99999999)",
      /above the reserved/,
    ],
    ['revisions were never reserved', "UPDATE meta SET v = 2 WHERE k = 'rev_ceiling'", /revisions above the reserved/],
  ] as const) {
    it(`are refused when ${what}`, async (t) => {
      const file = await filled(t);
      change(file, sql);
      await assert.rejects(openStorage(`sqlite:${file}`, { clock: fakeClock(), log: silentLogger }), finding);
    });
  }

  it('are not needed for what the cluster makes anew: an unusable volatile.db is put aside', async (t) => {
    const file = await filled(t);
    const other = path.join(path.dirname(file), 'volatile.db');
    await writeFile(other, 'scribbles '.repeat(1000));
    const storage = await open(t, `sqlite:${file}`);
    assert.equal(storage.list(PODS).entries.length, 3);
    assert.match(await readFile(`${other}.unusable`, 'utf8'), /^scribbles/);
  });

  it('count on after the reserved revisions when the machine went down; history stays, watches do not', async (t) => {
    const file = await stateFile(t);
    const storage = await open(t, `sqlite:${file}`);
    const event = { op: 'create', key: '/core/events/default/e', object: pod('e') } as const;
    const e = await storage.write(event);
    const a = await create(storage, 'a', '1');
    const changed = await update(storage, a, '2');
    const copy = await copyOfOpen(t, file);
    change(copy, "UPDATE meta SET v = 'an earlier boot' WHERE k = 'boot_id'");
    const after = await open(t, `sqlite:${copy}`);
    assert.equal(after.revision, 10_001);
    assert.equal(textOf(after.get(podKey('a'))), '2');
    const watchable = (error: unknown) => error instanceof Compacted && error.compactRevision === 10_001;
    assert.throws(() => after.watch(PODS, { after: a.revision }), watchable);
    assert.throws(() => after.watch(PODS, { after: 10_000 }), watchable);
    assert.equal((await create(after, 'b')).revision, 10_002);
    await after.close();
    const again = await open(t, `sqlite:${copy}`);
    assert.throws(() => again.watch(PODS, { after: 10_000 }), watchable);
    assert.equal(again.watch(PODS, { after: 10_001 }).position, 10_001);
    assert.equal(textOf(await again.getAt(a.key, a.revision)), '1');
    assert.equal((await again.changes({ prefix: PODS, limit: 10 })).length, 3);
    // What the disk may have lost is not guessed: neither revisions in between nor what was never waited for.
    await assert.rejects(again.getAt(a.key, changed.revision + 1), watchable);
    await assert.rejects(again.getAt(e.key, e.revision), watchable);
  });

  it('start at the beginning when the machine went down before the first write', async (t) => {
    const file = await stateFile(t);
    const storage = await open(t, `sqlite:${file}`);
    const after = await open(t, `sqlite:${await copyOfOpen(t, file)}`);
    assert.equal(after.revision, storage.revision);
    assert.equal(after.watch(PODS, { after: after.revision }).position, after.revision);
  });

  it('have an index of their WAL beside them only where others may look: an idle node writes the other one every 10 s', async (t) => {
    const file = await stateFile(t);
    await open(t, `sqlite:${file}`);
    const other = path.join(path.dirname(file), 'volatile.db');
    assert.deepEqual(
      [existsSync(`${file}-shm`), existsSync(`${other}-wal`), existsSync(`${other}-shm`)],
      [true, true, false],
    );
    const reader = new Database(other, { readonly: true, timeout: 0 });
    t.after(() => reader.close());
    assert.throws(() => reader.prepare('SELECT count(*) FROM head').get(), { code: 'SQLITE_BUSY' });
  });

  it('lose Events and revisions up to the reserved ones with volatile.db, and nothing else', async (t) => {
    const file = await filled(t);
    await rm(path.join(path.dirname(file), 'volatile.db'));
    const storage = await open(t, `sqlite:${file}`);
    assert.deepEqual([storage.list(PODS).entries.length, storage.revision], [3, 10_001]);
    assert.throws(() => storage.watch('/core/events/', { after: 10_000 }), Compacted);
    assert.equal((await storage.changes({ prefix: PODS, limit: 10 })).length, 3);
  });

  it('count on after what an older copy of state.db cannot know of, and no watch resumes', async (t) => {
    const file = await stateFile(t);
    const storage = await open(t, `sqlite:${file}`);
    const a = await create(storage, 'a', '1');
    await storage.close();
    const older = await copyOfOpen(t, file);
    change(older, `UPDATE meta SET v = ${a.revision} WHERE k = 'rev_ceiling'`);
    const newer = await open(t, `sqlite:${file}`);
    const event = await newer.write({ op: 'create', key: '/core/events/default/e', object: a.object });
    await newer.close();
    await copyFile(path.join(path.dirname(file), 'volatile.db'), path.join(path.dirname(older), 'volatile.db'));
    const after = await open(t, `sqlite:${older}`);
    assert.ok(after.revision >= event.revision);
    assert.throws(() => after.watch(PODS, { after: a.revision }), Compacted);
    assert.ok((await create(after, 'b')).revision > event.revision);
  });

  it('are written no more, and said so once, when they turn out damaged while open', async (t) => {
    const file = await stateFile(t);
    const failures: string[] = [];
    const storage = await openStorage(`sqlite:${file}`, {
      clock: fakeClock(),
      log: silentLogger,
      onFailure: (reason) => failures.push(reason.message),
    });
    const a = await create(storage, 'a', '1');
    const db = new Database(file);
    db.unsafeMode(true);
    db.exec("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'gone' WHERE name = 'log'");
    db.pragma('schema_version = 99'); // has other connections read the schema again
    db.close();
    const unknown = (error: unknown) => error instanceof StorageUnavailable && error.outcome === 'unknown';
    await assert.rejects(create(storage, 'b'), unknown);
    await assert.rejects(create(storage, 'c'), unknown);
    assert.deepEqual([storage.revision, storage.list(PODS).entries.length], [a.revision, 1]);
    await storage.close();
    assert.equal(failures.length, 1);
    assert.match(failures[0] ?? '', /cannot be trusted any more \(SQLITE_CORRUPT\): check the disk, then restart/);
  });

  it('know as many migrations as the version says', () => {
    assert.equal(Object.keys(MIGRATIONS).length, SCHEMA_VERSION);
  });
});
