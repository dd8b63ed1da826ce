// Commands end as they say: with a code alone when all is said.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { PlainCommand } from '../../src/commands/plain-command.ts';
import { type RunError, run } from '../../src/exec.ts';

class Ending extends PlainCommand {
  async run(): Promise<void> {
    this.exit(3);
  }
}

test('a command that ends itself says nothing more', async (t) => {
  const written = t.mock.method(process.stderr, 'write', () => true);
  const ending = Ending.run([], path.join(import.meta.dirname, '../..'));
  await assert.rejects(ending, (error: Error & { oclif?: { exit: number } }) => error.oclif?.exit === 3);
  assert.equal(written.mock.callCount(), 0);
});

class Forbidden extends PlainCommand {
  async run(): Promise<void> {
    throw Object.assign(new Error('EACCES: permission denied, open …'), { code: 'EACCES', path: '/run/x/server.json' });
  }
}

test('a file of another user is told with what to do', async (t) => {
  const written = t.mock.method(process.stderr, 'write', () => true);
  t.mock.method(process, 'exit', () => undefined);
  await Forbidden.run([], path.join(import.meta.dirname, '../..'));
  process.exitCode = 0;
  assert.deepEqual(written.mock.calls[0]?.arguments, [
    'tsukube: /run/x/server.json: permission denied: run it as the user that the cluster runs as (sudo)\n',
  ]);
});

test('what is no command is told in one sentence, with exit code 2', async () => {
  const program = [process.execPath, path.join(import.meta.dirname, '../../bin/run.js')];
  await assert.rejects(run([...program, 'image', 'none']), (error: RunError) => {
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /tsukube: there is no command "image none": see "tsukube --help"/);
    return true;
  });
});
