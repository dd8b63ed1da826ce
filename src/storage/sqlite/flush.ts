// Relaxed durability: a commit does not wait for the disk; what was written is put there within a second, as long as
// something is written. A power cut takes that second, the end of the process nothing.
import { open } from 'node:fs/promises';
import type { Clock, Timer } from '../../clock.ts';

const EVERY_MS = 1_000;

export interface Flush {
  /** To be told of each commit. */
  wrote(): void;
  /** No sync begins after this; whoever closes the file has it synced by that. */
  stop(): void;
}

export function createFlush(options: {
  clock: Clock;
  sync(): Promise<void>;
  /** What is written after a failed sync cannot be trusted (errors.ts). */
  onError(error: unknown): void;
}): Flush {
  const { clock, sync, onError } = options;
  let timer: Timer | undefined;
  let syncing = false;
  let writtenSince = false;
  let stopped = false;

  function arm(): void {
    timer ??= clock.after(EVERY_MS, async () => {
      timer = undefined;
      syncing = true;
      writtenSince = false;
      try {
        await sync();
      } catch (error) {
        if (!stopped) onError(error);
      } finally {
        syncing = false;
      }
      if (writtenSince && !stopped) arm();
    });
  }

  return {
    wrote() {
      writtenSince = true;
      if (!syncing && !stopped) arm();
    },
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

/**
 * Waits until the disk has the WAL of `file`, without holding up the thread. Closing our own descriptor drops no lock:
 * SQLite locks the database and its -shm, never the WAL.
 */
export async function syncWal(file: string): Promise<void> {
  const wal = await open(`${file}-wal`, 'r+');
  try {
    await wal.datasync();
  } finally {
    await wal.close();
  }
}
