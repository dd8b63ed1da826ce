import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from '../../src/apiserver/http/query.ts';

for (const [text, expected] of [
  ['a=1&b=%20x&c', { a: '1', b: ' x', c: '' }],
  ['a=%zz&b=1', { b: '1' }],
  ['a=1;b=2&c=3', { c: '3' }],
  ['a=%', {}],
  ['', {}],
] as const) {
  test(`of ${JSON.stringify(text)} the pairs that can be read are kept`, () =>
    assert.deepEqual(Object.fromEntries(parseQuery(text)), expected));
}
