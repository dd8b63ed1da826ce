import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalEqual, deepCopy, deepFreeze } from '../../src/apimachinery/value.ts';

describe('values', () => {
  it('are equal whatever the order of their keys', () => {
    assert(canonicalEqual({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 }));
    assert(canonicalEqual({ a: undefined }, {}));
    for (const [a, b] of [
      [{ a: null }, {}],
      [
        [1, 2],
        [2, 1],
      ],
      [[], {}],
      [1, '1'],
      [null, {}],
      [{ a: 1 }, { a: 1, b: 2 }],
    ]) {
      assert(!canonicalEqual(a, b), JSON.stringify([a, b]));
      assert(!canonicalEqual(b, a), JSON.stringify([b, a]));
    }
  });

  it('are compared once, however deep they lie', () => {
    const nested = (depth: number): object => (depth === 0 ? { leaf: [1] } : { a: nested(depth - 1) });
    assert(canonicalEqual(nested(100), nested(100)));
    assert(!canonicalEqual(nested(100), nested(99)));
  });

  it('equal their copies, which may be changed when they are frozen', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const frozen = deepFreeze(value);
        const copy = deepCopy(frozen);
        assert(canonicalEqual(copy, frozen));
        copy.extra = 1;
        assert(!Object.hasOwn(frozen, 'extra') || frozen.extra === 1);
      }),
    );
  });

  it('are frozen throughout', () => {
    const value = deepFreeze({ a: [{ b: 1 }] });
    assert(Object.isFrozen(value.a) && Object.isFrozen(value.a[0]));
  });
});
