// Writes a container's log in the form and with the limits that nerdctl's logger gives the other containers'
// (log-line.ts): one line of the container is one line of the file, rotated beside it as <file>.1 (newest) … <file>.N.
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../../../clock.ts';
import type { LogLine } from '../log-line.ts';

/** upstream's kubelet: containerLogMaxSize 10Mi, containerLogMaxFiles 5 (the current one included) */
const MAX_BYTES = 10 * 1024 * 1024;
const MAX_FILES = 5;
/** A line longer than this is written in parts, as containerd's CRI does. */
const MAX_LINE = 16 * 1024;

export interface LogFile {
  write(stream: LogLine['stream'], chunk: Buffer): void;
  /** The stream has ended: what is left of its last line is written. */
  end(stream: LogLine['stream']): void;
  close(): void;
}

export function createLogFile(file: string, clock: Pick<Clock, 'now'>, maxBytes = MAX_BYTES): LogFile {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  let descriptor = openSync(file, 'a', 0o640);
  let size = fstatSync(descriptor).size;
  const pending = { stdout: '', stderr: '' };
  const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };

  /** One write for the lines of a chunk, as far as they fit into the file. */
  const append = (stream: LogLine['stream'], texts: readonly string[]) => {
    const time = `${new Date(clock.now()).toISOString().slice(0, 23)}000000Z`;
    let waiting = '';
    let bytes = 0;
    const flush = () => {
      if (waiting !== '') size += writeSync(descriptor, waiting);
      [waiting, bytes] = ['', 0];
    };
    for (const text of texts) {
      const line = `${JSON.stringify({ log: text, stream, time })}\n`;
      const length = Buffer.byteLength(line);
      if (size + bytes > 0 && size + bytes + length > maxBytes) {
        flush();
        rotate();
      }
      waiting += line;
      bytes += length;
    }
    flush();
  };
  const rotate = () => {
    closeSync(descriptor);
    for (let n = MAX_FILES - 2; n >= 1; n--)
      if (existsSync(`${file}.${n}`)) renameSync(`${file}.${n}`, `${file}.${n + 1}`);
    renameSync(file, `${file}.1`);
    descriptor = openSync(file, 'a', 0o640);
    size = 0;
  };
  return {
    write(stream, chunk) {
      const lines = (pending[stream] + decoders[stream].write(chunk)).split('\n');
      pending[stream] = lines.pop() ?? '';
      const texts = lines.map((line) => `${line}\n`);
      if (pending[stream].length >= MAX_LINE) {
        texts.push(pending[stream]);
        pending[stream] = '';
      }
      append(stream, texts);
    },
    end(stream) {
      const rest = pending[stream] + decoders[stream].end();
      pending[stream] = '';
      if (rest !== '') append(stream, [rest]);
    },
    close: () => closeSync(descriptor),
  };
}
