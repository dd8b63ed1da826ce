// Runs the checks and the test files of a mode and prints one closing line: `tests: N passed, N failed`
// (`, N skipped` when some were, each with its reason above). Exit code 1 when anything failed.
// quick: static checks and everything that needs neither root nor programs of the host; all: that and the rest.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

type Mode = 'quick' | 'all' | 'soak';

const root = path.join(import.meta.dirname, '..');
const mode = (process.argv[2] ?? 'all') as Mode;
const tally = { passed: 0, failed: 0, skipped: 0 };

/** Each static check counts as one test. */
const CHECKS: readonly [name: string, argv: readonly string[]][] = [
  ['types are generated', ['node', 'scripts/api-types.ts']],
  ['format and lint', ['npx', '--no-install', 'biome', 'check', '.']],
  ['types', ['npx', '--no-install', 'tsc', '--noEmit']],
  ['import rules', ['node', 'scripts/check-imports.ts']],
];

/** Folders under test/ that need root and the host's container programs; they run one file at a time. */
const HOST = ['test/e2e', 'test/host'];
const SOAK = ['test/soak'];

function check(name: string, argv: readonly string[]): void {
  const [file, ...args] = argv as [string, ...string[]];
  const begin = performance.now();
  const result = spawnSync(file, args, { cwd: root, encoding: 'utf8' });
  const ok = result.status === 0;
  tally[ok ? 'passed' : 'failed'] += 1;
  console.log(`${ok ? '✔' : '✖'} ${name} (${Math.round(performance.now() - begin)} ms)`);
  if (!ok) console.log(result.stdout + result.stderr);
}

async function runTests(files: string[], concurrency: number): Promise<void> {
  if (files.length === 0) return;
  const stream = run({ files, concurrency, cwd: root, timeout: 10 * 60_000 });
  const reasons: string[] = [];
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    if (event.skip !== undefined) {
      tally.skipped += 1;
      reasons.push(`skipped: ${event.name}: ${event.skip === true ? 'no reason given' : event.skip}`);
    } else tally.passed += 1;
  });
  stream.on('test:fail', (event) => {
    if (event.details.type !== 'suite') tally.failed += 1;
  });
  const report = stream.compose(spec);
  for await (const text of report) process.stdout.write(text as string);
  for (const reason of reasons) console.log(reason);
}

const under = (folders: readonly string[]) => (file: string) => folders.some((f) => file.startsWith(`${f}/`));
const files = globSync('test/**/*.test.ts', { cwd: root }).sort();
const portable = files.filter((f) => !under(HOST)(f) && !under(SOAK)(f));

for (const [name, argv] of CHECKS) check(name, argv);
if (mode === 'soak') {
  await runTests(files.filter(under(SOAK)), 1);
} else {
  await runTests(portable, 2);
  if (mode === 'all') await runTests(files.filter(under(HOST)), 1);
}

console.log(
  `tests: ${tally.passed} passed, ${tally.failed} failed${tally.skipped ? `, ${tally.skipped} skipped` : ''}`,
);
process.exit(tally.failed > 0 ? 1 : 0);
