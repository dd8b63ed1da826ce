// Database files for tests: filled ones, what a power cut would leave of them, and small disks to put them on.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { silentLogger } from '../../../src/log.ts';
import { type OpenOptions, openStorage } from '../../../src/storage/open.ts';
import { type Storage, StorageUnavailable } from '../../../src/storage/storage.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { open, temporaryDirectory } from '../drivers.ts';
import { create } from '../objects.ts';

export const isRoot = process.getuid?.() === 0;

export const stateFile = async (t: TestContext): Promise<string> => path.join(await temporaryDirectory(t), 'state.db');

export const openFile = (file: string, options: Partial<OpenOptions> = {}): Promise<Storage> =>
  openStorage(`sqlite:${file}`, { clock: fakeClock(), log: silentLogger, ...options });

/** Opening fails with one sentence that `sentence` matches, and no second one; resolves with it. */
export async function refuses(file: string, sentence: RegExp, options: Partial<OpenOptions> = {}): Promise<string> {
  let said = '';
  await assert.rejects(openFile(file, options), (error: Error) => {
    assert.ok(error instanceof StorageUnavailable);
    assert.match(error.message, sentence);
    assert.ok(!error.message.includes('\n'));
    said = error.message;
    return true;
  });
  return said;
}

/** A closed store with some pods in it. */
export async function filled(t: TestContext, count = 3): Promise<string> {
  const file = await stateFile(t);
  const storage = await open(t, `sqlite:${file}`);
  await Promise.all(Array.from({ length: count }, (_, i) => create(storage, `p${i}`, 'x'.repeat(500))));
  await storage.close();
  return file;
}

const FILES = ['state.db', 'state.db-wal', 'volatile.db', 'volatile.db-wal'];

/** The disk as a power cut would leave it: the files of a store that is open. */
export async function copyOfOpen(t: TestContext, file: string): Promise<string> {
  const copy = await stateFile(t);
  for (const name of FILES) {
    const from = path.join(path.dirname(file), name);
    if (existsSync(from)) await copyFile(from, path.join(path.dirname(copy), name));
  }
  return copy;
}

/** Name and digest of each file beside `file`, but for locks, shared memory and a WAL with nothing in it. */
export async function contentsBeside(file: string): Promise<Record<string, string>> {
  const folder = path.dirname(file);
  const contents: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort()) {
    if (/-shm$|\.lock$|\.pid$/.test(name)) continue;
    const bytes = await readFile(path.join(folder, name));
    if (bytes.length > 0) contents[name] = createHash('sha256').update(bytes).digest('hex');
  }
  return contents;
}

export function change(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

export async function runProgram(command: string, args: readonly string[]): Promise<void> {
  const [code] = await once(spawn(command, args, { stdio: 'inherit' }), 'exit');
  assert.equal(code, 0, `${command} ${args.join(' ')}`);
}

/** A directory on a disk of its own, of `size` as mount takes it; gone after the test. Needs root. */
export async function smallDisk(t: TestContext, size: string): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'small-'));
  await runProgram('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]);
  t.after(async () => {
    await runProgram('umount', ['-l', directory]); // a store may still be open, to be closed after this
    await rm(directory, { recursive: true });
  });
  return directory;
}

/** Small, even and repeatable (Lehmer's generator): 0 ≤ n < 1. */
export function randomNumbers(seed: number): () => number {
  let n = (seed % 2147483646) + 1;
  return () => {
    n = (n * 48271) % 2147483647;
    return n / 2147483647;
  };
}

/** What migration 0002 made besides the log. */
export const DROP_SCHEMA_2 = 'DROP TABLE clock; DROP TABLE floors; DROP TABLE versions;';
/** What a file of the first schema has, as far as the next migration looks. */
export const BACK_TO_SCHEMA_1 =
  "DELETE FROM kysely_migration WHERE name <> '0001-log-and-head'; PRAGMA user_version = 1";
/** A file whose entries have ids, as the second schema has them. */
export const BACK_TO_SCHEMA_2 = `
  CREATE TABLE head_2 (id integer PRIMARY KEY, key text NOT NULL UNIQUE, create_rev integer NOT NULL, mod_rev integer NOT NULL,
    expires_at integer) STRICT;
  INSERT INTO head_2 (key, create_rev, mod_rev, expires_at) SELECT key, create_rev, mod_rev, expires_at FROM head ORDER BY mod_rev;
  DROP TABLE head;
  ALTER TABLE head_2 RENAME TO head;
  DELETE FROM kysely_migration WHERE name = '0003-head-by-key';
  PRAGMA user_version = 2`;
