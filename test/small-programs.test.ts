import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { RunError } from '../src/exec.ts';
import { createProgramShell } from '../src/small-programs.ts';
import { eventually } from './support/eventually.ts';

const childrenOf = (pid: number): { pid: number; state: string; args: string }[] => {
  const lines = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,stat=,args=']).toString().trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent]) => Number(parent) === pid)
    .map(([own, , state = '', ...args]) => ({ pid: Number(own), state, args: args.join(' ') }));
};

/** A shell of its own, which has run something, and its process id. */
async function opened() {
  const before = new Set(childrenOf(process.pid).map(({ pid }) => pid));
  const shell = createProgramShell();
  await shell.run(['true']);
  const pid = childrenOf(process.pid).find((child) => child.args === 'sh' && !before.has(child.pid))?.pid;
  return { shell, pid: pid as number };
}

test('words come to the program as they are', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'small-programs-'));
  try {
    const words = [`it's`, '$HOME `id`', 'a  b', 'line\nline', '', '*', 'ü'];
    const file = path.join(folder, 'words');
    await createProgramShell().run(['sh', '-c', 'printf "%s|" "$@" > "$0"', file, ...words]);
    assert.equal(readFileSync(file, 'utf8'), `${words.join('|')}|`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const { what, argv, code, message } of [
  { what: 'its code', argv: ['false'], code: 1, message: /^false: ended with code 1$/ },
  { what: 'what it said', argv: ['sh', '-c', 'echo a; echo b >&2; exit 3'], code: 3, message: /: a \| b$/ },
  { what: 'that it is not there', argv: ['no-such-program'], code: 127, message: /no-such-program: not found$/ },
]) {
  test(`a program that fails tells ${what}`, () =>
    assert.rejects(createProgramShell().run(argv), (error) => {
      assert.ok(error instanceof RunError);
      assert.deepEqual([error.exitCode, error.argv], [code, argv]);
      assert.match(error.message, message);
      return true;
    }));
}

test('many run beside one another, what they say is not mixed, and none stays as a zombie', async () => {
  const { shell, pid } = await opened();
  const say = (letter: string) => shell.run(['sh', '-c', `head -c 5000 /dev/zero | tr '\\000' ${letter}; exit 1`]);
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const told = await Promise.allSettled(letters.map(say));
  assert.deepEqual(
    told.map((one) => one.status === 'rejected' && (one.reason as RunError).output),
    letters.map((letter) => letter.repeat(2000)),
  );
  await eventually('the shell has no children', () => childrenOf(pid).length === 0);
});

test('one that waits holds up no other', async () => {
  const { shell, pid } = await opened();
  const slow = shell.run(['sleep', '60']);
  slow.catch(() => undefined); // awaited below
  await shell.run(['true']);
  const [waiting] = childrenOf(pid);
  const [sleeping] = childrenOf(waiting?.pid as number);
  process.kill(sleeping?.pid as number);
  await assert.rejects(slow, /sleep 60: (Terminated|ended with code 143)/);
});

test('what a shell that dies has begun still tells its end; the next has a new one', async () => {
  const { shell, pid } = await opened();
  const begun = shell.run(['sh', '-c', 'sleep 0.2; exit 4']);
  begun.catch(() => undefined); // awaited below
  await eventually('it has begun', () => childrenOf(pid).length > 0);
  process.kill(pid, 'SIGKILL');
  await eventually('the shell is gone', () => childrenOf(process.pid).every((child) => child.pid !== pid));
  await shell.run(['true']);
  await assert.rejects(begun, /ended with code 4$/);
});

test('what a shell that dies had not begun is told to have failed', async () => {
  const { shell, pid } = await opened();
  process.kill(pid, 'SIGSTOP');
  const lost = shell.run(['true']);
  process.kill(pid, 'SIGKILL');
  await assert.rejects(lost, /^RunError: true: the shell that was to run it has ended$/);
  await shell.run(['true']);
});

test('the shell keeps no process alive, and ends with it', async () => {
  const program = `
    import { execFileSync } from 'node:child_process';
    import { createProgramShell } from '${path.join(import.meta.dirname, '../src/small-programs.ts')}';
    await createProgramShell().run(['true']);
    console.log(String(execFileSync('pgrep', ['-x', 'sh', '-P', String(process.pid)])));`;
  const told = execFileSync(process.execPath, ['--input-type=module', '-e', program], { timeout: 20_000 });
  const pid = Number(told);
  assert.ok(pid > 0);
  await eventually('the shell has ended', () => !existsSync(`/proc/${pid}`));
});
