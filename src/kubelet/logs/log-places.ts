// Where to begin in a log and the files that it was rotated into.
import { type FileHandle, open, stat } from 'node:fs/promises';
import { ifMissing } from '../../missing-file.ts';

export interface LogPlace {
  /** The file is held open, so that it is all there though it may be given up; whoever asked closes it. */
  handle: FileHandle;
  offset: number;
  /** Where it ended when it was looked at: whoever does not follow reads no further, or a fast writer would hold him for ever. */
  end: number;
}

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/** The files to read, the oldest first, and where to begin in the first; lines are those of the files. */
export async function startingPlaces(file: string, tailLines: number | undefined): Promise<LogPlace[]> {
  const places: LogPlace[] = [];
  let wanted = tailLines ?? Number.POSITIVE_INFINITY;
  for (const { handle, size } of await openAll(file)) {
    if (wanted <= 0 && places.length > 0) await handle.close();
    else {
      const { offset, found } =
        tailLines === undefined ? { offset: 0, found: 0 } : await lastLines(handle, size, wanted);
      places.unshift({ handle, offset, end: size });
      wanted -= found;
    }
  }
  return places;
}

interface OpenedLog {
  handle: FileHandle;
  ino: number;
  size: number;
}

/**
 * The log's files as they are now, the newest first, each once. While they are being renamed, the oldest first, one name is
 * missing, and a file may be met under two.
 */
async function openAll(file: string): Promise<OpenedLog[]> {
  const opened = new Map<number, FileHandle>();
  for (let i = 0, missing = 0; missing < 2; i++) {
    const handle = await open(nameOf(file, i)).catch(ifMissing(undefined));
    missing = handle ? 0 : missing + 1;
    if (!handle) continue;
    const { ino } = await handle.stat();
    if (opened.has(ino)) await handle.close();
    else opened.set(ino, handle);
  }
  // Now, not when it was opened: the newest may have been empty then, and full when the one before it was given up.
  return Promise.all([...opened].map(async ([ino, handle]) => ({ handle, ino, size: (await handle.stat()).size })));
}

const nameOf = (file: string, rotations: number): string => (rotations === 0 ? file : `${file}.${rotations}`);

/**
 * The file that was begun after `current`, of which a fast writer may have made several since, or the first one at all. undefined:
 * none yet.
 */
export async function openNext(file: string, current: FileHandle | undefined): Promise<FileHandle | undefined> {
  const ino = current && (await current.stat()).ino;
  const newest = await stat(file).catch(ifMissing(undefined));
  if (!newest || newest.ino === ino) return undefined; // as a rule: it is asked at every change
  const opened = await openAll(file);
  const at = opened.findIndex((one) => one.ino === ino);
  const next = at === -1 ? opened.at(-1) : opened[at - 1]; // given up already: on with the oldest that is left
  await Promise.all(opened.filter((one) => one !== next).map(({ handle }) => handle.close()));
  return next?.handle;
}

/** Where the last `count` lines of a file begin, and how many there are up to that. */
async function lastLines(handle: FileHandle, size: number, count: number): Promise<{ offset: number; found: number }> {
  if (count === 0) return { offset: size, found: 0 };
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
}
