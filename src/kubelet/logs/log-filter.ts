// What is shown of a log file's lines: bytes in, bytes out, in blocks, so that a follower gets them as fast as the disk has them.
// As upstream's kuberuntime/logs: a line that goes on from the one before it gets no time of its own.
import { type LogStream, parseLogLine } from '../cri/log-line.ts';

export interface LogSelection {
  timestamps: boolean;
  /** Milliseconds since the epoch. */
  since?: number;
  stream?: LogStream;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const BRACE = '{'.charCodeAt(0);
const FULL = 'F'.charCodeAt(0);
const STREAM_LETTER: Record<LogStream, number> = { stdout: 'o'.charCodeAt(0), stderr: 'e'.charCodeAt(0) };
/** RFC 3339 with nanoseconds in UTC, as containerd writes them, and we. */
const TIME_LENGTH = 30;
/** ` stdout ` and ` stderr ` are as long. */
const STREAM_LENGTH = 6;

export interface LogFilter {
  /** The text of the lines that end in this block. */
  push(block: Buffer): Buffer;
  /** Another file follows: what is left is no whole line. */
  reset(): void;
}

export function createLogFilter(selection: LogSelection): LogFilter {
  const { timestamps, since } = selection;
  const letter = selection.stream && STREAM_LETTER[selection.stream];
  let rest: Buffer = Buffer.alloc(0);
  let goesOn = false;

  /** Writes what is shown of data[from, to) to `out`; it is never longer. Returns where it ends. */
  function lineTo(out: Buffer, at: number, data: Buffer, from: number, to: number): number {
    if (data[from] === BRACE) return jsonLineTo(out, at, data.toString('utf8', from, to));
    // Looked for only where it is not where it nearly always is: that costs as much as all the rest of a line.
    const streamAt = (data[from + TIME_LENGTH] === SPACE ? from + TIME_LENGTH : data.indexOf(SPACE, from)) + 1;
    const tagAt = streamAt + STREAM_LENGTH + 1;
    const textAt = (data[tagAt + 1] === SPACE ? tagAt + 1 : data.indexOf(SPACE, tagAt)) + 1;
    if (streamAt === 0 || textAt === 0 || tagAt >= to || textAt > to || data[tagAt - 1] !== SPACE) return at;
    if (letter !== undefined && data[streamAt + 3] !== letter) return at;
    if (since !== undefined && Date.parse(data.toString('latin1', from, streamAt - 1)) < since) return at;
    let end = at;
    if (timestamps && !goesOn) end += data.copy(out, end, from, streamAt);
    end += data.copy(out, end, textAt, to);
    goesOn = data[tagAt] !== FULL;
    if (!goesOn) out[end++] = NEWLINE;
    return end;
  }

  function jsonLineTo(out: Buffer, at: number, line: string): number {
    const parsed = parseLogLine(line);
    if (!parsed) return at;
    if (selection.stream && parsed.stream !== selection.stream) return at;
    if (since !== undefined && Date.parse(parsed.time) < since) return at;
    const text = timestamps && !goesOn ? `${parsed.time} ${parsed.text}` : parsed.text;
    goesOn = !parsed.text.endsWith('\n');
    return at + out.write(text, at);
  }

  return {
    push(block) {
      const out = Buffer.allocUnsafe(rest.length + block.length);
      let used = 0;
      let at = 0;
      for (let next = block.indexOf(NEWLINE); next !== -1; next = block.indexOf(NEWLINE, at)) {
        if (rest.length === 0) used = lineTo(out, used, block, at, next);
        else {
          const line = Buffer.concat([rest, block.subarray(at, next)]);
          used = lineTo(out, used, line, 0, line.length);
          rest = Buffer.alloc(0);
        }
        at = next + 1;
      }
      rest = Buffer.concat([rest, block.subarray(at)]); // a copy: the block is read into again
      return out.subarray(0, used);
    },
    reset() {
      rest = Buffer.alloc(0);
      goesOn = false;
    },
  };
}
