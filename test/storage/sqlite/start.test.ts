// What the start check refuses, in which words, and that it leaves the files as they were.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, copyFile, readFile, rm, stat, statfs, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { UnusableDatabase } from '../../../src/storage/sqlite/errors.ts';
import { assertSuitable } from '../../../src/storage/sqlite/file-system.ts';
import { open } from '../drivers.ts';
import { create, PODS, podKey, textOf } from '../objects.ts';
import {
  BACK_TO_SCHEMA_1,
  BACK_TO_SCHEMA_2,
  change,
  contentsBeside,
  copyOfOpen,
  DROP_SCHEMA_2,
  filled,
  isRoot,
  openFile,
  randomNumbers,
  refuses,
  runProgram,
  smallDisk,
  stateFile,
} from './disk.ts';

const seed = Number(process.env.STORAGE_DAMAGE_SEED ?? Math.floor(Math.random() * 1e9));
const rounds = Number(process.env.STORAGE_DAMAGE_ROUNDS ?? 10);

describe('the start check', () => {
  it('refuses the WAL of another store, and moves nothing of it', async (t) => {
    const ours = await filled(t);
    const theirs = await open(t, `sqlite:${await stateFile(t)}`);
    await create(theirs, 'theirs');
    const copy = await copyOfOpen(t, (await theirFile(theirs)).file);
    await copyFile(`${copy}-wal`, `${ours}-wal`);
    const before = await contentsBeside(ours);
    await refuses(ours, /state\.db-wal belongs to another database than .*state\.db: move it away/);
    assert.deepEqual(await contentsBeside(ours), before);
    await rm(`${ours}-wal`);
    assert.equal((await open(t, `sqlite:${ours}`)).list(PODS).entries.length, 3);

    async function theirFile(storage: typeof theirs) {
      const file = await stateFile(t);
      await storage.close();
      const again = await open(t, `sqlite:${file}`);
      for (let i = 0; i < 20; i++) await create(again, `theirs-${i}`);
      return { file };
    }
  });

  it('leaves a damaged file and its WAL as they were', async (t) => {
    const storage = await open(t, `sqlite:${await stateFile(t)}`);
    await storage.close();
    const file = await filled(t, 200);
    const running = await open(t, `sqlite:${file}`);
    await create(running, 'in-the-wal');
    const copy = await copyOfOpen(t, file);
    const bytes = await readFile(copy);
    bytes.fill(0xa5, 4096 * 8, 4096 * 9);
    await writeFile(copy, bytes);
    const before = await contentsBeside(copy);
    await refuses(copy, /is damaged/);
    assert.deepEqual(await contentsBeside(copy), before);
  });

  it('leaves the files as they were when a value cannot be read', async (t) => {
    const running = await open(t, `sqlite:${await filled(t)}`);
    await running.close();
    const file = await filled(t);
    const storage = await open(t, `sqlite:${file}`);
    await create(storage, 'in-the-wal');
    const copy = await copyOfOpen(t, file);
    const db = new Database(copy);
    const keep = new Database(copy, { readonly: true });
    keep.pragma('schema_version'); // so that the next close leaves the WAL where it is
    db.exec("UPDATE log SET value = x'7b', sum = NULL WHERE key LIKE '%/p1'");
    db.close();
    keep.close();
    const before = await contentsBeside(copy);
    await assert.rejects(openFile(copy), /stored value of .*p1 at revision/);
    assert.deepEqual(await contentsBeside(copy), before);
  });

  it('refuses network file systems, and tells of those that do not last', async (t) => {
    const file = await stateFile(t);
    assert.throws(
      () => assertSuitable(file, () => 0x6969),
      (error) =>
        error instanceof UnusableDatabase &&
        /on a network file system \(NFS\).*choose a --data-dir/.test(error.message),
    );
    assert.throws(() => assertSuitable(file, () => 0xff534d42), /CIFS/);
    assert.match(assertSuitable(file, () => 0x794c7630)[0] ?? '', /an overlay, which goes away with its container/);
    assert.deepEqual(
      assertSuitable(file, () => 0xef53),
      [],
    );
  });

  it('says whose a file is that this user cannot write', {
    skip: !isRoot && 'becoming another user needs root',
  }, async (t) => {
    const file = await filled(t);
    await chown(path.dirname(file), 65534, 65534);
    await chmod(file, 0o600);
    const probe = path.join(import.meta.dirname, '../../../src/storage/sqlite/file-system.ts');
    const script = `import { assertSuitable } from ${JSON.stringify(probe)}; try { assertSuitable(${JSON.stringify(file)}) } catch (e) { console.log(e.message) }`;
    // Node and the sources belong to root alone where the tests run: the rights are dropped after the import.
    const dropped = script.replace('try {', 'process.setgid(65534); process.setuid(65534); try {');
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', dropped], {
      encoding: 'utf8',
    });
    assert.match(
      stdout,
      /state\.db cannot be written by this user \(it belongs to user 0, mode 600\): run as its owner/,
      stderr,
    );
  });

  it('says that a disk is mounted read-only', { skip: !isRoot && 'mounting needs root' }, async (t) => {
    const file = path.join(await smallDisk(t, '8m'), 'state.db');
    await (await openFile(file)).close();
    await runProgram('mount', ['-o', 'remount,ro', path.dirname(file)]);
    await refuses(
      file,
      /on a file system that is mounted read-only: mount it for writing, or choose another --data-dir/,
    );
    await runProgram('mount', ['-o', 'remount,rw', path.dirname(file)]);
    await (await openFile(file)).close();
  });

  it('brings an older schema up to date, with a copy of it beside', async (t) => {
    const file = await filled(t);
    change(file, `${DROP_SCHEMA_2} ${BACK_TO_SCHEMA_1}`);
    const storage = await open(t, `sqlite:${file}`);
    assert.equal(storage.list(PODS).entries.length, 3);
    assert.equal((await stat(`${file}.schema-1`)).mode & 0o777, 0o600);
    const copy = new Database(`${file}.schema-1`, { readonly: true });
    assert.equal(copy.pragma('user_version', { simple: true }), 1);
    copy.close();
  });

  it('keeps what each key is at when it comes from two trees into one', async (t) => {
    const file = await filled(t, 300);
    const before = await open(t, `sqlite:${file}`);
    const states = before
      .list(PODS)
      .entries.map(({ key, revision, createRevision }) => ({ key, revision, createRevision }));
    await before.close();
    change(file, BACK_TO_SCHEMA_2);
    const after = await open(t, `sqlite:${file}`);
    assert.deepEqual(
      after.list(PODS).entries.map(({ key, revision, createRevision }) => ({ key, revision, createRevision })),
      states,
    );
    await after.close();
    assert.ok(existsSync(`${file}.schema-2`));
    const db = new Database(file, { readonly: true });
    assert.deepEqual(db.pragma('integrity_check'), [{ integrity_check: 'ok' }]);
    assert.equal(db.prepare("SELECT count(*) FROM sqlite_schema WHERE tbl_name = 'head'").pluck().get(), 1);
    db.close();
  });

  it('leaves a file alone whose migration fails half way', async (t) => {
    const file = await filled(t);
    change(file, BACK_TO_SCHEMA_1); // a table that it makes is there already
    const before = await contentsBeside(file);
    await refuses(file, /0002-\S+ failed \(table "clock" already exists\); nothing was changed/);
    assert.equal((await contentsBeside(file))['state.db'], before['state.db']);
  });

  it('refuses to migrate without room for the copy', { skip: !isRoot && 'mounting needs root' }, async (t) => {
    const file = path.join(await smallDisk(t, '8m'), 'state.db');
    const storage = await open(t, `sqlite:${file}`);
    for (let i = 0; i < 100; i++) await create(storage, `p${i}`, 'x'.repeat(10_000));
    await storage.close();
    change(file, 'PRAGMA user_version = 1');
    const { bavail, bsize } = await statfs(path.dirname(file));
    await writeFile(path.join(path.dirname(file), 'other'), Buffer.alloc(bavail * bsize - 600_000));
    await refuses(file, /the copy that is made before needs \d+ MB where \d+ MB are free: make room/);
    assert.ok(!existsSync(`${file}.schema-1`));
  });
});

describe(`a WAL that was torn (seed ${seed})`, () => {
  it('gives a prefix of what was written, without a gap', { timeout: 60_000 + rounds * 10_000 }, async (t) => {
    const random = randomNumbers(seed);
    const file = await stateFile(t);
    const storage = await open(t, `sqlite:${file}`);
    const written: string[] = [];
    for (let i = 0; i < 120; i++) {
      await create(storage, `p${i}`, 'x'.repeat(Math.floor(random() * 3_000)));
      written.push(podKey(`p${i}`));
    }
    for (let round = 0; round < rounds; round++) {
      const copy = await copyOfOpen(t, file);
      const { size } = await stat(`${copy}-wal`);
      const at = Math.floor(random() * size);
      const how = round % 2 === 0 ? 'cut' : 'garbage';
      if (how === 'cut') await truncate(`${copy}-wal`, at);
      else {
        const wal = await readFile(`${copy}-wal`);
        for (let i = at; i < Math.min(size, at + 512); i++) wal[i] = Math.floor(random() * 256);
        await writeFile(`${copy}-wal`, wal);
      }
      const after = await open(t, `sqlite:${copy}`);
      const found = after.list(PODS).entries;
      const told = `round ${round}: ${how} at ${at} of ${size}`;
      assert.deepEqual(found.map((e) => e.key).sort(), written.slice(0, found.length).sort(), told);
      for (const entry of found) assert.equal(textOf(entry), textOf(storage.get(entry.key)), told);
      await create(after, 'goes-on');
      await after.close();
    }
  });
});

describe(`a file with flipped bits (seed ${seed})`, () => {
  it('is refused, or serves what was written and nothing else', { timeout: 60_000 + rounds * 10_000 }, async (t) => {
    const random = randomNumbers(seed);
    const file = await filled(t, 200);
    const original = await openFile(file);
    const truth = new Map(original.list(PODS).entries.map((e) => [e.key, JSON.stringify(e.object)]));
    await original.close();
    for (let round = 0; round < rounds; round++) {
      const copy = await stateFile(t);
      const bytes = await readFile(file);
      const page = Math.floor(random() * (bytes.length / 4096));
      const at = page * 4096 + Math.floor(random() * 4096);
      for (let i = 0; i < 1 + Math.floor(random() * 64); i++)
        bytes[Math.min(at + i, bytes.length - 1)]! ^= 1 << Math.floor(random() * 8);
      await writeFile(copy, bytes);
      const before = await contentsBeside(copy);
      const told = `round ${round}: bits flipped from ${at} on`;
      let storage: Awaited<ReturnType<typeof openFile>>;
      try {
        storage = await open(t, `sqlite:${copy}`);
      } catch (error) {
        assert.ok(!(error as Error).message.includes('\n'), told);
        assert.equal((await contentsBeside(copy))['state.db'], before['state.db'], told);
        continue;
      }
      for (const { key, object } of storage.list(PODS).entries)
        assert.equal(JSON.stringify(object), truth.get(key), told);
      await storage.close();
    }
  });
});
