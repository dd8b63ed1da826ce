// The one caller of execa: programs run from here only. A failed command is a value that prints as
// something to paste into a shell.
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { execa } from 'execa';

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
    super(`${shellQuote(argv)}: ${told || String((options.cause as Error)?.message ?? 'failed')}`, {
      cause: options.cause,
    });
    this.name = 'RunError';
    this.argv = argv;
    this.output = options.output;
    this.exitCode = options.exitCode;
  }
}

/** Runs `argv` to its end. Throws RunError on any exit code but 0. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [file, ...args] = argv as [string, ...string[]];
  const result = await execa(file, args, {
    ...toExeca(options),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    reject: false,
    stripFinalNewline: false,
  });
  const stdout = String(result.stdout ?? '');
  const stderr = String(result.stderr ?? '');
  if (result.failed) {
    throw new RunError(argv, { output: stdout + stderr, exitCode: result.exitCode, cause: result });
  }
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
  const child = execa(file, args, {
    ...toExeca(options),
    stdio: (options.stdio ?? 'pipe') as 'pipe',
    detached: options.detached ?? false,
    cleanup: !options.detached,
    buffer: false,
    reject: false,
  });
  return child.nodeChildProcess as ChildProcess;
}

function toExeca(options: RunOptions) {
  return {
    ...(options.env ? { env: options.env } : {}),
    ...(options.cwd ? { cwd: options.cwd } : {}),
    ...(options.timeout ? { timeout: options.timeout } : {}),
    ...(options.signal ? { cancelSignal: options.signal } : {}),
  };
}

export function shellQuote(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
