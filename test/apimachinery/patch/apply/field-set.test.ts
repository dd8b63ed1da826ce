import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  difference,
  equalSets,
  formatPath,
  fromFieldsV1,
  has,
  intersection,
  isEmpty,
  keyElement,
  type Path,
  paths,
  recursiveDifference,
  setOf,
  toFieldsV1,
  union,
} from '../../../../src/apimachinery/patch/apply/field-set.ts';

const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:"x"', 'v:1', 'i:0');
const path: fc.Arbitrary<Path> = fc.array(element, { minLength: 1, maxLength: 4 });
const set = fc.array(path, { maxLength: 8 }).map((all) => setOf(...all));

describe('a set of fields', () => {
  it('survives FieldsV1', () => {
    fc.assert(fc.property(set, (a) => assert(equalSets(fromFieldsV1(toFieldsV1(a)), a))));
  });

  it('is written with numbers in their order, as upstream does', () => {
    const elements = ['v:10', 'v:9', 'v:-1', 'k:{"port":443,"protocol":"TCP"}', 'k:{"port":80,"protocol":"UDP"}'];
    const others = [
      'k:{"port":80,"protocol":"TCP"}',
      'k:{"name":"b"}',
      'k:{"name":"a:1"}',
      'i:10',
      'i:9',
      'f:b',
      'f:a',
    ];
    assert.deepEqual(Object.keys(toFieldsV1(setOf(...[...elements, ...others].map((one) => [one])))), [
      ...['f:a', 'f:b', 'k:{"name":"a:1"}', 'k:{"name":"b"}'],
      ...['k:{"port":80,"protocol":"TCP"}', 'k:{"port":80,"protocol":"UDP"}', 'k:{"port":443,"protocol":"TCP"}'],
      ...['v:-1', 'v:9', 'v:10', 'i:9', 'i:10'],
    ]);
  });

  it('is written with a "." for a member that has members below', () => {
    const written = { 'f:a': {}, 'f:b': { '.': {}, 'f:c': {} }, 'f:d': { 'k:{"name":"x"}': { '.': {}, 'f:e': {} } } };
    assert.deepEqual(toFieldsV1(fromFieldsV1(written)), written);
  });

  it('knows an item whatever the order of its keys', () => {
    const fields = fromFieldsV1({ 'f:ports': { 'k:{"protocol":"TCP","port":80}': {} } });
    assert(has(fields, ['f:ports', keyElement({ port: 80, protocol: 'TCP' })]));
  });

  it('obeys the laws of sets', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        assert(equalSets(union(a, b), union(b, a)));
        assert(equalSets(intersection(a, b), intersection(b, a)));
        assert(isEmpty(intersection(difference(a, b), b)));
        assert(equalSets(union(difference(a, b), intersection(a, b)), a));
      }),
    );
  });

  it('has every path it lists, and those it was made of', () => {
    fc.assert(
      fc.property(fc.array(path), (all) => {
        const made = setOf(...all);
        for (const one of all) assert(has(made, one));
        assert.equal([...paths(made)].length, new Set(all.map((one) => JSON.stringify(one))).size);
      }),
    );
  });

  it('takes what is below a member only when asked to', () => {
    const a = setOf(['f:a'], ['f:a', 'f:b'], ['f:c']);
    assert.deepEqual([...paths(difference(a, setOf(['f:a'])))], [['f:c'], ['f:a', 'f:b']]);
    assert.deepEqual([...paths(recursiveDifference(a, setOf(['f:a'])))], [['f:c']]);
  });

  it('prints paths as conflicts name them', () => {
    assert.equal(
      formatPath(['f:spec', 'k:{"port":80,"protocol":"TCP"}', 'v:"x"', 'i:1']),
      '.spec[port=80,protocol="TCP"][="x"][1]',
    );
  });

  it('refuses what is no FieldsV1', () => {
    assert.throws(() => fromFieldsV1({ bogus: {} }), { message: /unknown kind of path element "bogus"/ });
    assert.throws(() => fromFieldsV1({ 'f:a': 1 }), { message: /f:a is not an object/ });
  });
});
