// Where to begin in a log and the files that it was rotated into.
import { open, stat } from 'node:fs/promises';

export interface LogPlace {
  file: string;
  offset: number;
  /** Where it ended when it was looked at: whoever does not follow reads no further, or a fast writer would hold him for ever. */
  end: number;
}

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;
/** More older files than are ever kept. */
const MAX_ROTATED = 20;

/** The files to read, the oldest first, and where to begin in the first; lines are those of the files. */
export async function startingPlaces(file: string, tailLines: number | undefined): Promise<LogPlace[]> {
  const places: LogPlace[] = [];
  let wanted = tailLines;
  for (const { file: name, size } of await inodes(file)) {
    const { offset, found } = wanted === undefined ? { offset: 0, found: 0 } : await lastLines(name, size, wanted);
    places.unshift({ file: name, offset, end: size });
    if (wanted === undefined) continue;
    wanted -= found;
    if (wanted <= 0) break;
  }
  return places.length > 0 ? places : [{ file, offset: 0, end: 0 }];
}

/** The log's files as they are now, the newest first. */
export async function inodes(file: string): Promise<{ file: string; ino: number; size: number }[]> {
  const found: { file: string; ino: number; size: number }[] = [];
  for (let i = 0; i <= MAX_ROTATED; i++) {
    const name = i === 0 ? file : `${file}.${i}`;
    const stats = await stat(name).catch(() => undefined);
    if (stats) found.push({ file: name, ino: stats.ino, size: stats.size });
    else if (i > 0) break; // without a current file it is being rotated just now
  }
  return found;
}

/** Where the last `count` lines of a file begin, and how many there are up to that. */
async function lastLines(file: string, size: number, count: number): Promise<{ offset: number; found: number }> {
  if (count === 0) return { offset: size, found: 0 };
  const handle = await open(file);
  try {
    let found = 0;
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - BLOCK);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
      for (let i = bytesRead - 1; i >= 0; i--) {
        if (buffer[i] !== NEWLINE || start + i === size - 1) continue;
        found++;
        if (found === count) return { offset: start + i + 1, found };
      }
      end = start;
    }
    return { offset: 0, found: size > 0 ? found + 1 : 0 };
  } finally {
    await handle.close();
  }
}
