// scripts/test.ts on files that pass, fail, crash, hang and hold nothing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runFiles } from '../../scripts/testing/files.ts';
import { secondTries } from '../../scripts/testing/second-tries.ts';

const RUNNER = path.join(import.meta.dirname, '../../scripts/test.ts');
const IMPORT = `import { after, before, describe, test } from 'node:test';\n`;

let folder: string;
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runner-'));
});
after(() => rmSync(folder, { recursive: true }));

function write(code: string): string {
  const file = path.join(folder, `${Math.random().toString(36).slice(2)}.test.ts`);
  writeFileSync(file, IMPORT + code);
  return file;
}

function run(...files: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUNNER, ...files], { encoding: 'utf8' });
  return { status, stdout, stderr, last: stdout.trimEnd().split('\n').at(-1) };
}

describe('what a file counts for', () => {
  const cases: [name: string, code: string, last: string, status: number, told: RegExp][] = [
    [
      'tests in suites and in tests count, suites do not',
      `describe('s', () => { test('a', () => {}); describe('t', () => { test('b', () => {}); }); });
       test('c', async (t) => { await t.test('d', () => {}); });`,
      'tests: 4 passed, 0 failed',
      0,
      /✔ .*: 4 passed/,
    ],
    [
      'a failed test counts once and is printed with the suites around it',
      `describe('s', () => { describe('t', () => { test('bad', () => { throw new Error('boo'); }); }); });`,
      'tests: 0 passed, 1 failed',
      1,
      /✖ s > t > bad\n\s+Error: boo/,
    ],
    [
      'a skipped test is told with its reason',
      `test('a', () => {}); test('b', { skip: 'no root' }, () => {});`,
      'tests: 1 passed, 0 failed, 1 skipped',
      0,
      /skipped: b: no root/,
    ],
    ['a test marked todo fails', `test.todo('later');`, 'tests: 0 passed, 1 failed', 1, /is marked todo/],
    ['a file without a test fails', '', 'tests: 0 passed, 1 failed', 1, /has no test/],
    [
      'a file that throws while loading fails with what it printed',
      `throw new Error('crash at load');`,
      'tests: 0 passed, 1 failed',
      1,
      /ended with 1\n\s+what the file printed:[\s\S]*Error: crash at load/,
    ],
    [
      'a process that dies of a signal fails',
      `test('a', () => { process.kill(process.pid, 'SIGKILL'); });`,
      'tests: 0 passed, 1 failed',
      1,
      /ended with SIGKILL/,
    ],
    [
      'an exit code that no test explains fails',
      `test('a', () => {}); process.on('exit', () => { process.exitCode = 3; });`,
      'tests: 1 passed, 1 failed',
      1,
      /ended with 3/,
    ],
    [
      'a hook that throws fails',
      `test('a', () => {}); after(() => { throw new Error('hook'); });`,
      'tests: 1 passed, 1 failed',
      1,
      /Error: hook/,
    ],
    [
      'a suite that throws while it is built fails',
      `describe('s', () => { throw new Error('built'); });`,
      'tests: 0 passed, 1 failed',
      1,
      /✖ s\n\s+Error: built/,
    ],
  ];
  for (const [name, code, last, status, told] of cases) {
    test(name, () => {
      const result = run(write(code));
      assert.equal(result.last, last);
      assert.equal(result.status, status);
      assert.match(result.stdout, told);
    });
  }

  test('a file that does not end is killed and fails, what passed before stays', async () => {
    const lines: string[] = [];
    const hanging = write(`test('a', () => {}); test('b', () => new Promise(() => { setInterval(() => {}, 1000); }));`);
    const tally = await runFiles([hanging], {
      cwd: folder,
      concurrency: 1,
      timeout: 2_000,
      write: (line) => lines.push(line),
    });
    assert.deepEqual(
      { passed: tally.passed, failed: tally.failed, skipped: tally.skipped },
      { passed: 1, failed: 1, skipped: 0 },
    );
    assert.deepEqual([...tally.failedFiles.keys()], [hanging]);
    assert.match(lines.join('\n'), /did not end within 2 s and was killed/);
  });
});

test('the counts of several files are summed', () => {
  const one = write(`test('a', () => {});`);
  const two = write(`test('b', () => {}); test('c', () => { throw new Error('no'); });`);
  const { last, status } = run(one, two);
  assert.equal(last, 'tests: 2 passed, 1 failed');
  assert.equal(status, 1);
});

describe('second tries', () => {
  const unsteady = () =>
    write(`import { existsSync, writeFileSync } from 'node:fs';
      test('a', () => {}); test('b', () => {
      if (!existsSync(import.meta.filename + '.seen')) { writeFileSync(import.meta.filename + '.seen', ''); throw new Error('first'); } });`);
  const bad = () => write(`test('b', () => { throw new Error('always'); });`);
  const runTwice = async (files: string[]) => {
    const lines: string[] = [];
    const options = { cwd: folder, timeout: 60_000, write: (line: string) => lines.push(line) };
    const first = await runFiles(files, { ...options, concurrency: 2 });
    return { lines, final: await secondTries(first, options) };
  };

  test('what passes alone counts as passed and is told; what fails again stays failed', async () => {
    const [once, always] = [unsteady(), bad()];
    const { lines, final } = await runTwice([once, always]);
    assert.deepEqual(final, { passed: 2, failed: 1, skipped: 0, unsteady: 1 });
    assert.match(lines.join('\n'), /Error: first[\s\S]*failed; once more, alone:/);
  });

  test('many failed files are not tried again', async () => {
    const { final } = await runTwice([unsteady(), unsteady(), unsteady(), unsteady()]);
    assert.deepEqual(final, { passed: 4, failed: 4, skipped: 0, unsteady: 0 });
  });
});

test('a name that is neither a mode nor a file is refused', () => {
  const { status, stderr } = run('qiuck');
  assert.equal(status, 2);
  assert.match(stderr, /"qiuck" is neither a mode \(quick, all, clients, soak\) nor a file/);
});
