import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../../src/apimachinery/meta.ts';
import { applyMergePatch, readPatchObject } from '../../../src/apimachinery/patch/merge-patch.ts';
import { canonicalEqual, deepFreeze } from '../../../src/apimachinery/value.ts';

const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);

describe('merge patch', () => {
  // The table of RFC 7386, appendix A.
  const cases: [target: Json, patch: Json, result: Json][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, result] of cases) {
    it(`${JSON.stringify(target)} with ${JSON.stringify(patch)}`, () =>
      assert.deepEqual(applyMergePatch(deepFreeze(target), deepFreeze(patch)), result));
  }

  it('done twice is done once', () => {
    fc.assert(
      fc.property(json, json, (target, patch) => {
        const once = applyMergePatch(target, patch);
        assert(canonicalEqual(applyMergePatch(once, patch), once));
      }),
    );
  });

  it('of nothing changes nothing', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (target) =>
        assert(canonicalEqual(applyMergePatch(target, {}), target)),
      ),
    );
  });

  it('must be an object', () => {
    assert.deepEqual(readPatchObject(null), {});
    assert.throws(() => readPatchObject([]), {
      message: 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    });
  });
});
