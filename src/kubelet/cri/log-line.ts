// One line of a container's log file. On disk it is docker's json-file form, written by nerdctl's logger:
//   {"log":"text\n","stream":"stdout","time":"2026-01-01T00:00:00.000000000Z"}
// A line of the container is one line of the file; a text without its "\n" is part of a line that goes on in the next.
// Rotated files stand beside it as <file>.1 (newest) … <file>.N.

export interface LogLine {
  /** RFC 3339 with nanoseconds, UTC. */
  time: string;
  stream: 'stdout' | 'stderr';
  /** With its newline when it has one. */
  text: string;
}

/** undefined for what is not a whole log line, as after a crash in the middle of a write. */
export function parseLogLine(line: string): LogLine | undefined {
  let value: { log?: unknown; stream?: unknown; time?: unknown };
  try {
    value = JSON.parse(line) as typeof value;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { log, stream, time } = value;
  if (typeof log !== 'string' || typeof time !== 'string' || (stream !== 'stdout' && stream !== 'stderr')) {
    return undefined;
  }
  return { time, stream, text: log };
}
