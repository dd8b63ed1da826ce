// Programs: what comes back, and how each way of failing reads.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { RunError, run, spawn } from '../src/exec.ts';

test('a program gets its input and environment, and both outputs come back as they were', async () => {
  const result = await run(['sh', '-c', 'cat; echo "$WORD" >&2'], { input: 'in\n', env: { WORD: 'über' } });
  assert.deepEqual(result, { stdout: 'in\n', stderr: 'über\n' });
});

test('a program that does not read its input is no failure', async () => {
  await run(['true'], { input: 'x'.repeat(1 << 20) });
});

const failures: [name: string, argv: string[], options: Parameters<typeof run>[1], message: RegExp, code?: number][] = [
  ['what it said last', ['sh', '-c', 'echo a; echo b >&2; exit 3'], {}, /^sh -c 'echo a; .*': a \| b$/, 3],
  ['its code when it said nothing', ['false'], {}, /^false: ended with code 1$/, 1],
  ['its signal', ['sh', '-c', 'kill -9 $$'], {}, /: ended by SIGKILL$/],
  ['that it is not there', ['no-such-program'], {}, /^no-such-program: spawn no-such-program ENOENT$/],
  ['that it took too long', ['sleep', '60'], { timeout: 20 }, /^sleep 60: took too long and was ended$/],
  [
    'that it took too long, though it hears no signal',
    ['sh', '-c', "trap '' TERM; sleep 60 & wait"],
    { timeout: 20 },
    /ended$/,
  ],
  ['that it was called off', ['sleep', '60'], { signal: AbortSignal.timeout(20) }, /^sleep 60: was called off$/],
];
for (const [name, argv, options, message, exitCode] of failures) {
  test(`a failed program tells ${name}`, async () => {
    await assert.rejects(run(argv, options), (error) => {
      assert.ok(error instanceof RunError);
      assert.match(error.message, message);
      assert.equal(error.exitCode, exitCode);
      assert.deepEqual(error.argv, argv);
      return true;
    });
  });
}

test('a started program is ended by its signal, without an error', async () => {
  const stop = new AbortController();
  const child = spawn(['sleep', '60'], { signal: stop.signal });
  stop.abort();
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGTERM']);
});

test('a program that cannot be started is an error of its child', async () => {
  const [error] = await once(spawn(['no-such-program']), 'error');
  assert.match(String(error), /ENOENT/);
});
