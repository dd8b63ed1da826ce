// The console of a container: a folder with a FIFO per stream, held open by the container's shim. Its output is read by a process
// of its own (outputs.ts), its stdin is written by whoever is attached. Nothing of it belongs to the server, so attaching works
// again after a restart. docs/decisions/0003-attach.md, 0034-output.md
import { constants, mkdirSync, openSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type Clock, sleep } from '../../../clock.ts';
import { programShell } from '../../../small-programs.ts';
import type { LogLimits } from '../../logs/log-file.ts';
import type { TaskStreams, Tasks } from '../containerd/tasks.ts';
import { LABEL_CONSOLE, LABEL_CONSOLE_STREAMS } from '../labels.ts';
import type { LogStream } from '../log-line.ts';
import { type ContainerStatus, type ExecSession, RuntimeError, type StreamOptions } from '../runtime.ts';
import type { OpenRequest } from './output-messages.ts';
import type { Outputs } from './outputs.ts';

export interface ConsoleSettings {
  folder: string;
  stdin: boolean;
  stdinOnce: boolean;
  tty: boolean;
}

export type Place = Pick<ConsoleSettings, 'folder'>;

/** The value of LABEL_CONSOLE_STREAMS. */
export const consoleStreams = ({ stdin, stdinOnce, tty }: ConsoleSettings): string =>
  Object.entries({ stdin, stdinOnce, tty })
    .filter(([, on]) => on)
    .map(([name]) => name)
    .join(',');

/** The console that the labels of a container tell of. */
export function consoleOf(labels: Readonly<Record<string, string>>): ConsoleSettings {
  const folder = labels[LABEL_CONSOLE] ?? '';
  const has = (labels[LABEL_CONSOLE_STREAMS] ?? '').split(',');
  return { folder, stdin: has.includes('stdin'), stdinOnce: has.includes('stdinOnce'), tty: has.includes('tty') };
}

/** Throws RuntimeError for one whose streams nobody can join. */
export function attachable(status: ContainerStatus | undefined): ContainerStatus {
  if (status?.state === 'running') return status;
  throw new RuntimeError('AttachError', `container ${status?.name ?? ''} is not running`);
}

/** Of a container's output, among those that are read. */
export const outputId = ({ folder }: Place): string => path.basename(folder);
const outputsOf = ({ tty }: ConsoleSettings): LogStream[] => (tty ? ['stdout'] : ['stdout', 'stderr']);

export async function makeConsole(settings: ConsoleSettings): Promise<void> {
  const { folder } = settings;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const names = [...(settings.stdin ? ['stdin'] : []), ...outputsOf(settings)];
  await programShell.run(['mkfifo', '-m', '600', ...names.map((name) => path.join(folder, name))]);
}

export const openRequest = (settings: ConsoleSettings, log: string, limits: LogLimits): OpenRequest => ({
  type: 'open',
  id: outputId(settings),
  log,
  limits,
  streams: outputsOf(settings).map((stream) => ({ stream, fifo: path.join(settings.folder, stream) })),
});

/** What the container's task is to be started with. */
export const taskStreams = ({ folder, stdin, tty }: ConsoleSettings): TaskStreams => ({
  stdin: stdin ? path.join(folder, 'stdin') : '',
  stdout: path.join(folder, 'stdout'),
  stderr: tty ? '' : path.join(folder, 'stderr'),
  terminal: tty,
});

export const removeConsole = ({ folder }: Place): void => rmSync(folder, { recursive: true, force: true });

export interface AttachTarget {
  containerId: string;
  settings: ConsoleSettings;
  tasks: Pick<Tasks, 'resize' | 'closeStdin'>;
  outputs: Outputs;
  streams: StreamOptions;
  clock: Clock;
  /** When the container was started, milliseconds since the epoch. */
  startedAt: number;
  /** Resolves when the container has exited. */
  exited: Promise<void>;
  onError(error: unknown): void;
}

/**
 * Joins the container's streams from now on. As upstream, an attach that ends is a success whatever the container's code,
 * and input for a container without stdin goes nowhere (containerd internal/cri/io/container_io.go Attach).
 */
export async function attachConsole(target: AttachTarget): Promise<ExecSession> {
  const { containerId, settings, tasks, streams } = target;
  const wanted = outputsOf(settings).filter((name) => streams[name]);
  const outputs = await Promise.all(wanted.map((name) => target.outputs.attach(outputId(settings), name)));
  const stdin =
    streams.stdin && settings.stdin ? await openStdin(path.join(settings.folder, 'stdin'), target) : undefined;
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

/** containerd's shim says that the task runs, and opens its end of stdin by itself, which takes it a while when the machine is busy. */
const OPENING_MS = 2_000;
const OPENING_RETRY_MS = 20;

/** undefined: the container's stdin was closed, after the first attach or by itself, and there is only output to join, as upstream. */
async function openStdin(
  fifo: string,
  { clock, startedAt, exited }: Pick<AttachTarget, 'clock' | 'startedAt' | 'exited'>,
): Promise<net.Socket | undefined> {
  let hasExited = false;
  void exited.then(() => {
    hasExited = true;
  });
  for (;;) {
    const stdin = openWithReader(fifo);
    if (stdin || hasExited || clock.now() - startedAt >= OPENING_MS) return stdin;
    await sleep(clock, OPENING_RETRY_MS); // nothing tells that a FIFO got a reader, but an open that nobody could call off
  }
}

function openWithReader(fifo: string): net.Socket | undefined {
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
