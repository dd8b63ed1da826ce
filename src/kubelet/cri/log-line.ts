// One line of a container's log file. On disk it is the CRI's form (k8s.io/cri-api, and upstream's kuberuntime/logs):
//   2026-01-01T00:00:00.000000000Z stdout F text
// F ends a line of the container, P is a part of one that goes on in the next line of the file. docker's json-file form,
//   {"log":"text\n","stream":"stdout","time":"2026-01-01T00:00:00.000000000Z"}
// is read as well. Rotated files stand beside it as <file>.1 (newest) … <file>.N.

export type LogStream = 'stdout' | 'stderr';

export interface LogLine {
  /** RFC 3339 with nanoseconds, UTC. */
  time: string;
  stream: LogStream;
  /** With its newline when it has one. */
  text: string;
}

const CRI_LINE = /^(\S+) (stdout|stderr) ([FP])[^ ]* (.*)$/s;

/** `line` without its newline; undefined for what is not a whole log line, as after a crash in the middle of a write. */
export function parseLogLine(line: string): LogLine | undefined {
  if (line.startsWith('{')) return parseJsonLine(line);
  const [, time, stream, tag, text] = CRI_LINE.exec(line) ?? [];
  if (time === undefined || text === undefined) return undefined;
  return { time, stream: stream as LogStream, text: tag === 'F' ? `${text}\n` : text };
}

function parseJsonLine(line: string): LogLine | undefined {
  let value: { log?: unknown; stream?: unknown; time?: unknown };
  try {
    value = JSON.parse(line) as typeof value;
  } catch {
    return undefined;
  }
  const { log, stream, time } = value;
  if (typeof log !== 'string' || typeof time !== 'string' || (stream !== 'stdout' && stream !== 'stderr')) {
    return undefined;
  }
  return { time, stream, text: log };
}
