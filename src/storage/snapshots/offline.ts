// A copy of a database that no server has open, made under its lock and without a change to its files.
import { statSync } from 'node:fs';
import { backUp } from '../sqlite/backup.ts';
import { UnusableDatabase } from '../sqlite/errors.ts';
import { connect } from '../sqlite/inspect.ts';
import { takeLock } from '../sqlite/lock.ts';

export interface OfflineSource {
  /** Of the database and its WAL. */
  bytes: number;
  copy(to: string, onProgress: (done: number, total: number) => void): Promise<void>;
}

/** Throws UnusableDatabase when there is no database, when a server has it, and when it cannot be read. */
export async function copyOffline<T>(stateFile: string, use: (source: OfflineSource) => Promise<T>): Promise<T> {
  const there = statSync(stateFile, { throwIfNoEntry: false });
  if (!there) throw new UnusableDatabase(`there is no database at ${stateFile}`);
  const lock = takeLock(stateFile);
  try {
    const db = connect(stateFile);
    try {
      const wal = statSync(`${stateFile}-wal`, { throwIfNoEntry: false })?.size ?? 0;
      return await use({
        bytes: there.size + wal,
        copy: (to, onProgress) => backUp(db, to, onProgress),
      });
    } finally {
      db.close();
    }
  } finally {
    lock.release();
  }
}
