// The answers an upstream v1.36.3 API server gave to the same requests (README.md). Known exceptions are listed in
// exceptions/; the lists must be true in both directions, so that they only ever shrink on purpose.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { readExceptions } from './exceptions.ts';
import { PARALLEL } from './parallel.ts';
import { type Failures, playRecordings } from './play.ts';
import { type Program, startProgram } from './program.ts';
import { recordings } from './scenario.ts';

suite('recorded answers', () => {
  let program: Program | undefined;
  let failures: Failures = new Map();

  before(async () => {
    program = await startProgram({ connections: PARALLEL });
    failures = await playRecordings(program.caller, recordings(), PARALLEL);
  });
  after(async () => await program?.stop());

  for (const recording of recordings()) {
    const exceptions = readExceptions(recording);

    test(`${recording}: answers as upstream's`, () => {
      const wrong = [...(failures.get(recording) ?? [])]
        .filter(([name]) => !exceptions.has(name))
        .map(([name, differences]) => [name, ...differences.slice(0, 5)].join('\n  '));
      assert.deepEqual(wrong, []);
    });

    test(`${recording}: exceptions are still such`, () => {
      const played = failures.get(recording);
      assert.ok(played, 'was played');
      const right = [...exceptions.keys()].filter((name) => !played.has(name));
      assert.deepEqual(right, [], 'these answers are right now: run node test/vectors/update-exceptions.ts');
    });
  }
});
