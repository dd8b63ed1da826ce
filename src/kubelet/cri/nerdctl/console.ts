// The console of a container that has a terminal or an open stdin: a folder with a FIFO per stream, held open by the
// container's shim, and a socket per output where the console's process (console-process.ts) passes it on. Nothing
// of it belongs to the server, so attaching works again after a restart. docs/decisions/0003-attach.md
import { constants, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, spawn } from '../../../exec.ts';
import type { TaskStreams, Tasks } from '../containerd/tasks.ts';
import { LABEL_CONSOLE, LABEL_CONSOLE_STREAMS } from '../labels.ts';
import { type ExecSession, RuntimeError, type StreamOptions } from '../runtime.ts';

export interface ConsoleSettings {
  /** Short, as Linux allows 107 bytes for the sockets in it. */
  folder: string;
  stdin: boolean;
  stdinOnce: boolean;
  tty: boolean;
}

/** The value of LABEL_CONSOLE_STREAMS. */
export const consoleStreams = ({ stdin, stdinOnce, tty }: ConsoleSettings): string =>
  Object.entries({ stdin, stdinOnce, tty })
    .filter(([, on]) => on)
    .map(([name]) => name)
    .join(',');

/** The console that the labels of a container tell of. */
export function consoleOf(labels: Readonly<Record<string, string>>): ConsoleSettings | undefined {
  const folder = labels[LABEL_CONSOLE];
  if (folder === undefined) return undefined;
  const has = (labels[LABEL_CONSOLE_STREAMS] ?? '').split(',');
  return { folder, stdin: has.includes('stdin'), stdinOnce: has.includes('stdinOnce'), tty: has.includes('tty') };
}

type Output = 'stdout' | 'stderr';
const outputsOf = ({ tty }: Pick<ConsoleSettings, 'tty'>): Output[] => (tty ? ['stdout'] : ['stdout', 'stderr']);
const pidFile = (folder: string) => path.join(folder, 'pid');
// Run from source it is a .ts file, from the package a .js one; tsc rewrites imports, but not this.
const PROGRAM = fileURLToPath(
  new URL(`./console-process.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
);

export async function makeConsole(settings: ConsoleSettings): Promise<void> {
  const { folder } = settings;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const names = [...(settings.stdin ? ['stdin'] : []), ...outputsOf(settings)];
  await run(['mkfifo', '-m', '600', ...names.map((name) => path.join(folder, name))]);
}

/** Starts the console's process and returns what the task is to be started with. */
export function openConsole(settings: ConsoleSettings, logFile: string): TaskStreams {
  const { folder, tty } = settings;
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM, folder, logFile];
  const child = spawn([...argv, ...outputsOf(settings)], { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined); // no process: the task's start waits for a reader and is told by its own failure
  child.unref();
  writeFileSync(pidFile(folder), String(child.pid ?? ''), { mode: 0o600 });
  return {
    stdin: settings.stdin ? path.join(folder, 'stdin') : '',
    stdout: path.join(folder, 'stdout'),
    stderr: tty ? '' : path.join(folder, 'stderr'),
    terminal: tty,
  };
}

export function removeConsole(folder: string): void {
  endConsole(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** Ends the process of a console whose container did not start: nobody will ever write to it. Fine when it has ended. */
export function endConsole(folder: string): void {
  try {
    const pid = Number(readFileSync(pidFile(folder), 'utf8'));
    if (pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)) process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error; // it has ended
  }
}

export interface AttachTarget {
  containerId: string;
  name: string;
  settings: ConsoleSettings;
  tasks: Tasks;
  streams: StreamOptions;
  /** Resolves when the container has exited. */
  exited: Promise<void>;
  onError(error: unknown): void;
}

/** Joins the container's streams from now on. As upstream, an attach that ends is a success whatever the container's code. */
export async function attachConsole(target: AttachTarget): Promise<ExecSession> {
  const { containerId, settings, tasks, streams } = target;
  if (streams.stdin && !settings.stdin) {
    throw new RuntimeError('AttachError', `container ${target.name} was not created with stdin`);
  }
  const wanted = outputsOf(settings).filter((name) => streams[name]);
  const outputs = await Promise.all(wanted.map((name) => connectOutput(path.join(settings.folder, `${name}.sock`))));
  const stdin = streams.stdin ? openStdin(path.join(settings.folder, 'stdin')) : undefined;
  stdin?.once('close', () => {
    // as containerd's CRI: a terminal stays open, as its end would end the program in it
    if (settings.stdinOnce && !settings.tty) tasks.closeStdin(containerId).catch(target.onError);
  });
  const closed = Promise.withResolvers<void>();
  const drained = Promise.all(outputs.map((output) => new Promise((resolve) => output.once('close', resolve))));
  const ended = outputs.length > 0 ? Promise.all([target.exited, drained]) : target.exited;
  return {
    ...(stdin ? { stdin } : {}),
    ...Object.fromEntries(wanted.map((name, i) => [name, outputs[i]])),
    resize(columns, rows) {
      if (settings.tty) tasks.resize(containerId, columns, rows).catch(target.onError);
    },
    exit: Promise.race([ended, closed.promise]).then(() => {
      stdin?.destroy();
      for (const output of outputs) output.destroy();
      return 0;
    }),
    close: () => closed.resolve(),
  };
}

function connectOutput(socket: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const connection = net.connect(socket);
    connection.once('readable', () => {
      connection.read(1); // the greeting: from here on nothing is missed
      connection.on('error', () => connection.destroy());
      resolve(connection);
    });
    connection.once('end', () => reject(new RuntimeError('AttachError', "the container's console has ended")));
    connection.once('error', (cause) =>
      reject(new RuntimeError('AttachError', `the container's console has ended: ${cause.message}`, cause)),
    );
  });
}

/**
 * Does not wait for a reader: without one the container has ended or its stdin was closed after the first attach, and
 * there is only output to join, as upstream.
 */
function openStdin(fifo: string): net.Socket | undefined {
  try {
    const fd = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    const socket = new net.Socket({ fd, readable: false, writable: true });
    socket.on('error', () => socket.destroy()); // the container has closed its stdin
    socket.once('finish', () => socket.destroy());
    return socket;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENXIO') return undefined;
    throw new RuntimeError('AttachError', (cause as Error).message, cause);
  }
}
