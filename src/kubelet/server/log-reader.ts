// Reads a container's log: its last lines, those since a time, and what is still being written (followed by inotify,
// across rotation, until the container has ended). kubectl logs and the kubelet's /containerLogs.
import { type FSWatcher, watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { createLogFilter, type LogFilter, type LogSelection } from '../logs/log-filter.ts';
import { type LogPlace, openNext, startingPlaces } from '../logs/log-places.ts';

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
  const places = await startingPlaces(file, options.tailLines);
  try {
    const texts = wake ? followTexts(file, places, { ...at, filter, wake }) : textsOf(places, filter);
    for await (const text of texts) {
      if (text.length === 0) continue;
      yield text.subarray(0, left);
      left -= text.length;
      if (left <= 0 || at.signal.aborted) return;
    }
  } finally {
    wake?.close();
    await Promise.all(places.map(({ handle }) => handle.close()));
  }
}

async function* textsOf(places: readonly LogPlace[], filter: LogFilter): AsyncGenerator<Buffer> {
  const block = Buffer.allocUnsafeSlow(BLOCK);
  for (const { handle, offset: begin, end } of places) {
    for (let offset = begin; offset < end; ) {
      const { bytesRead } = await handle.read(block, 0, Math.min(BLOCK, end - offset), offset);
      if (bytesRead === 0) break; // somebody has cut it
      offset += bytesRead;
      yield filter.push(block.subarray(0, bytesRead));
    }
    filter.reset();
  }
}

interface Following {
  filter: LogFilter;
  wake: Waker;
  ended: AbortSignal;
  signal: AbortSignal;
}

async function* followTexts(
  file: string,
  places: readonly LogPlace[],
  { filter, wake, ended, signal }: Following,
): AsyncGenerator<Buffer> {
  yield* textsOf(places.slice(0, -1), filter);
  const block = Buffer.allocUnsafeSlow(BLOCK);
  const last = places.at(-1); // undefined: nothing written yet
  let { handle, offset } = { handle: last?.handle, offset: last?.offset ?? 0 };
  let next: FileHandle | undefined;
  try {
    for (;;) {
      const isLast = ended.aborted;
      const changed = wake.next();
      const { bytesRead } = handle ? await handle.read(block, 0, BLOCK, offset) : { bytesRead: 0 };
      if (signal.aborted) return;
      if (bytesRead > 0) {
        offset += bytesRead;
        yield filter.push(block.subarray(0, bytesRead));
      } else if (next) {
        await handle?.close();
        [handle, next, offset] = [next, undefined, 0];
        filter.reset();
      } else {
        next = await openNext(file, handle);
        if (next) continue; // what was written to the old one before the new one was there
        if (isLast) return;
        await changed;
      }
    }
  } finally {
    await Promise.all([handle?.close(), next?.close()]);
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
