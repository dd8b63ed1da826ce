// Attach to a container without a console (console.ts): its output from now on, read from its log as the logger writes
// it, a line at a time. nerdctl's own attach does not work for detached containers with a log.
import { closeSync, openSync, readSync, statSync, watch } from 'node:fs';
import { PassThrough } from 'node:stream';
import { parseLogLine } from '../log-line.ts';
import { type ContainerStatus, type ExecSession, RuntimeError, type StreamOptions } from '../runtime.ts';

export interface AttachOptions {
  streams: StreamOptions;
  /** Resolves when the container has exited. */
  exited: Promise<void>;
}

export function attachLog(container: ContainerStatus, options: AttachOptions): ExecSession {
  const { streams } = options;
  const stdout = streams.stdout ? new PassThrough() : undefined;
  const stderr = streams.stderr ? new PassThrough() : undefined;
  if (streams.stdin) {
    throw new RuntimeError('AttachError', `container ${container.name} was not created with stdin`);
  }
  const follower = followLog(container.logPath, (stream, text) => {
    (stream === 'stdout' ? stdout : stderr)?.write(text);
  });
  const ended = Promise.withResolvers<void>();
  const close = () => ended.resolve();
  const exit = Promise.race([options.exited, ended.promise]).then(() => {
    follower.close();
    stdout?.end();
    stderr?.end();
    return 0; // as upstream: an attach that ends is a success whatever the container's code
  });
  return {
    ...(stdout ? { stdout } : {}),
    ...(stderr ? { stderr } : {}),
    resize() {},
    exit,
    close,
  };
}

/** Calls `onText` for what is appended from now on; follows a rotation to the new file. */
function followLog(file: string, onText: (stream: 'stdout' | 'stderr', text: string) => void): { close(): void } {
  let descriptor = openSync(file, 'r');
  let position = statSync(file).size;
  let inode = statSync(file).ino;
  let rest = '';
  const chunk = Buffer.alloc(64 * 1024);
  const drain = () => {
    for (;;) {
      const count = readSync(descriptor, chunk, 0, chunk.length, position);
      if (count === 0) return;
      position += count;
      const lines = (rest + chunk.toString('utf8', 0, count)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const entry = parseLogLine(line);
        if (entry) onText(entry.stream, entry.text);
      }
    }
  };
  const onChange = () => {
    drain();
    const now = statSync(file, { throwIfNoEntry: false });
    if (now === undefined || now.ino === inode) return;
    closeSync(descriptor);
    descriptor = openSync(file, 'r');
    [inode, position] = [now.ino, 0];
    watcher.close();
    watcher = watch(file, onChange);
    drain();
  };
  let watcher = watch(file, onChange);
  return {
    close() {
      drain();
      watcher.close();
      closeSync(descriptor);
    },
  };
}
