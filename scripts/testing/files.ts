// Runs test files, each in a process of its own, and counts. A file also fails as a whole when it has no test, ends
// with another code than 0 without a failed test, or does not end in time: then it is killed with its children.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestEvent } from './events.ts';

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** Of all files, and those of them in which something failed with what each counted for. */
export interface Outcome extends Tally {
  failedFiles: ReadonlyMap<string, Tally>;
}

export interface RunFilesOptions {
  cwd: string;
  /** How many files at a time. */
  concurrency: number;
  /** Milliseconds a file may take. */
  timeout: number;
  write(line: string): void;
}

interface FileResult {
  file: string;
  ms: number;
  events: TestEvent[];
  /** Both streams, as they came. */
  output: string;
}

const REPORTER = path.join(import.meta.dirname, 'events.ts');
const KEPT_OUTPUT = 20_000;

export async function runFiles(files: readonly string[], options: RunFilesOptions): Promise<Outcome> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tests-'));
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  const failedFiles = new Map<string, Tally>();
  const queue = files.entries();
  const running = new Set<number>();
  // The files are process groups of their own: a signal to this process does not reach them by itself.
  const interrupted = () => {
    for (const group of running) process.kill(-group, 'SIGKILL');
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const worker = async () => {
    for (const [index, file] of queue) {
      const result = await runFile(file, path.join(folder, `${index}.jsonl`), { ...options, running });
      const counts: Tally = { passed: 0, failed: 0, skipped: 0 };
      for (const { outcome } of result.events) counts[outcome] += 1;
      add(tally, counts);
      if (counts.failed > 0) failedFiles.set(file, counts);
      for (const line of describe(result)) options.write(line);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.concurrency }, worker));
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    rmSync(folder, { recursive: true });
  }
  return { ...tally, failedFiles };
}

/** Adds `counts` to `tally`, or with a factor of -1 takes them away. */
export function add(tally: Tally, counts: Tally, factor: 1 | -1 = 1): void {
  for (const outcome of ['passed', 'failed', 'skipped'] as const) tally[outcome] += factor * counts[outcome];
}

interface RunFileOptions extends RunFilesOptions {
  /** Process groups that have not ended. */
  running: Set<number>;
}

async function runFile(file: string, report: string, { cwd, timeout, running }: RunFileOptions): Promise<FileResult> {
  const begin = performance.now();
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env; // set when this runs inside a test
  const child = spawn(
    process.execPath,
    [`--test-reporter=${REPORTER}`, `--test-reporter-destination=${report}`, path.resolve(cwd, file)],
    { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const group = child.pid as number;
  running.add(group);
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    process.kill(-group, 'SIGKILL');
  }, timeout);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('exit', (...how) => resolve(how));
  });
  clearTimeout(timer);
  running.delete(group);

  const events = readEvents(report);
  const whole = (told: string) => events.push({ outcome: 'failed', name: 'the file as a whole', told });
  if (late) whole(`did not end within ${timeout / 1000} s and was killed: a test hangs, or something is left open`);
  else if (code !== 0 && !events.some(({ outcome }) => outcome === 'failed')) whole(`ended with ${signal ?? code}`);
  else if (events.length === 0) whole('has no test');
  return { file, ms: performance.now() - begin, events, output };
}

function readEvents(report: string): TestEvent[] {
  let text: string;
  try {
    text = readFileSync(report, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // it ended before there was a reporter
    throw error;
  }
  // A killed process may leave half a line.
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  return complete
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TestEvent);
}

const indent = (text: string, by: string) => text.trimEnd().replaceAll(/^/gm, by);

/** One line when all is well; else also every failed test and what the file printed. */
function describe({ file, ms, events, output }: FileResult): string[] {
  const count = (outcome: TestEvent['outcome']) => events.filter((event) => event.outcome === outcome).length;
  const failed = events.filter(({ outcome }) => outcome === 'failed');
  const skipped = events.filter(({ outcome }) => outcome === 'skipped');
  const counts = [
    `${count('passed')} passed`,
    ...(failed.length > 0 ? [`${failed.length} failed`] : []),
    ...(skipped.length > 0 ? [`${skipped.length} skipped`] : []),
  ].join(', ');
  return [
    `${failed.length > 0 ? '✖' : '✔'} ${file}: ${counts} (${Math.round(ms)} ms)`,
    ...skipped.map(({ name, told }) => `    skipped: ${name}: ${told || 'no reason given'}`),
    ...failed.map(({ name, told }) => `    ✖ ${name}\n${indent(told, '        ')}`),
    ...(failed.length > 0 && output.trim() !== '' ? [`    what the file printed:\n${indent(output, '        ')}`] : []),
  ];
}
