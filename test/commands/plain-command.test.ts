// Commands end as they say: with a code alone when all is said.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { PlainCommand } from '../../src/commands/plain-command.ts';

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
