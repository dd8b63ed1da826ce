// Processes in a running container by `runc exec`: 0.04 s where `nerdctl exec` takes 0.1 s, with the container's own
// environment, user and limits. A tty comes from script(1), whose terminal runc copies and whose size stty(1) sets.
import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, watch } from 'node:fs';
import path from 'node:path';
import { Transform } from 'node:stream';
import type { Clock } from '../../../clock.ts';
import { run, shellQuote, spawn } from '../../../exec.ts';
import { type ExecResult, type ExecSession, RuntimeError, type StreamOptions } from '../runtime.ts';
import { runcArgv } from './cli.ts';

export interface ExecOptions {
  clock: Clock;
  /** Where the state of the containers is for runc. */
  runcRoot: string;
  /** Short-lived files: the pid of an exec's process, the name of its terminal. */
  directory: string;
}

/** With a terminal too, what runc itself has to say is one line of JSON. */
const execArgv = (root: string, args: readonly string[]): string[] =>
  runcArgv(root, ['--log-format', 'json', 'exec', ...args]);

/** What runc ends with when it could not start the process. */
const RUNC_FAILED = 255;

/** Output of a probe or hook that is kept; the rest is read and dropped. upstream: maxRespBodyLength, 10 KiB */
const MAX_OUTPUT = 16 * 1024 * 1024;

/** Runs to the end; rejects with reason ExecTimeout when it takes longer, after killing the process. */
export async function execSync(
  id: string,
  command: readonly string[],
  options: ExecOptions & { timeoutMs: number },
): Promise<ExecResult> {
  const pidFile = temporary(options.directory);
  const child = spawn(execArgv(options.runcRoot, ['--pid-file', pidFile, id, ...command]), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout = collect(child.stdout!);
  const stderr = collect(child.stderr!);
  let timedOut = false;
  const timer =
    options.timeoutMs > 0
      ? options.clock.after(options.timeoutMs, () => {
          timedOut = true;
          killFrom(pidFile);
          child.kill('SIGKILL');
          child.stdout!.destroy();
          child.stderr!.destroy();
        })
      : undefined;
  try {
    const exitCode = await exitOf(child);
    if (timedOut) {
      throw new RuntimeError(
        'ExecTimeout',
        `command ${JSON.stringify(command)} timed out after ${options.timeoutMs} ms`,
      );
    }
    if (exitCode === RUNC_FAILED && !existsSync(pidFile)) throw notStarted(stderr().toString());
    return { exitCode, stdout: stdout(), stderr: stderr() };
  } finally {
    timer?.cancel();
    rmSync(pidFile, { force: true });
  }
}

/** Starts a process with the asked streams. */
export function exec(
  id: string,
  command: readonly string[],
  options: ExecOptions & { streams: StreamOptions },
): ExecSession {
  return options.streams.tty ? execTerminal(id, command, options) : execPipes(id, command, options);
}

function execPipes(
  id: string,
  command: readonly string[],
  options: ExecOptions & { streams: StreamOptions },
): ExecSession {
  const { streams } = options;
  const pidFile = temporary(options.directory);
  const child = spawn(execArgv(options.runcRoot, ['--pid-file', pidFile, id, ...command]), {
    stdio: [streams.stdin ? 'pipe' : 'ignore', streams.stdout ? 'pipe' : 'ignore', 'pipe'],
  });
  child.stdin?.on('error', () => undefined); // EPIPE: the process has closed its stdin, its exit tells the rest
  const { output: stderr, complaint } = withoutComplaint(child.stderr!, pidFile);
  if (!streams.stderr) stderr.resume();
  return {
    ...(child.stdin ? { stdin: child.stdin } : {}),
    ...(child.stdout ? { stdout: child.stdout } : {}),
    ...(streams.stderr ? { stderr } : {}),
    resize() {},
    exit: exitOf(child)
      .then((exitCode) => {
        if (exitCode === RUNC_FAILED && !existsSync(pidFile)) throw notStarted(complaint());
        return exitCode;
      })
      .finally(() => rmSync(pidFile, { force: true })),
    close() {
      killFrom(pidFile);
      child.kill('SIGTERM');
    },
  };
}

function execTerminal(
  id: string,
  command: readonly string[],
  options: ExecOptions & { streams: StreamOptions },
): ExecSession {
  const ttyFile = temporary(options.directory);
  const pidFile = `${ttyFile}.pid`;
  const inner = shellQuote(execArgv(options.runcRoot, ['--tty', '--pid-file', pidFile, id, ...command]));
  // the name appears whole: a reader never sees half of it
  const line = `tty >${shellQuote([`${ttyFile}.new`])} && mv ${shellQuote([`${ttyFile}.new`, ttyFile])} && exec ${inner}`;
  const child = spawn(['script', '--quiet', '--return', '--command', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { SHELL: '/bin/sh' },
  });
  child.stdin!.on('error', () => undefined); // EIO or EPIPE once the process has ended
  const { output: stdout, complaint } = withoutComplaint(child.stdout!, pidFile);
  const terminal = terminalSize(ttyFile);
  return {
    ...(options.streams.stdin ? { stdin: child.stdin! } : {}),
    stdout,
    resize: terminal.resize,
    exit: exitOf(child)
      .then((exitCode) => {
        if (exitCode === RUNC_FAILED && !existsSync(pidFile)) throw notStarted(complaint());
        return exitCode;
      })
      .finally(() => {
        terminal.close();
        for (const file of [ttyFile, pidFile]) rmSync(file, { force: true });
      }),
    close() {
      killFrom(pidFile);
      child.kill('SIGTERM');
    },
  };
}

/** Sizes asked for before the terminal exists are applied, the last one, when its name appears. */
function terminalSize(ttyFile: string): { resize(columns: number, rows: number): void; close(): void } {
  let wanted: [columns: number, rows: number] | undefined;
  const apply = () => {
    if (wanted === undefined || !existsSync(ttyFile)) return;
    const [columns, rows] = wanted;
    wanted = undefined;
    watcher.close();
    const tty = readFileSync(ttyFile, 'utf8').trim();
    run(['stty', '-F', tty, 'cols', String(columns), 'rows', String(rows)]).catch(() => undefined); // it has ended
  };
  const watcher = watch(path.dirname(ttyFile), apply);
  return {
    resize(columns, rows) {
      wanted = [columns, rows];
      apply();
    },
    close: () => watcher.close(),
  };
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new RuntimeError('ExecError', cause.message, cause)));
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)));
  });
}

function collect(stream: NodeJS.ReadableStream): () => Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < MAX_OUTPUT) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks);
}

/** As runc writes what it could not do, whatever it is told of a log, to the stream that the process would have had. */
const COMPLAINT = /\{"level":"(?:error|fatal)","msg":.*\}/;

/** What the process writes; and what runc wrote instead, where it did not start one. */
function withoutComplaint(stream: NodeJS.ReadableStream, pidFile: string): { output: Transform; complaint(): string } {
  let started = false;
  let held: Buffer | undefined;
  const output = new Transform({
    transform(chunk: Buffer, _, done) {
      // The pid is written after the process was started, so a process may be quicker: its words come at the end then.
      started ||= existsSync(pidFile);
      // Before it a terminal may have shown what was typed.
      if (!started && COMPLAINT.test(chunk.toString())) held = chunk;
      else this.push(chunk);
      done();
    },
    flush(done) {
      if (held && existsSync(pidFile)) this.push(held);
      done();
    },
  });
  stream.pipe(output);
  return { output, complaint: () => held?.toString() ?? '' };
}

/** Of runc's log; what has no message is told as it is. */
function loggedMessage(output: string): string {
  const line = COMPLAINT.exec(output)?.[0];
  return line === undefined ? output.trim() : (JSON.parse(line) as { msg: string }).msg;
}

/** The wording of containerd's CRI, which kubectl users know; it makes an id for every try. */
function notStarted(output: string): RuntimeError {
  const why = loggedMessage(output) || 'the process could not be started';
  const id = randomBytes(32).toString('hex');
  const message = `failed to exec in container: failed to start exec "${id}": OCI runtime exec failed: ${why}: unknown`;
  return new RuntimeError('ExecError', message);
}

function temporary(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return path.join(directory, randomUUID());
}

/** runc passes most signals on, but not SIGKILL: the process itself is killed. */
function killFrom(pidFile: string): void {
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error; // not started, or over
  }
}
