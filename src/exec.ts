// Programs run from here only: to their end, or, when they live on beside us, as children with their streams. A failed
// command is a value that prints as something to paste into a shell. docs/decisions/0007-programs-to-their-end.md
import { type ChildProcess, type StdioOptions, spawn as spawnChild } from 'node:child_process';
import { systemClock, type Timer } from './clock.ts';

export interface RunOptions {
  input?: string | Uint8Array;
  /** Added to the environment. */
  env?: Record<string, string>;
  cwd?: string;
  /** Milliseconds; the program is killed after it. */
  timeout?: number;
  signal?: AbortSignal;
}

export interface RunResult {
  stdout: string;
  stderr: string;
}

/** A program that could not be started or ended with another code than 0. */
export class RunError extends Error {
  readonly argv: readonly string[];
  /** stdout and stderr as they came. */
  readonly output: string;
  /** undefined when the program did not start or died of a signal. */
  readonly exitCode: number | undefined;

  constructor(argv: readonly string[], { output, exitCode, why, cause }: Failure) {
    const told = output.trim().split('\n').slice(-3).join(' | ');
    super(`${shellQuote(argv)}: ${told || why || `ended with code ${exitCode}`}`, { cause });
    this.name = 'RunError';
    this.argv = argv;
    this.output = output;
    this.exitCode = exitCode;
  }
}

interface Failure {
  output: string;
  exitCode: number | undefined;
  /** For a program that says nothing itself, and has no exit code. */
  why?: string;
  cause?: unknown;
}

/** Children that must not outlive this process; they are the process's own, whoever started them. */
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill();
});

function endsWithUs(child: ChildProcess): void {
  living.add(child);
  child.once('exit', () => living.delete(child));
  child.once('error', () => child.pid === undefined && living.delete(child));
}

/** Runs `argv` to its end. Throws RunError on any exit code but 0. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { input, timeout, signal, ...place } = options;
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let why: string | undefined;
    let timer: Timer | undefined;
    const fail = (failure: Omit<Failure, 'output'>) => {
      const output = String(Buffer.concat([...stdout, ...stderr]));
      reject(new RunError(argv, { output, ...failure }));
    };
    const child = spawn(argv, { ...place, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    const endFor = (reason: string) => {
      why ??= reason;
      child.kill('SIGKILL'); // nobody waits for one that does not hear SIGTERM,
      child.stdout?.destroy(); // nor for a child of its own that still may write
      child.stderr?.destroy();
    };
    const callOff = () => endFor('was called off');
    if (timeout) timer = systemClock.after(timeout, () => endFor('took too long and was ended'));
    if (signal?.aborted) callOff();
    signal?.addEventListener('abort', callOff, { once: true });
    const over = () => {
      timer?.cancel();
      signal?.removeEventListener('abort', callOff);
    };
    child.stdin?.on('error', () => undefined); // it does not want its input
    child.stdin?.end(input);
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', (cause) => {
      over();
      fail({ exitCode: undefined, why: cause.message, cause });
    });
    child.once('close', (code, by) => {
      over();
      if (code === 0 && why === undefined) resolve({ stdout: text(stdout), stderr: text(stderr) });
      else fail({ exitCode: code ?? undefined, why: why ?? (by === null ? undefined : `ended by ${by}`) });
    });
  });
}

const text = (chunks: readonly Buffer[]): string => String(Buffer.concat(chunks));

export interface SpawnOptions extends Omit<RunOptions, 'input' | 'timeout'> {
  /** Own session and process group, not ended with this process. */
  detached?: boolean;
  /** As child_process takes it; default pipes. */
  stdio?: StdioOptions;
}

/**
 * Starts `argv` and returns the child with its streams; the caller owns it and reads its streams to the end.
 * A failure to start is the child's 'error' event.
 */
export function spawn(argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const [file, ...args] = argv as [string, ...string[]];
  const { signal, env, cwd, stdio = 'pipe', detached = false } = options;
  const child = spawnChild(file, args, {
    ...(env ? { env: { ...process.env, ...env } } : {}),
    ...(cwd ? { cwd } : {}),
    stdio,
    detached,
  });
  if (!options.detached) endsWithUs(child);
  if (signal) {
    // Node's own `signal` would also raise an 'error' on the child, which is for a failed start.
    const kill = () => child.kill();
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill, { once: true });
    child.once('exit', () => signal.removeEventListener('abort', kill));
  }
  return child;
}

export function shellQuote(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
