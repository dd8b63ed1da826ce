// Looks at a database file before it is opened for writing: is it ours, is its WAL its own, is it whole, is its schema
// one this program knows. The connection cannot write and moves no WAL on close, so whatever is refused stays as it was.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { damaged, UnusableDatabase } from './errors.ts';

/** "tsuk", in the header of every file of ours. */
export const APPLICATION_ID = 0x7473756b;

/** Up to this size a file is checked page by page before anything is served: half a second from a slow, cold disk. */
const CHECKED_AT_START = 32 * 1024 * 1024;
/** The table with a store's uid is one of the first that is made, so its row is within these bytes. */
const HEAD_BYTES = 64 * 1024;

export interface Inspection {
  /** There is nothing in it yet. */
  fresh: boolean;
  /** Every page was looked at; a large file is to be checked while it serves. */
  whole: boolean;
}

/** Throws UnusableDatabase, with a sentence that says what to do. `schema` is the newest that can be served. */
export function inspect(path: string, schema: number): Inspection {
  const bytes = sizeOf(path) + sizeOf(`${path}-wal`);
  if (bytes === 0) return { fresh: true, whole: true };
  const db = connect(path);
  try {
    if (isFresh(db, path, schema)) return { fresh: true, whole: true };
    assertOwnWal(db, path);
    const whole = bytes <= CHECKED_AT_START;
    const finding = whole ? findDamage(db, 'quick_check') : undefined;
    if (finding !== undefined) throw damaged(path, finding);
    return { fresh: false, whole };
  } catch (error) {
    throw error instanceof Database.SqliteError ? damaged(path, error.message) : error;
  } finally {
    db.close();
  }
}

/** What SQLite's own check finds first, in a few words; undefined when all is well. */
export function findDamage(db: Database.Database, check: 'quick_check' | 'integrity_check'): string | undefined {
  let finding: string;
  try {
    finding = db.pragma(`${check}(1)`, { simple: true }) as string;
  } catch (cause) {
    finding = (cause as Error).message;
  }
  return finding === 'ok' ? undefined : (finding.split('\n').at(-1) as string);
}

/** A connection that reads only. */
export function connect(path: string): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { readonly: true, timeout: 5_000 });
    db.pragma('schema_version'); // reads the header
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof Database.SqliteError && cause.code === 'SQLITE_NOTADB') {
      throw new UnusableDatabase(`${path} is not a database; move it away or choose another data directory`, cause);
    }
    if (cause instanceof Database.SqliteError && cause.code === 'SQLITE_CORRUPT') throw damaged(path, cause.message);
    throw new UnusableDatabase(`${path} cannot be read: ${(cause as Error).message}`, cause);
  }
}

function isFresh(db: Database.Database, path: string, schema: number): boolean {
  const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
  const application = db.pragma('application_id', { simple: true }) as number;
  if (tables === 0) return true;
  if (application !== APPLICATION_ID) {
    throw new UnusableDatabase(`${path} is another program's database; choose another data directory`);
  }
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > schema) {
    throw new UnusableDatabase(
      `${path} was written by a newer version (schema ${version}, this one knows ${schema}); install that version`,
    );
  }
  return false;
}

/**
 * SQLite takes any WAL that lies beside a file for that file's: one of another cluster would show that cluster, and
 * overwrite this one at the next checkpoint. Every store has a uid; the file alone must not name another than file and
 * WAL together.
 */
function assertOwnWal(db: Database.Database, path: string): void {
  if (sizeOf(`${path}-wal`) === 0) return;
  const inFile = [...headOf(path).matchAll(/uid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g)].map(([uid]) => uid);
  const known = db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'").pluck().get() === 1;
  const uid = known ? db.prepare("SELECT v FROM meta WHERE k = 'uid'").pluck().get() : undefined;
  if (inFile.length === 0 || inFile.includes(String(uid))) return;
  throw new UnusableDatabase(
    `${path}-wal belongs to another database than ${path}: move it away if it was copied there by mistake, or restore both files together`,
  );
}

function headOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.toString('latin1', 0, readSync(file, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
