// JSONPath as columns and field references use it; the results are client-go's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileJsonPath, printJsonPathValue } from '../../src/apimachinery/json-path.ts';
import { JsonPathError } from '../../src/apimachinery/json-path-parser.ts';

const data = {
  name: 'n',
  none: null,
  list: [
    { type: 'A', v: 1, tags: ['x'] },
    { type: 'B', v: 2 },
    { type: 'C', v: 3.5 },
  ],
  map: { 'a.b': 1, 'c-d': { e: true } },
};

const FOUND: readonly (readonly [string, unknown[]])[] = [
  ['.name', ['n']],
  ['$.name', ['n']],
  ["['name']", ['n']],
  ['.absent.v', []],
  ['.none', [null]],
  ['.none.v', []],
  ['.list[0].v', [1]],
  ['.list[-1].v', [3.5]],
  ['.list[*].v', [1, 2, 3.5]],
  ['.list[0:2].v', [1, 2]],
  ['.list[:2].v', [1, 2]],
  ['.list[1:].v', [2, 3.5]],
  ['.list[::2].v', [1, 3.5]],
  ['.list[0,2].v', [1, 3.5]],
  ['.list[?(@.type=="B")].v', [2]],
  ['.list[?(@.v>=2)].type', ['B', 'C']],
  ['.list[?(@.v!=2)].type', ['A', 'C']],
  ['.list[?(@.tags)].type', ['A']],
  ['.list[?(@.type==")")].v', []],
  ['..type', ['A', 'B', 'C']],
  ['.map.a\\.b', [1]],
  ['.map.c-d.e', [true]],
  ['.map.*', [1, { e: true }]],
  ['.list[*].tags[0]', ['x']],
];

for (const [path, found] of FOUND) {
  test(`${path} finds ${JSON.stringify(found)}`, () => {
    assert.deepEqual(compileJsonPath(path)(data), found);
  });
}

test('what data does not have a place for is an error', () => {
  for (const path of ['.list[7]', '.name[0]', '.map[?(@.v)]', '.list[?(@.v=="x")]', '.list[2:1]', '.list[0:2:0]']) {
    assert.throws(() => compileJsonPath(path)(data), JsonPathError, path);
  }
});

test('a word may stand in a path, but cannot be followed', () => {
  for (const path of ['range', 'spec.a[0]', 'a..b']) {
    const follow = compileJsonPath(path);
    assert.throws(() => follow(data), { name: 'JsonPathError', message: /^unrecognized identifier/ }, path);
  }
});

test('what is no path is told', () => {
  const bad = [
    ['.a[', 'unterminated array'],
    ['.a[x]', 'invalid array index x'],
    ['.a[?(@.b]', 'unterminated filter'],
    ['.a[?(@.b)', 'unclosed array expect ]'],
    ['....', 'invalid multiple recursive descent'],
    ['"a', 'unterminated quoted string'],
    ['.a}', "unrecognized character in action: U+007D '}'"],
    ['1.2.3', 'cannot parse number 1.2.3'],
    [`${'[?('.repeat(30)}@${')]'.repeat(30)}`, /nested|unclosed|filter/],
  ] as const;
  for (const [path, message] of bad)
    assert.throws(() => compileJsonPath(path), { name: 'JsonPathError', message }, path);
});

test('values are printed as Go prints them', () => {
  const printed = [
    ['text', 'text'],
    [12, '12'],
    [1.5, '1.5'],
    [0.00001, '1e-05'],
    [true, 'true'],
    [null, '<no value>'],
    [{ b: 1, a: ['<'] }, '{"a":["\\u003c"],"b":1}'],
  ] as const;
  for (const [value, text] of printed) assert.equal(printJsonPathValue(value), text);
});
