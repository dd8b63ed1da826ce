// Opens one database file: is it ours, is it whole, is its schema the one this program knows; settings; meta.
import { chmodSync, existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { damaged, UnusableDatabase } from './errors.ts';

/** "tsuk", in the header of every file of ours. */
const APPLICATION_ID = 0x7473756b;
/** How many migrations there are. Known here so that kysely need not be loaded to find nothing to do. */
export const SCHEMA_VERSION = 2;

export interface OpenedDatabase {
  db: Database.Database;
  /** There was nothing before. */
  fresh: boolean;
}

/** `durable`: every commit waits for the disk; otherwise a power cut may take the newest ones. */
export async function openDatabase(path: string, options: { durable: boolean }): Promise<OpenedDatabase> {
  const db = connect(path);
  try {
    const fresh = assertOurs(db, path);
    if (fresh) {
      chmodSync(path, 0o600); // Secrets are in it; the WAL takes over the mode
      db.pragma('auto_vacuum = INCREMENTAL'); // only takes effect before the first table
      db.pragma(`application_id = ${APPLICATION_ID}`);
    }
    db.pragma('journal_mode = WAL');
    // Said aloud, because better-sqlite3 is compiled to mean NORMAL under WAL.
    db.pragma(`synchronous = ${options.durable ? 'FULL' : 'NORMAL'}`);
    db.pragma('wal_autocheckpoint = 0');
    db.pragma(`journal_size_limit = ${16 * 1024 * 1024}`);
    db.pragma('trusted_schema = OFF');
    if (!fresh) assertWhole(db, path);
    await bringUpToDate(db, path, fresh);
    return { db, fresh };
  } catch (error) {
    db.close();
    throw error;
  }
}

function connect(path: string): Database.Database {
  const existed = existsSync(path);
  try {
    const db = new Database(path, { timeout: 5_000 });
    db.pragma('schema_version'); // reads the header
    return db;
  } catch (cause) {
    if (cause instanceof Database.SqliteError && cause.code === 'SQLITE_NOTADB') {
      throw new UnusableDatabase(`${path} is not a database; move it away or choose another data directory`, cause);
    }
    const doing = existed ? 'read' : 'made';
    throw new UnusableDatabase(`${path} cannot be ${doing}: ${(cause as Error).message}`, cause);
  }
}

/** True when the file is empty; throws when it belongs to another program, or to a later version of this one. */
function assertOurs(db: Database.Database, path: string): boolean {
  const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
  const application = db.pragma('application_id', { simple: true }) as number;
  if (tables === 0) return true;
  if (application !== APPLICATION_ID) {
    throw new UnusableDatabase(`${path} is another program's database; choose another data directory`);
  }
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > SCHEMA_VERSION) {
    throw new UnusableDatabase(
      `${path} was written by a newer version (schema ${version}, this one knows ${SCHEMA_VERSION}); install that version`,
    );
  }
  return false;
}

function assertWhole(db: Database.Database, path: string): void {
  let finding: string;
  try {
    finding = db.pragma('quick_check(1)', { simple: true }) as string;
  } catch (cause) {
    finding = (cause as Error).message;
  }
  if (finding !== 'ok') throw damaged(path, finding.split('\n').at(-1) as string);
}

async function bringUpToDate(db: Database.Database, path: string, fresh: boolean): Promise<void> {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version === SCHEMA_VERSION) return;
  // A crash between the first table and the version leaves a file that is not fresh but has version 0.
  if (!fresh && version > 0) backUp(db, `${path}.schema-${version}`);
  const { migrate } = await import('./migrate.ts');
  await migrate(db, path);
  db.pragma(`user_version = ${SCHEMA_VERSION}`);
}

/** A copy to go back to, made by SQLite: copying the file by hand would miss the WAL and drop the process's locks. */
function backUp(db: Database.Database, to: string): void {
  if (!existsSync(to)) db.prepare('VACUUM INTO ?').run(to);
}
