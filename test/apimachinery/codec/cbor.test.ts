import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeCbor } from '../../../src/apimachinery/codec/cbor.ts';
import { encodeCbor } from '../../../src/apimachinery/codec/cbor-writer.ts';
import { DecodeError } from '../../../src/apimachinery/codec/decoded.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const decoded = (text: string) => decodeCbor(hex(text)).value;

describe('examples of RFC 8949, appendix A', () => {
  for (const [bytes, value] of [
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1000000],
    ['1b000000e8d4a51000', 1000000000000],
    ['20', -1],
    ['3903e7', -1000],
    ['f90000', 0],
    ['f93c00', 1],
    ['f93e00', 1.5],
    ['f97bff', 65504],
    ['f90001', 2 ** -24],
    ['f9c400', -4],
    ['fa47c35000', 100000],
    ['fb3ff199999999999a', 1.1],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z'],
    ['d74401020304', '01020304'],
    ['60', ''],
    ['62c3bc', 'ü'],
    ['44 01020304', '\x01\x02\x03\x04'],
    ['80', []],
    ['83010203', [1, 2, 3]],
    ['a0', {}],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
    ['5f42616243636465ff', 'abcde'],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
  ] as const) {
    test(bytes, () => assert.deepEqual(decoded(bytes), value));
  }
});

describe("upstream's ways", () => {
  test('text is written as bytes, behind the tag that says CBOR', () => {
    assert.equal(Buffer.from(encodeCbor({ kind: 'Pod' })).toString('hex'), 'd9d9f7a1446b696e6443506f64');
  });
  test('keys may be text or bytes', () => assert.deepEqual(decoded('a2 6161 01 4162 02'), { a: 1, b: 2 }));
  test('bytes that are to be shown as base64 are', () => assert.equal(decoded('d6 45 68656c6c6f'), 'aGVsbG8='));
  test('a key that names the prototype is a key', () => {
    const value = decoded('a1 69 5f5f70726f746f5f5f a1 6161 01') as Record<string, unknown>;
    assert.deepEqual(Object.keys(value), ['__proto__']);
  });
});

describe('refused', () => {
  for (const [name, bytes, told] of [
    ['nothing', '', /unexpected EOF/],
    ['a string cut short', '4401', /unexpected EOF/],
    ['an array whose length lies', '9b7fffffffffffffff 01', /unexpected EOF/],
    ['a string whose length lies', '5bffffffffffffffff 01', /unexpected EOF/],
    ['no end of an indefinite array', '9f01', /unexpected EOF/],
    ['more than one item', '0101', /1 bytes of extraneous data/],
    ['a key twice', 'a2 6161 01 4161 02', /duplicate map key "a"/],
    ['a key that is a number', 'a1 01 01', /no string/],
    ['NaN', 'f97e00', /NaN/],
    ['an infinity', 'f97c00', /infinit/],
    ['undefined', 'f7', /simple value 23/],
    ['a bignum', 'c249010000000000000000', /bignum/],
    ['an integer beyond int64', '1bffffffffffffffff', /overflows/],
    ['text that is no UTF-8', '61ff', /invalid UTF-8/],
    ['a reserved form', '1c', /additional information 28/],
    ['a break alone', 'ff', /simple value 31/],
    ['nesting without end', '81'.repeat(5000), /max depth/],
    ['tags without end', 'd9d9f7'.repeat(5000), /max depth/],
  ] as const) {
    test(name, () =>
      assert.throws(
        () => decoded(bytes),
        (e) => e instanceof DecodeError && told.test(e.message),
      ),
    );
  }
});

test('what is written is read again', () => {
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'grapheme' }),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;
  fc.assert(fc.property(json, (value) => assert.deepEqual(decodeCbor(encodeCbor(value)).value, value)));
});
