import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { decodeContinue, encodeContinue } from '../../src/apiserver/registry/continue-token.ts';

test('a token is read back as it was made', () => {
  const token = { revision: 17, start: 'default/a\0' };
  assert.deepEqual(decodeContinue(encodeContinue(token)), token);
});

const raw = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

const refused: [what: string, token: string, words: string][] = [
  ['what is not base64', '!', ': illegal base64 data at input byte 0'],
  ['half a byte of base64', 'x', ': illegal base64 data at input byte 0'],
  ['what is not JSON', 'abc', ": invalid character 'i' looking for beginning of value"],
  ['what is no object', raw(1), ': json: cannot unmarshal number into Go value of type storage.continueToken'],
  ['nothing', raw(null), ': server does not recognize this encoded version '],
  ['another version', raw({ v: 'v2', rv: 1, start: 'a' }), ': server does not recognize this encoded version v2'],
  [
    'revision 0',
    raw({ v: 'meta.k8s.io/v1', rv: 0, start: 'a' }),
    ': incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
  ],
  ['no start', raw({ v: 'meta.k8s.io/v1', rv: 1, start: '' }), ': encoded start key empty (version meta.k8s.io/v1)'],
  ['a start that leaves the collection', raw({ v: 'meta.k8s.io/v1', rv: 1, start: '../secrets/x' }), ': ../secrets/x'],
];

for (const [what, token, words] of refused) {
  test(`refuses ${what} in upstream's words`, () => {
    assert.throws(
      () => decodeContinue(token),
      (error) =>
        error instanceof StatusError &&
        error.code === 400 &&
        error.message === `invalid continue token: continue key is not valid${words}`,
    );
  });
}
