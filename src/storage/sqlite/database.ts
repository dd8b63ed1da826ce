// Opens one database file for writing, after inspect.ts found nothing against it: settings and schema.
import { chmodSync, existsSync, renameSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { UnusableDatabase } from './errors.ts';
import { failpoint } from './failpoints.ts';
import { APPLICATION_ID, connect, inspect } from './inspect.ts';

/** How many migrations there are. Known here so that kysely need not be loaded to find nothing to do. */
export const SCHEMA_VERSION = 3;

export interface OpenedDatabase {
  db: Database.Database;
  /** There was nothing before. */
  fresh: boolean;
  /** Every page was looked at before. */
  whole: boolean;
}

/**
 * `durable`: every commit waits for the disk; otherwise a power cut may take the newest ones. `exclusive`: no other
 * connection can read it, and the index of the WAL is kept in memory instead of in a file (sqlite.org/wal.html, "Use of
 * WAL Without Shared-Memory").
 */
export async function openDatabase(
  file: string,
  options: { durable: boolean; pageBytes?: number; exclusive?: boolean },
): Promise<OpenedDatabase> {
  const { fresh, whole } = inspect(file, SCHEMA_VERSION);
  const db = connectForWriting(file, options.exclusive === true);
  try {
    if (fresh) {
      chmodSync(file, 0o600); // Secrets are in it; the WAL takes over the mode
      if (options.pageBytes) db.pragma(`page_size = ${options.pageBytes}`);
      db.pragma('auto_vacuum = INCREMENTAL'); // both only take effect before the first table
      db.pragma(`application_id = ${APPLICATION_ID}`);
    }
    db.pragma('journal_mode = WAL');
    // Said aloud, because better-sqlite3 is compiled to mean NORMAL under WAL.
    db.pragma(`synchronous = ${options.durable ? 'FULL' : 'NORMAL'}`);
    db.pragma('wal_autocheckpoint = 0');
    db.pragma(`journal_size_limit = ${16 * 1024 * 1024}`);
    db.pragma('trusted_schema = OFF');
    db.pragma('temp_store = MEMORY'); // another disk, which may be full, has no part in this
    await bringUpToDate(db, file, fresh);
    return { db, fresh, whole };
  } catch (error) {
    if (fresh) db.close();
    else closeUntouched(db, file);
    throw error;
  }
}

/**
 * Closes without what SQLite does on the last close, moving the WAL into the file and deleting it: what is refused has
 * to stay as it is. A connection that cannot write is the last one then.
 */
export function closeUntouched(db: Database.Database, file: string): void {
  let last: Database.Database | undefined;
  try {
    last = connect(file);
  } catch {
    // It cannot be read at all, so there is nothing that SQLite would move.
  }
  db.close();
  last?.close();
}

function connectForWriting(file: string, exclusive: boolean): Database.Database {
  try {
    const db = new Database(file, { timeout: 5_000 });
    if (exclusive) db.pragma('locking_mode = EXCLUSIVE'); // before the first look at the WAL
    db.pragma('schema_version'); // reads the header
    return db;
  } catch (cause) {
    throw new UnusableDatabase(`${file} cannot be opened for writing: ${(cause as Error).message}`, cause);
  }
}

/** All migrations or none: a failure leaves the file as it was. */
async function bringUpToDate(db: Database.Database, file: string, fresh: boolean): Promise<void> {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version === SCHEMA_VERSION) return;
  if (!fresh && version > 0) backUp(db, { file, version });
  const { migrate } = await import('./migrate.ts');
  db.exec('BEGIN IMMEDIATE');
  try {
    await migrate(db, file);
    failpoint('migrate');
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
    db.exec('COMMIT');
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** A copy to go back to, made by SQLite: copying the file by hand would miss the WAL and drop the process's locks. */
function backUp(db: Database.Database, { file, version }: { file: string; version: number }): void {
  const to = `${file}.schema-${version}`;
  if (existsSync(to)) return;
  const pages = db.pragma('page_count', { simple: true }) as number;
  const needed = pages * (db.pragma('page_size', { simple: true }) as number);
  const { bavail, bsize } = statfsSync(path.dirname(file));
  if (bavail * bsize < needed) {
    throw new UnusableDatabase(
      `${file} has to be brought to a new schema, and the copy that is made before needs ${megabytes(needed)} MB where ${megabytes(bavail * bsize)} MB are free: make room, then start again`,
    );
  }
  const unfinished = `${to}.unfinished`;
  rmSync(unfinished, { force: true });
  db.prepare('VACUUM INTO ?').run(unfinished);
  chmodSync(unfinished, 0o600);
  failpoint('back-up');
  renameSync(unfinished, to);
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);
