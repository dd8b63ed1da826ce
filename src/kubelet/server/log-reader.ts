// Reads a container's log: its last lines, those since a time, and what is still being written (followed by inotify,
// across rotation, until the container has ended). kubectl logs and the kubelet's /containerLogs.
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { createLogFilter, type LogFilter, type LogSelection } from '../logs/log-filter.ts';
import { inodes, type LogPlace, openInode, startingPlaces } from '../logs/log-places.ts';

export interface LogOptions extends LogSelection {
  follow: boolean;
  tailLines?: number;
  limitBytes?: number;
}

const BLOCK = 256 * 1024;

/** `ended` aborts when the container writes no more, `signal` when the reader goes away. */
export async function* readLog(
  file: string,
  options: LogOptions,
  at: { ended: AbortSignal; signal: AbortSignal },
): AsyncGenerator<Buffer> {
  const filter = createLogFilter(options);
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const wake = options.follow ? waker(file, at) : undefined;
  try {
    const places = await startingPlaces(file, options.tailLines);
    for (const [i, place] of places.entries()) {
      const following = wake && i === places.length - 1 ? { ...at, wake } : undefined;
      for await (const text of readTexts(file, place, { filter, following })) {
        if (text.length === 0) continue;
        yield text.subarray(0, left);
        left -= text.length;
        if (left <= 0 || at.signal.aborted) return;
      }
      filter.reset();
    }
  } finally {
    wake?.close();
  }
}

interface Following {
  wake: Waker;
  ended: AbortSignal;
  signal: AbortSignal;
}

async function* readTexts(
  file: string,
  place: LogPlace,
  { filter, following }: { filter: LogFilter; following: Following | undefined },
): AsyncGenerator<Buffer> {
  let handle = await (place.ino === undefined ? openIfThere(file) : openInode(file, place.ino));
  let next: FileHandle | undefined;
  let { offset } = place;
  const block = Buffer.allocUnsafeSlow(BLOCK);
  try {
    for (;;) {
      const isLast = following?.ended.aborted ?? true;
      const changed = following?.wake.next();
      const wanted = following ? BLOCK : Math.min(BLOCK, place.end - offset);
      const { bytesRead } = handle ? await handle.read(block, 0, wanted, offset) : { bytesRead: 0 };
      if (bytesRead > 0) {
        offset += bytesRead;
        yield filter.push(block.subarray(0, bytesRead));
        continue;
      }
      if (following?.signal.aborted) return;
      if (next) {
        await handle?.close();
        [handle, next] = [next, undefined];
        offset = 0;
        filter.reset();
        continue;
      }
      next = following && (await rotated(handle, file));
      if (next) continue; // what was written to the old one before the new one was there
      if (!following || isLast) return;
      await changed;
    }
  } finally {
    await Promise.all([handle?.close(), next?.close()]);
  }
}

const openIfThere = (file: string): Promise<FileHandle | undefined> => open(file).catch(() => undefined);

/** The file that follows the one that was read to its end; a fast writer may have made several since. */
async function rotated(handle: FileHandle | undefined, file: string): Promise<FileHandle | undefined> {
  if (!handle) return openIfThere(file);
  const { ino } = await handle.stat();
  for (;;) {
    const names = await inodes(file);
    const at = names.findIndex((name) => name.ino === ino);
    if (at === 0 || names.length === 0) return undefined;
    const next = at === -1 ? names.at(-1) : names[at - 1]; // given up already: on with the oldest that is left
    const opened = next && (await openInode(file, next.ino));
    if (opened) return opened;
  }
}

interface Waker {
  /** Resolves at the next change after this call. */
  next(): Promise<void>;
  close(): void;
}

/** Watches the directory, so that it sees the file being made and replaced. */
function waker(file: string, at: { ended: AbortSignal; signal: AbortSignal }): Waker {
  let waiting = Promise.withResolvers<void>();
  const wake = () => {
    waiting.resolve();
    waiting = Promise.withResolvers<void>();
  };
  const watcher: FSWatcher = watch(path.dirname(file), (_, name) => {
    if (name === null || name === path.basename(file)) wake();
  });
  watcher.on('error', wake);
  at.ended.addEventListener('abort', wake, { once: true });
  at.signal.addEventListener('abort', wake, { once: true });
  return {
    next: () => waiting.promise,
    close() {
      watcher.close();
      at.ended.removeEventListener('abort', wake);
      at.signal.removeEventListener('abort', wake);
    },
  };
}
