// Room that is kept for bad days: a file of bytes nobody needs beside the database. When the disk is full it is given
// up, so that what makes room (deletes, compaction, checkpoints) can be written; it is made anew when there is room.
import { randomFillSync } from 'node:crypto';
import { rmSync, statfsSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';

const MEBIBYTE = 1024 * 1024;
const BALLAST_BYTES = 16 * MEBIBYTE;
/** Of a small disk it takes no more than this part. */
const PART_OF_DISK = 16;

export interface Ballast {
  /** True when there was something to give up. */
  release(): boolean;
  /** Makes it when it is missing and the disk has several times its size free. True when there is room to write. */
  renew(): Promise<boolean>;
}

/** Of the database at `file`. */
export function createBallast(file: string): Ballast {
  const path = `${file}.ballast`;
  const unfinished = `${path}.unfinished`;
  const disk = () => {
    const { bsize, blocks, bavail } = statfsSync(file);
    const bytes = Math.min(BALLAST_BYTES, Math.floor((blocks * bsize) / PART_OF_DISK));
    return { bytes, free: bavail * bsize };
  };
  return {
    release() {
      const there = statSync(path, { throwIfNoEntry: false }) !== undefined;
      rmSync(path, { force: true });
      rmSync(unfinished, { force: true });
      return there;
    },
    async renew() {
      const { bytes, free } = disk();
      if (statSync(path, { throwIfNoEntry: false })) return free > bytes;
      if (free <= 3 * bytes) return false;
      try {
        await writeRandom(unfinished, bytes);
        await rename(unfinished, path);
        return true;
      } catch (error) {
        await rm(unfinished, { force: true });
        if (/^(ENOSPC|EDQUOT)$/.test((error as NodeJS.ErrnoException).code ?? '')) return false;
        throw error;
      }
    },
  };
}

/** Random, because some file systems keep zeros without taking room for them. */
async function writeRandom(path: string, bytes: number): Promise<void> {
  const chunk = randomFillSync(Buffer.alloc(Math.min(MEBIBYTE, bytes)));
  const file = await open(path, 'w', 0o600);
  try {
    for (let left = bytes; left > 0; left -= chunk.length) {
      await file.write(chunk, 0, Math.min(left, chunk.length));
    }
  } finally {
    await file.close();
  }
}
