// A copy of an open database, made on the connection that writes to it: a copy made on any other would begin anew with
// each commit (sqlite.org/backup.html). Commits go on between the steps, and the copy has them.
import { closeSync, fdatasync, openSync } from 'node:fs';
import type { Database } from 'better-sqlite3';

/** 64 KiB: a commit waits for one step at most, 0.1 ms; longer ones meet a busy disk more often and are no faster. */
const STEP_PAGES = 16;
/** 1 MiB: a step is so much longer by what the database has grown since the last, or the copy would never end. */
const MOST_PAGES = 256;
/**
 * 512 KiB may be copied and not flushed yet. Without a limit the last step would flush all that the kernel has put off:
 * 0.4 s for 500 MB, in which nothing is committed.
 */
const UNFLUSHED_PAGES = 128;
/** better-sqlite3 takes step after step and cannot be told to wait: the next turn begins this much later instead. */
const WAIT_MS = 1;

/** Both in pages. */
export type BackupProgress = (done: number, total: number) => void;

/** Writes what `db` holds when the last step is made to `to`, a file that does not exist yet. */
export async function backUp(db: Database, to: string, onProgress?: BackupProgress): Promise<void> {
  const flushing = createFlushing(to);
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  let known = Number.POSITIVE_INFINITY;
  try {
    await db.backup(to, {
      progress({ totalPages, remainingPages }) {
        onProgress?.(totalPages - remainingPages, totalPages);
        if (flushing.behind() < UNFLUSHED_PAGES) {
          const pages = Math.min(MOST_PAGES, STEP_PAGES + Math.max(0, totalPages - known));
          known = totalPages;
          flushing.add(pages);
          return pages;
        }
        Atomics.wait(nothing, 0, 0, WAIT_MS);
        return 0;
      },
    });
  } finally {
    await flushing.end();
  }
}

/** Flushes a growing file beside the thread that writes it, one flush after another. */
function createFlushing(path: string) {
  let file: number | undefined;
  let written = 0;
  let flushed = 0;
  let failure: Error | undefined;
  let current: Promise<void> | undefined;

  function flush(): void {
    if (current || written === flushed) return;
    file ??= openSync(path, 'r+');
    const upTo = written;
    const descriptor = file;
    current = new Promise((resolve) =>
      fdatasync(descriptor, (error) => {
        current = undefined;
        flushed = upTo;
        failure ??= error ?? undefined;
        resolve();
      }),
    );
  }

  return {
    /** Throws when a flush failed: the copy is no good then. */
    behind(): number {
      if (failure) throw failure;
      flush();
      return written - flushed;
    },
    add(pages: number): void {
      written += pages;
    },
    async end(): Promise<void> {
      await current;
      if (file !== undefined) closeSync(file);
    },
  };
}
