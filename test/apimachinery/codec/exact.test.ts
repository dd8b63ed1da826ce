import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeCbor } from '../../../src/apimachinery/codec/cbor.ts';
import { encodeCbor } from '../../../src/apimachinery/codec/cbor-writer.ts';
import {
  exactInteger,
  integerOfBits,
  parseStored,
  rounded,
  storedJson,
} from '../../../src/apimachinery/codec/exact.ts';
import { decodeJson } from '../../../src/apimachinery/codec/json.ts';
import { decodeYaml } from '../../../src/apimachinery/codec/yaml.ts';
import { deepCopy } from '../../../src/apimachinery/value.ts';

const MAX = '9223372036854775807';

for (const [literal, value] of [
  ['0', 0],
  ['9007199254740991', 2 ** 53 - 1],
  ['9007199254740993', 9007199254740993n],
  ['-9007199254740993', -9007199254740993n],
  [MAX, 2n ** 63n - 1n],
  ['-9223372036854775808', -(2n ** 63n)],
  ['9223372036854775808', undefined],
] as const) {
  test(`the integer ${literal}`, () => assert.equal(exactInteger(literal), value));
}

test('beyond 64 bits a number is a float, as in Go', () => {
  assert.deepEqual(decodeJson('[9223372036854775808, 1e30]').value, [2 ** 63, 1e30]);
});

test('text of bodies, of the store and of answers keeps 64 bits', () => {
  const text = `{"a":${MAX},"b":[-9007199254740993,1,1.5],"c":"${MAX}"}`;
  const { value } = decodeJson(text);
  assert.equal(JSON.stringify(value), text);
  assert.equal(JSON.stringify(decodeYaml(text).value), text);
  assert.equal(JSON.stringify(parseStored(storedJson(value))), text);
  assert.equal(JSON.stringify(decodeCbor(encodeCbor(value)).value), text);
  assert.equal(JSON.stringify(deepCopy(value)), text);
});

test('stored text without such numbers is plain JSON', () => {
  assert.equal(storedJson({ a: 1 }), '{"a":1}');
  assert.deepEqual(parseStored('{"a":1}'), { a: 1 });
  assert.throws(() => parseStored('{'), SyntaxError);
});

test('any integer of 64 bits comes back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
      const value = exactInteger(String(n));
      assert.deepEqual(parseStored(storedJson({ value })), { value });
      assert.deepEqual(decodeCbor(encodeCbor(value)).value, value);
    }),
  );
});

test('any integer of 64 bits is read from its bits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
      assert.equal(integerOfBits(BigInt.asUintN(64, n)), exactInteger(String(n)));
    }),
  );
});

test('a value without such integers is rounded to itself, another to a copy', () => {
  const plain = { a: [1, 'x', null, { b: true }], c: 1.5 };
  assert.equal(rounded(plain), plain);
  const exact = Object.freeze({ a: Object.freeze([1, 9007199254740993n]), b: plain, c: 2n ** 63n - 1n });
  assert.deepEqual(rounded(exact), { a: [1, 9007199254740992], b: plain, c: 2 ** 63 - 1024 });
  const odd = JSON.parse('{"__proto__":{"a":1}}');
  odd.b = 9007199254740993n;
  assert.equal(JSON.stringify(rounded(odd)), '{"__proto__":{"a":1},"b":9007199254740992}');
});
