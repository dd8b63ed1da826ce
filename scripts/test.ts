// Runs the checks and the test files of a mode and prints one closing line: `tests: N passed, N failed`
// (`, N skipped` when some were, each with its reason above). Exit code 1 when anything failed.
// Of a mode, a few files that failed get a second try (testing/second-tries.ts).
// quick: static checks, and what needs neither root nor programs of the host nor more than seconds; all: the rest too;
// clients: programs in other languages (Go); soak: what runs for hours. Names of files instead run just those.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { add, runFiles, type Tally } from './testing/files.ts';
import { secondTries } from './testing/second-tries.ts';

const root = path.join(import.meta.dirname, '..');
const MODES = ['quick', 'all', 'clients', 'soak'] as const;

/** Each static check counts as one test. */
const CHECKS: readonly [name: string, argv: readonly string[]][] = [
  ['types of the API are generated', ['node', 'scripts/api-types.ts']],
  ['its texts are taken', ['node', 'scripts/api-descriptions.ts']],
  ['format and lint', ['npx', '--no-install', 'biome', 'check', '.']],
  ['types', ['npx', '--no-install', 'tsc', '--noEmit']],
  ['import rules', ['node', 'scripts/check-imports.ts']],
];

/** Need root and the host's container programs. They compare the host before and after, so each file runs alone. */
const HOST = ['test/e2e', 'test/host'];
/** Do so as far as they find what they need. */
const ALONE = [...HOST, 'test/kubelet/cri'];
const SOAK = ['test/soak'];
/** Programs in other languages, whose tools and packages are fetched. */
const CLIENTS = ['test/clients'];
/** Some 7,200 recorded requests: too long for quick. */
const THOROUGH = ['test/vectors'];
/** What takes longest begins first, so that it does not run on alone at the end. */
const LONG = [...THOROUGH, 'test/storage', 'test/scripts'];
const MINUTE = 60_000;

const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
const failedFiles = new Map<string, Tally>();

function check(name: string, argv: readonly string[]): void {
  const [file, ...args] = argv as [string, ...string[]];
  const begin = performance.now();
  const result = spawnSync(file, args, { cwd: root, encoding: 'utf8' });
  const ok = result.status === 0;
  tally[ok ? 'passed' : 'failed'] += 1;
  console.log(`${ok ? '✔' : '✖'} ${name} (${Math.round(performance.now() - begin)} ms)`);
  if (!ok) console.log(result.error?.message ?? result.stdout + result.stderr);
}

async function test(files: readonly string[], options: { concurrency: number; timeout: number }): Promise<void> {
  const outcome = await runFiles(files, { cwd: root, write: console.log, ...options });
  add(tally, outcome);
  for (const [file, counts] of outcome.failedFiles) failedFiles.set(file, counts);
}

const under = (folders: readonly string[]) => (file: string) => folders.some((f) => file.startsWith(`${f}/`));

async function runMode(mode: (typeof MODES)[number]): Promise<void> {
  const files = globSync('test/**/*.test.ts', { cwd: root }).sort();
  for (const [name, argv] of CHECKS) check(name, argv);
  if (mode === 'soak') return test(files.filter(under(SOAK)), { concurrency: 1, timeout: 24 * 60 * MINUTE });
  if (mode === 'clients') return test(files.filter(under(CLIENTS)), { concurrency: 1, timeout: 15 * MINUTE });
  const apart = [...SOAK, ...CLIENTS];
  const left = mode === 'quick' ? [...apart, ...HOST, ...THOROUGH] : apart;
  const chosen = files.filter((file) => !under(left)(file));
  const together = chosen.filter((file) => !under(ALONE)(file));
  const ordered = [...together.filter(under(LONG)), ...together.filter((file) => !under(LONG)(file))];
  await test(ordered, { concurrency: availableParallelism(), timeout: 5 * MINUTE });
  await test(chosen.filter(under(ALONE)), { concurrency: 1, timeout: 8 * MINUTE });
}

const asked = process.argv.slice(2);
const mode = MODES.find((name) => name === (asked[0] ?? 'all'));
if (mode) {
  await runMode(mode);
  const final = await secondTries({ ...tally, failedFiles }, { cwd: root, write: console.log, timeout: 8 * MINUTE });
  close(final, final.unsteady);
} else {
  const absent = asked.find((file) => !existsSync(file));
  if (absent !== undefined) {
    console.error(`test: "${absent}" is neither a mode (${MODES.join(', ')}) nor a file`);
    process.exit(2);
  }
  await test(
    asked.map((file) => path.resolve(file)),
    { concurrency: availableParallelism(), timeout: 8 * MINUTE },
  );
}

close(tally);

function close(counts: Tally, unsteady = 0): never {
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  const twice = unsteady > 0 ? `, of ${unsteady} files only at their second try` : '';
  console.log(`tests: ${counts.passed} passed, ${counts.failed} failed${skipped}${twice}`);
  process.exit(counts.failed > 0 ? 1 : 0);
}
