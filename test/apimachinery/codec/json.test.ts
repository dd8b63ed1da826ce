import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeJson } from '../../../src/apimachinery/codec/json.ts';

describe('reading JSON', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.deepEqual(JSON.stringify(decodeJson(text).value), JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('reports repeated fields by path and keeps the last', () => {
    const { value, duplicates } = decodeJson('{"a":1,"b":[{"c":1,"c":2}],"a":3,"a":4}');
    assert.deepEqual(value, { a: 4, b: [{ c: 2 }] });
    assert.deepEqual(duplicates, ['b[0].c', 'a']);
  });

  it('keeps the literal of integers that are not written as such', () => {
    const { literals } = decodeJson('{"a":5.0,"b":3e1,"c":12345678901234567890,"d":5,"e":1.5}');
    assert.deepEqual(Object.fromEntries(literals), { a: '5.0', b: '3e1', c: '12345678901234567890' });
  });

  it('takes __proto__ for a field like any other', () => {
    const { value } = decodeJson('{"__proto__":{"polluted":true}}');
    assert.deepEqual(Object.keys(value as object), ['__proto__']);
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });

  const wrong: [text: string, words: string][] = [
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"a":}', "invalid character '}' looking for beginning of value"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['1 2', "invalid character '2' after top-level value"],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['1e999', 'json: cannot unmarshal number 1e999 into Go value of type float64'],
  ];
  for (const [text, words] of wrong) {
    it(`refuses ${JSON.stringify(text)} in Go's words`, () =>
      assert.throws(() => decodeJson(text), { name: 'DecodeError', message: words }));
  }

  it('refuses what is nested too deeply instead of running out of stack', () => {
    assert.throws(() => decodeJson('['.repeat(20_000)), { message: "invalid character '[' exceeded max depth" });
  });
});

it('escapes of half a character become the replacement character', () => {
  const { value } = decodeJson('["\\ud800", "\\udc00x", "\\ud83d\\ude00", "\\ud800\\u0041"]');
  assert.deepEqual(value, ['\ufffd', '\ufffdx', '\u{1f600}', '\ufffdA']);
});
