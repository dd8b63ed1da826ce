// One server per database. The lock is SQLite's own exclusive lock on a small file beside it: a lock of the
// kernel, so it is gone with the process that held it, however that ended, and can never be stale.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { UnusableDatabase } from './errors.ts';

export interface Lock {
  release(): void;
}

/** Takes the lock of the database at `path`, or throws with the process that holds it. */
export function takeLock(path: string): Lock {
  const pidFile = `${path}.pid`;
  const db = new Database(`${path}.lock`, { timeout: 0 });
  try {
    db.pragma('journal_mode = MEMORY'); // nothing is written, so that it can be had on a full disk
    db.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    db.close();
    const busy = cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY');
    if (!busy) throw new UnusableDatabase(`${path}.lock cannot be locked: ${(cause as Error).message}`, cause);
    throw new UnusableDatabase(`${path} is in use by ${holder(pidFile)}; stop it first, or use another data directory`);
  }
  try {
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    // It only names the holder to others; a full disk must not keep a store from being read.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  return {
    release() {
      rmSync(pidFile, { force: true });
      db.close();
    },
  };
}

function holder(pidFile: string): string {
  try {
    return `process ${readFileSync(pidFile, 'utf8').trim()}`;
  } catch {
    return 'another process'; // it holds the lock and has not written the file yet
  }
}
