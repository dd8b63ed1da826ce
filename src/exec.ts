// Programs run from here only: to their end over execa, or, when they live on beside us, as plain children with
// their streams. A failed command is a value that prints as something to paste into a shell.
import { type ChildProcess, type StdioOptions, spawn as spawnChild } from 'node:child_process';

/** Bytes of output that are kept; far above what any program of ours says. */
const MAX_OUTPUT = 1 << 30;

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

  constructor(argv: readonly string[], options: { output: string; exitCode: number | undefined; cause: unknown }) {
    const told = options.output.trim().split('\n').slice(-3).join(' | ');
    super(`${shellQuote(argv)}: ${told || describe(options.cause as Failure | undefined)}`, {
      cause: options.cause,
    });
    this.name = 'RunError';
    this.argv = argv;
    this.output = options.output;
    this.exitCode = options.exitCode;
  }
}

interface Failure {
  exitCode?: number;
  signal?: string;
  timedOut?: boolean;
  isCanceled?: boolean;
  originalMessage?: string;
  message?: string;
}

function describe(cause: Failure | undefined): string {
  if (cause?.exitCode !== undefined) return `ended with code ${cause.exitCode}`;
  if (cause?.isCanceled) return 'was called off';
  if (cause?.timedOut) return 'took too long and was ended';
  return cause?.signal ? `ended by ${cause.signal}` : (cause?.originalMessage ?? cause?.message ?? 'failed');
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
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  // Loaded with the first program, not with this file: it takes longer than the API server's own start (decision 0007).
  const { execa } = await import('execa');
  const [file, ...args] = argv as [string, ...string[]];
  const { input, signal, ...rest } = toNode(options);
  const result = await execa(file, args, {
    ...rest,
    ...(signal ? { cancelSignal: signal } : {}),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    reject: false,
    stripFinalNewline: false,
    maxBuffer: MAX_OUTPUT,
    // When its time is over or it is called off, nobody waits for a program, or a child of it, that does not hear SIGTERM.
    killSignal: 'SIGKILL',
    killDescendants: true,
  });
  const stdout = String(result.stdout ?? '');
  const stderr = String(result.stderr ?? '');
  if (result.failed) throw new RunError(argv, { output: stdout + stderr, exitCode: result.exitCode, cause: result });
  return { stdout, stderr };
}

export interface SpawnOptions extends Omit<RunOptions, 'input'> {
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
  const { signal, ...rest } = toNode(options);
  const child = spawnChild(file, args, {
    ...rest,
    stdio: options.stdio ?? 'pipe',
    detached: options.detached ?? false,
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

const toNode = ({ env, cwd, timeout, signal, input }: RunOptions) => ({
  ...(env ? { env: { ...process.env, ...env } } : {}),
  ...(cwd ? { cwd } : {}),
  ...(timeout ? { timeout } : {}),
  signal,
  input,
});

export function shellQuote(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
