import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { decodeContinue, encodeContinue } from '../../src/apiserver/registry/continue-token.ts';

test('a token is read back as it was made', () => {
  const token = { revision: 17, start: 'default/a\0' };
  assert.deepEqual(decodeContinue(encodeContinue(token)), token);
});

const raw = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

const refused: [what: string, token: string][] = [
  ['no JSON', 'x'],
  ['another version', raw({ v: 'v2', rv: 1, start: 'a' })],
  ['revision 0', raw({ v: 'meta.k8s.io/v1', rv: 0, start: 'a' })],
  ['no start', raw({ v: 'meta.k8s.io/v1', rv: 1, start: '' })],
  ['a start that leaves the collection', raw({ v: 'meta.k8s.io/v1', rv: 1, start: '../secrets/x' })],
];

for (const [what, token] of refused) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => decodeContinue(token),
      (error) => error instanceof StatusError && error.code === 400,
    );
  });
}
