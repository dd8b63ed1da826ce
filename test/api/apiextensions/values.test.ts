import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { validateEmbedded } from '../../../src/api/apiextensions/embedded.ts';
import { validateListTypes } from '../../../src/api/apiextensions/list-types.ts';
import { prune, pruneNulls } from '../../../src/api/apiextensions/pruning.ts';
import type { Schema } from '../../../src/api/apiextensions/schema.ts';
import { validateValue } from '../../../src/api/apiextensions/value-rules.ts';
import { fitsFormat, isKnownFormat } from '../../../src/apimachinery/formats.ts';

suite('formats', () => {
  const cases: [format: string, good: string[], bad: string[]][] = [
    ['date', ['2020-01-01'], ['2020-02-30', '2020-1-1', '2020-01-01T00:00:00Z', 'x']],
    [
      'date-time',
      ['2020-01-01T00:00:00Z', '2020-01-01t23:59:59.5+01:00'],
      [
        '2020-01-01',
        '2020-01-01 00:00:00Z',
        '2020-01-01T00:00:00',
        '2020-01-01T24:00:00Z',
        '2020-02-30T00:00:00Z',
        'x',
      ],
    ],
    ['email', ['a@b.c', 'A <a@b.c>'], ['a', 'a@']],
    ['hostname', ['A', 'a.example'], ['a.b', 'a_b', '-a', 'a..b', '1.2']],
    ['ipv4', ['1.2.3.4', '01.2.3.4'], ['1.2.3', '::1']],
    ['ipv6', ['::1', '::ffff:1.2.3.4'], ['1.2.3.4', 'fe80::1%eth0']],
    ['cidr', ['10.0.0.0/8', 'fd00::/8'], ['10.0.0.1', '10.0.0.0/33']],
    ['uri', ['http://a/b', '/a', 'mailto:x'], ['a', 'http://a b', 'http://#a']],
    ['byte', ['AAAA'], ['!', 'AA=', '']],
    ['duration', ['1s', '1h2m', '1d', '1 week', '-1s'], ['x', '1']],
    ['isbn', ['0321751043', '978-0321751041'], ['x']],
    ['creditcard', ['4111111111111111'], ['1']],
    ['k8s-short-name', ['abc'], ['a.b', 'A', '']],
    ['whatever', ['anything'], []],
  ];
  for (const [format, good, bad] of cases) {
    test(format, () => {
      assert.deepEqual(
        good.filter((text) => !fitsFormat(text, format)),
        [],
      );
      assert.deepEqual(
        bad.filter((text) => fitsFormat(text, format)),
        [],
      );
    });
  }

  test('belong to a type', () => {
    assert.equal(isKnownFormat('int32', 'integer'), true);
    assert.equal(isKnownFormat('int32', 'string'), false);
    assert.equal(isKnownFormat('quantity', 'string'), false);
  });
});

suite('values', () => {
  const told = (value: unknown, schema: Schema, old?: unknown) =>
    validateValue(value, schema, { path: 'spec', old: old === undefined ? undefined : { value: old } }).map(
      ({ reason, field }) => `${reason.replace('FieldValue', '')} ${field}`,
    );

  test('a fraction for an integer is told twice', () => {
    assert.deepEqual(told(1.5, { type: 'integer' }), ['TypeInvalid spec', 'Invalid <nil>']);
  });

  test('of a text the first thing that is wrong is told', () => {
    const schema: Schema = { type: 'string', minLength: 1, maxLength: 3, pattern: '^a' };
    assert.deepEqual(told('', schema), ['Invalid spec']);
    assert.deepEqual(told('bcde', schema), ['TooLong spec']);
    assert.deepEqual(told('b', schema), ['Invalid spec']);
  });

  test('items of a default are named as its fields are', () => {
    const schema: Schema = { type: 'array', items: { type: 'array', items: { type: 'string' } } };
    const [error] = validateValue([[1]], schema, { path: '', root: 'spec.default' });
    assert.equal(error?.field, 'spec.default.[0][0]');
  });

  test('of alternatives that all fail one is told', () => {
    const anyOf: Schema[] = [{ required: ['a'] }, { required: ['b'] }];
    assert.deepEqual(told({ b: 1 }, { type: 'object', anyOf }), []);
    assert.deepEqual(told({}, { type: 'object', anyOf }), ['Invalid <nil>', 'Required spec.a']);
  });

  test('what an update does not touch may stay wrong', () => {
    const schema: Schema = {
      type: 'object',
      properties: { a: { type: 'string', maxLength: 1 }, b: { type: 'string' } },
    };
    const old = { a: 'long', b: 'x' };
    assert.deepEqual(told({ a: 'long', b: 'y' }, schema, old), []);
    assert.deepEqual(told({ a: 'other', b: 'x' }, schema, old), ['TooLong spec.a']);
  });

  test('items are only known again by their keys', () => {
    const items: Schema = {
      type: 'object',
      properties: { k: { type: 'string' }, v: { type: 'string', maxLength: 1 } },
    };
    const list: Schema = { type: 'array', items };
    const keyed: Schema = { ...list, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] };
    const old = [{ k: 'a', v: 'long' }];
    const next = [{ k: 'b', v: 'x' }, ...old];
    assert.deepEqual(told(next, list, old), ['TooLong spec[1].v']);
    assert.deepEqual(told(next, keyed, old), []);
  });
});

test('unknown fields are taken out and told, those of whole objects inside are known', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      list: { type: 'array', items: { type: 'object', properties: { a: {} } } },
      pod: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
    },
  };
  const value = { kind: 'K', list: [{ a: 1, b: 2 }], pod: { kind: 'Pod', metadata: {}, other: 1 }, more: 1 };
  assert.deepEqual(prune(value, schema), ['list[0].b', 'more', 'pod.other']);
  assert.deepEqual(value, { kind: 'K', list: [{ a: 1 }], pod: { kind: 'Pod', metadata: {} } });
});

test('nulls that may not be are as good as missing, but for items and what has a default', () => {
  const value = { a: null, b: null, c: null, l: [null] };
  pruneNulls(value, {
    properties: {
      a: { type: 'string' },
      b: { type: 'string', nullable: true },
      c: { type: 'string', default: 'x' },
      l: { type: 'array', items: { type: 'string' } },
    },
  });
  assert.deepEqual(value, { b: null, c: null, l: [null] });
});

test('where a format is, lists pass for texts', () => {
  const schema: Schema = {
    type: 'object',
    properties: { s: { type: 'string', format: 'uuid' }, t: { type: 'string' } },
  };
  const told = validateValue({ s: [], t: [] }, schema).map(({ field }) => field);
  assert.deepEqual(told, ['t']);
});

test('a map list with something else than objects in it is told once', () => {
  const map: Schema = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] };
  const told = validateListTypes({ m: [null, 1, 'x'] }, { properties: { m: map } });
  assert.deepEqual(
    told.map(({ field, message }) => `${field}: ${message}`),
    ['m[1]: Invalid value: 1: must be an object for an array of list-type map'],
  );
});

test('items of sets and map lists differ; a third of the same is not told again', () => {
  const set: Schema = { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' };
  const fields = validateListTypes({ s: ['a', 'b', 'a', 'a'] }, { properties: { s: set } }).map(({ field }) => field);
  assert.deepEqual(fields, ['s[2]']);
});

test('whole objects inside say their type and have valid metadata', () => {
  const schema: Schema = { properties: { e: { type: 'object', 'x-kubernetes-embedded-resource': true } } };
  const fields = (e: unknown) => validateEmbedded({ e }, schema).map(({ field }) => field);
  assert.deepEqual(fields({}), ['e.apiVersion', 'e.kind']);
  assert.deepEqual(fields({ apiVersion: 'a/b/c', kind: 'Pod', metadata: { labels: { 'a b': '' } } }), [
    'e.apiVersion',
    'e.metadata.labels',
  ]);
});
