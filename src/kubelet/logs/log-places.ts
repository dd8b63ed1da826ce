// Where to begin in a log and the files that it was rotated into.
import { type FileHandle, open, stat } from 'node:fs/promises';

export interface LogPlace {
  /** undefined: nothing is written yet. */
  ino?: number;
  offset: number;
  /** Where it ended when it was looked at: whoever does not follow reads no further, or a fast writer would hold him for ever. */
  end: number;
}

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/** The files to read, the oldest first, and where to begin in the first; lines are those of the files. */
export async function startingPlaces(file: string, tailLines: number | undefined): Promise<LogPlace[]> {
  const places: LogPlace[] = [];
  let wanted = tailLines;
  for (const { file: name, ino, size } of await inodes(file)) {
    const { offset, found } = wanted === undefined ? { offset: 0, found: 0 } : await lastLines(name, size, wanted);
    places.unshift({ ino, offset, end: size });
    if (wanted === undefined) continue;
    wanted -= found;
    if (wanted <= 0) break;
  }
  return places.length > 0 ? places : [{ offset: 0, end: 0 }];
}

/**
 * The log's files as they are now, the newest first. While they are being renamed, the oldest first, one name is missing, and a
 * file may be met under two.
 */
export async function inodes(file: string): Promise<{ file: string; ino: number; size: number }[]> {
  const found = new Map<number, { file: string; ino: number; size: number }>();
  for (let i = 0, missing = 0; missing < 2; i++) {
    const name = i === 0 ? file : `${file}.${i}`;
    const stats = await stat(name).catch(() => undefined);
    missing = stats ? 0 : missing + 1;
    if (stats) found.set(stats.ino, { file: name, ino: stats.ino, size: stats.size });
  }
  return [...found.values()];
}

/** Under whatever name it has by now; undefined when it was given up. */
export async function openInode(file: string, ino: number): Promise<FileHandle | undefined> {
  for (;;) {
    const found = (await inodes(file)).find((one) => one.ino === ino);
    if (!found) return undefined;
    const handle = await open(found.file).catch(() => undefined);
    if (handle && (await handle.stat()).ino === ino) return handle;
    await handle?.close(); // rotated between the two looks
  }
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
