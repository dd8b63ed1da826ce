// SQLite's error codes as sentences. The codes are those of sqlite.org/rescode.html.
import Database from 'better-sqlite3';
import type { WireFailure } from './protocol.ts';

/** A file that cannot be used as it is; the message says which, why and what to do. */
export class UnusableDatabase extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'UnusableDatabase';
  }
}

/** A stored value that cannot be made out. */
export class UnreadableContent extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'UnreadableContent';
  }
}

/** A copy was not made; the message says why. */
export class CopyFailed extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'CopyFailed';
  }
}

/** The sentence for a file of ours that is broken. */
export const damaged = (path: string, finding: string): UnusableDatabase =>
  new UnusableDatabase(
    `${path} is damaged (${finding}); nothing was changed: restore a snapshot (tsukube snapshot restore), or get out what can be read (tsukube store salvage)`,
  );

/**
 * After these, what the file holds is no longer what SQLite believes. Above all a failed fsync: the kernel may have
 * thrown the pages away, so trying again would report success for data that is lost (LWN, "PostgreSQL's fsync() surprise").
 */
const FATAL = /^SQLITE_(IOERR_(FSYNC|DIR_FSYNC|SHORT_READ|READ|CORRUPTFS|DATA)|CORRUPT|NOTADB)/;

/** No room for a page of the file, of its WAL, or of the memory that connections share. */
export const isFull = (error: unknown): boolean =>
  error instanceof Database.SqliteError
    ? /^SQLITE_(FULL|IOERR_SHMSIZE)$/.test(error.code)
    : error instanceof UnusableDatabase && error.cause !== undefined && isFull(error.cause);

export function describeFailure(error: unknown, path: string): WireFailure {
  if (error instanceof UnusableDatabase) return { reason: error.message, outcome: 'unknown' };
  if (error instanceof UnreadableContent) return { reason: error.message, outcome: 'no' };
  if (error instanceof CopyFailed) return { reason: error.message, outcome: 'no' };
  if (!(error instanceof Database.SqliteError)) {
    return {
      reason: `the store failed: ${error instanceof Error ? error.message : String(error)}`,
      outcome: 'unknown',
    };
  }
  const { code } = error;
  if (isFull(error)) {
    const reason = `the disk that holds ${path} is full: only deletes and what takes no room are written until there is room again`;
    return { reason, outcome: 'no', full: true };
  }
  if (FATAL.test(code)) {
    return { reason: `${path} cannot be trusted any more (${code}): check the disk, then restart`, outcome: 'unknown' };
  }
  return { reason: `${path} cannot be written (${code}: ${error.message})`, outcome: 'no' };
}
