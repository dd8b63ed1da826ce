// Reads a container's log: its last lines, those since a time, and what is still being written (followed by inotify,
// across rotation, until the container has ended). kubectl logs and the kubelet's /containerLogs.
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseLogLine } from '../cri/log-line.ts';

export interface LogOptions {
  follow: boolean;
  timestamps: boolean;
  tailLines?: number;
  /** Milliseconds since the epoch. */
  since?: number;
  limitBytes?: number;
  stream?: 'stdout' | 'stderr';
}

const BLOCK = 64 * 1024;
/** More than what follows the text in a line of the file: stream and time. */
const LINE_TAIL = 128;
/** nerdctl keeps the current file and four older ones. */
const MAX_ROTATED = 9;

/** `ended` aborts when the container writes no more, `signal` when the reader goes away. */
export async function* readLog(
  file: string,
  options: LogOptions,
  at: { ended: AbortSignal; signal: AbortSignal },
): AsyncGenerator<string> {
  const format = formatter(options);
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const clip = (text: string): string => {
    const bytes = Buffer.from(text);
    const part = bytes.length <= left ? text : bytes.subarray(0, left).toString('utf8');
    left -= bytes.length;
    return part;
  };
  const wake = options.follow ? waker(file, at) : undefined;
  try {
    const places = await startingPlaces(file, options.tailLines);
    for (const [i, place] of places.entries()) {
      const isCurrent = i === places.length - 1;
      for await (const line of readLines(place, isCurrent && wake ? { ...at, wake, file } : undefined)) {
        const text = format(line);
        if (text === '') continue;
        yield clip(text);
        if (left <= 0 || at.signal.aborted) return;
      }
    }
  } finally {
    wake?.close();
  }
}

/** Turns a line of the file into what is shown; a text that goes on from the line before gets no time of its own. */
function formatter(options: LogOptions): (line: string) => string {
  let goesOn = false;
  return (raw) => {
    const line = parseLogLine(raw);
    if (!line) return '';
    if (options.since !== undefined && Date.parse(line.time) < options.since) return '';
    if (options.stream && line.stream !== options.stream) return '';
    const text = options.timestamps && !goesOn ? `${line.time} ${line.text}` : line.text;
    goesOn = !line.text.endsWith('\n');
    return text;
  };
}

interface Place {
  file: string;
  offset: number;
}

/** The files to read, the oldest first, and where to begin in the first. */
async function startingPlaces(file: string, tailLines: number | undefined): Promise<Place[]> {
  const places: Place[] = [];
  let wanted = tailLines;
  for (let i = 0; i <= MAX_ROTATED; i++) {
    const name = i === 0 ? file : `${file}.${i}`;
    const stats = await stat(name).catch(() => undefined);
    if (!stats) break;
    if (wanted === undefined) {
      places.unshift({ file: name, offset: 0 });
      continue;
    }
    const { offset, found } = await lastLines(name, stats.size, wanted);
    places.unshift({ file: name, offset });
    wanted -= found;
    if (wanted <= 0) break;
  }
  return places.length > 0 ? places : [{ file, offset: 0 }];
}

/** Where the last `count` lines of a file begin, and how many there are up to that. */
async function lastLines(file: string, size: number, count: number): Promise<{ offset: number; found: number }> {
  if (count === 0) return { offset: size, found: 0 };
  const handle = await open(file);
  try {
    let found = 0;
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - BLOCK);
      const from = Math.max(0, start - LINE_TAIL);
      const { buffer } = await handle.read(Buffer.alloc(end - from), 0, end - from, from);
      for (let i = buffer.length - 1; i >= start - from; i--) {
        if (buffer[i] !== 0x0a || from + i === size - 1) continue;
        // A text without its own newline goes on in the next line: they are one.
        if (!buffer.subarray(Math.max(0, i - LINE_TAIL), i).includes('\\n","stream"')) continue;
        found++;
        if (found === count) return { offset: from + i + 1, found };
      }
      end = start;
    }
    return { offset: 0, found: size > 0 ? found + 1 : 0 };
  } finally {
    await handle.close();
  }
}

interface Following {
  file: string;
  wake: Waker;
  ended: AbortSignal;
  signal: AbortSignal;
}

async function* readLines(place: Place, following?: Following): AsyncGenerator<string> {
  let handle = await open(place.file).catch(() => undefined); // nothing written yet
  let offset = place.offset;
  let rest = '';
  const decoder = { text: new TextDecoder() };
  const block = Buffer.alloc(BLOCK);
  try {
    for (;;) {
      const isLast = following?.ended.aborted ?? true;
      const changed = following?.wake.next();
      const { bytesRead } = handle ? await handle.read(block, 0, BLOCK, offset) : { bytesRead: 0 };
      offset += bytesRead;
      const lines = (rest + decoder.text.decode(block.subarray(0, bytesRead), { stream: true })).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) yield line;
      if (bytesRead > 0) continue;
      if (following?.signal.aborted) return;
      const next = following && (await rotated(handle, following.file));
      if (next) {
        await handle?.close();
        handle = next;
        offset = 0;
        rest = '';
        decoder.text = new TextDecoder();
        continue;
      }
      if (!following || isLast) return;
      await changed;
    }
  } finally {
    await handle?.close();
  }
}

/** The file that stands under the name now, when it is another one. */
async function rotated(handle: FileHandle | undefined, file: string): Promise<FileHandle | undefined> {
  const current = await stat(file).catch(() => undefined);
  if (!current) return undefined;
  if (handle && (await handle.stat()).ino === current.ino) return undefined;
  return open(file);
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
