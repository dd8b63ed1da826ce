// What is read the quick way is what the careful reader reads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeJson } from '../../../src/apimachinery/codec/json.ts';
import { parsePlain } from '../../../src/apimachinery/codec/plain-json.ts';

const PLAIN = [
  '{}',
  '[]',
  'null',
  '"text"',
  '{"a":{"b":[1,{"c":null}]},"d":"e"}',
  '{"colons":": {[ , ]} 1.5 -0 1e3","escaped":"\\" : \\\\","a":-12,"b":123456789012345}',
  '{"__proto__":1,"constructor":2}',
];

const CAREFUL = [
  ['a key twice', '{"a":1,"a":2}'],
  ['a key twice, deep down', '{"a":[{"b":1,"c":{"d":1,"d":1}}]}'],
  ['a key twice in different words', '{"a":1,"\\u0061":2}'],
  ['half a surrogate pair', '"\\ud800"'],
  ['a zero with a sign', '[-0]'],
  ['a fraction', '[5.0]'],
  ['an exponent', '[3e1]'],
  ['more digits than a double has', '[1234567890123456789]'],
  ['nested too deep', '[[[[[]]]]]'],
  ['no JSON', '{"a":}'],
  ['a string without an end', '"abc\\"'],
  ['nothing', ''],
] as const;

for (const text of PLAIN) {
  test(`plain: ${text}`, () => assert.deepEqual(parsePlain(text, 4), { value: JSON.parse(text) }));
}
for (const [what, text] of CAREFUL) {
  test(`left to the careful reader: ${what}`, () => assert.equal(parsePlain(text, 4), undefined));
}

/** Texts of JSON with keys that are few, so that some come twice. */
const { json } = fc.letrec<{ json: string; object: string; array: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.json({ maxDepth: 0 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
    ),
    tie('object'),
    tie('array'),
  ),
  object: fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__', ':'), tie('json')))
    .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}: ${value}`).join(' ,')}}`),
  array: fc.array(tie('json')).map((items) => `[${items.join(', ')}]`),
}));

test('both readers agree on any text', () => {
  const agree = (text: string) => {
    const quick = decodeJson(text);
    // The escape keeps the quick way from being taken.
    const careful = decodeJson(`{"\\u0078":${text}}`);
    assert.deepEqual({ x: quick.value }, careful.value);
    assert.equal(quick.duplicates.length, careful.duplicates.length);
    assert.equal(quick.literals.size, careful.literals.size);
  };
  fc.assert(fc.property(json, agree));
});
