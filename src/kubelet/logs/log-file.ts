// Writes a container's log in the CRI's form (cri/log-line.ts), rotated by size and count. Made for output that comes faster than it
// is of use: lines stay bytes, and what comes together is written together.
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../clock.ts';
import type { LogStream } from '../cri/log-line.ts';

export interface LogLimits {
  /** A file that has come to this is put aside. */
  maxBytes: number;
  /** How many files there are at most, the current one included; 2 or more. */
  maxFiles: number;
}

/** upstream's kubelet: containerLogMaxSize 10Mi, containerLogMaxFiles 5 */
export const DEFAULT_LOG_LIMITS: LogLimits = { maxBytes: 10 * 1024 * 1024, maxFiles: 5 };
/** A line longer than this is written in parts, as containerd's CRI does. */
const MAX_LINE = 16 * 1024;
const NEWLINE = 0x0a;

export interface LogFile {
  write(stream: LogStream, chunk: Buffer): void;
  /** The stream has ended: what is left of its last line is written. */
  end(stream: LogStream): void;
  close(): void;
}

/** Appends to `file`, making it and its folders. */
export function createLogFile(file: string, clock: Pick<Clock, 'now'>, limits = DEFAULT_LOG_LIMITS): LogFile {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
  let descriptor = openSync(file, 'a', 0o640);
  let size = fstatSync(descriptor).size;
  let out = Buffer.allocUnsafe(128 * 1024);
  let used = 0;
  const pending: Record<LogStream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };

  /** A header and data[from, to) behind it; for each line, so nothing is made meanwhile. */
  function put(header: Buffer, data: Buffer, from: number, to: number): void {
    if (used + header.length + (to - from) + 1 > out.length) {
      const larger = Buffer.allocUnsafe(Math.max(out.length * 2, used + header.length + (to - from) + 1));
      out.copy(larger, 0, 0, used);
      out = larger;
    }
    used += header.copy(out, used);
    used += data.copy(out, used, from, to);
  }

  /** As `put`, where the data has no end of line. */
  function putEnded(header: Buffer, data: Buffer, from: number, to: number): void {
    put(header, data, from, to);
    out[used++] = NEWLINE;
  }

  function flush(): void {
    for (let at = 0; at < used; ) at += writeSync(descriptor, out, at, used - at);
    size += used;
    used = 0;
    if (size >= limits.maxBytes) rotate();
  }

  function rotate(): void {
    closeSync(descriptor);
    rotateFiles(file, limits.maxFiles);
    descriptor = openSync(file, 'a', 0o640);
    size = 0;
  }

  /** `<time> <stream> F ` and the same with P, for all lines of a chunk. */
  const headers = (stream: LogStream) => {
    const time = `${new Date(clock.now()).toISOString().slice(0, 23)}000000Z`;
    return { whole: Buffer.from(`${time} ${stream} F `), part: Buffer.from(`${time} ${stream} P `) };
  };

  return {
    write(stream, chunk) {
      const { whole, part } = headers(stream);
      const data = pending[stream].length === 0 ? chunk : Buffer.concat([pending[stream], chunk]);
      let at = 0;
      for (let next = data.indexOf(NEWLINE); next !== -1; next = data.indexOf(NEWLINE, at)) {
        for (; next - at > MAX_LINE; at += MAX_LINE) putEnded(part, data, at, at + MAX_LINE);
        put(whole, data, at, next + 1);
        at = next + 1;
      }
      for (; data.length - at >= MAX_LINE; at += MAX_LINE) putEnded(part, data, at, at + MAX_LINE);
      pending[stream] = Buffer.from(data.subarray(at)); // a copy: the chunk is large, this is not
      flush();
    },
    end(stream) {
      const rest = pending[stream];
      if (rest.length === 0) return;
      pending[stream] = Buffer.alloc(0);
      putEnded(headers(stream).whole, rest, 0, rest.length);
      flush();
    },
    close: () => closeSync(descriptor),
  };
}

/** Makes room for a new current file: <file> becomes <file>.1, and the oldest is given up. */
export function rotateFiles(file: string, maxFiles: number): void {
  for (let n = maxFiles - 2; n >= 1; n--)
    if (existsSync(`${file}.${n}`)) renameSync(`${file}.${n}`, `${file}.${n + 1}`);
  renameSync(file, `${file}.1`);
}
