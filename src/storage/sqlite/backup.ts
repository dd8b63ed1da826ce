// A copy of an open database, made on the connection that writes to it: a copy made on any other would begin anew with
// each commit (sqlite.org/backup.html). Commits go on between the steps, and the copy has them.
import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import type { Database } from 'better-sqlite3';

/**
 * 256 KiB. Each step is flushed before the next, so a commit waits for one step and its flush at most, about what it
 * costs itself on that disk. Without, the last step would flush the whole file: 0.4 s for 500 MB where a step takes 5 ms.
 */
const STEP_PAGES = 64;

/** Both in pages. */
export type BackupProgress = (done: number, total: number) => void;

/** Writes what `db` holds when the last step is made to `to`, a file that does not exist yet. */
export async function backUp(db: Database, to: string, onProgress?: BackupProgress): Promise<void> {
  let file: number | undefined;
  try {
    await db.backup(to, {
      progress({ totalPages, remainingPages }) {
        file ??= openSync(to, 'r+');
        fdatasyncSync(file);
        onProgress?.(totalPages - remainingPages, totalPages);
        return STEP_PAGES;
      },
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
