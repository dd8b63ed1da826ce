// Each line belongs to the newest revision that made its field what it is: tables, and properties against states.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { builtinSchema } from '../../src/api/index.ts';
import { changesBetween } from '../../src/apimachinery/changes.ts';
import type { AnyObject, Json, JsonObject } from '../../src/apimachinery/meta.ts';
import { objectShape } from '../../src/apimachinery/patch/apply/shape.ts';
import { canonicalEqual, isObject } from '../../src/apimachinery/value.ts';
import { blame } from '../../src/history/blame.ts';
import type { Revision } from '../../src/history/types.ts';
import { toYaml, yamlLines } from '../../src/history/yaml-lines.ts';

const podShape = objectShape(builtinSchema.type('io.k8s.api.core.v1.Pod'), builtinSchema);
const untyped = objectShape(undefined, builtinSchema);

/** The history of an object that had these states, the newest revision first; `created` says whether it begins with the first. */
function historyOf(states: readonly AnyObject[], shape = untyped, created = true): Revision[] {
  const revision = (i: number, operation: Revision['operation']): Revision => ({
    resourceVersion: String(i + 1),
    time: '2026-01-01T00:00:00.000Z',
    operation,
    verb: operation,
    user: `user-${i}`,
    uid: 'u',
    changes: operation === 'create' ? [] : changesBetween(states[i - 1] as AnyObject, states[i] as AnyObject, shape),
  });
  const updates = states.slice(1).map((_, i) => revision(i + 1, 'update'));
  return [...updates.reverse(), ...(created ? [revision(0, 'create')] : [])];
}

const object = (data: unknown): AnyObject => ({ apiVersion: 'v1', kind: 'T', metadata: { name: 'a' }, data });

/** Each line's text with the number of the state that it came with. */
const blamed = (states: readonly AnyObject[], shape = untyped): string[] =>
  blame(states.at(-1) as AnyObject, historyOf(states, shape)).map(
    ({ text, revision }) => `${revision?.resourceVersion ?? '?'} ${text}`,
  );

test('fields, parts of fields and what holds them', () => {
  const states = [
    { a: 1, b: { c: 1 } },
    { a: 2, b: { c: 1 } },
    { a: 2, b: { c: 1, d: { e: 1 } } },
  ].map(object);
  assert.deepEqual(blamed(states), [
    '1 apiVersion: v1',
    '1 kind: T',
    '1 metadata:',
    '1   name: a',
    '1 data:',
    '2   a: 2',
    '1   b:',
    '1     c: 1',
    '3     d:',
    '3       e: 1',
  ]);
});

test('items of lists keep their revision when others are put in and taken out before them', () => {
  const states = [
    ['a', 'b'],
    ['x', 'a', 'b'],
    ['x', 'a', 'c', 'b'],
    ['a', 'c', 'b'],
  ].map(object);
  assert.deepEqual(blamed(states).slice(5), ['1   - a', '3   - c', '1   - b']);
});

test('containers are known by their names', () => {
  const pod = (...containers: { name: string; image: string }[]) => ({
    ...object(null),
    data: undefined,
    spec: { containers },
  });
  const states = [
    pod({ name: 'a', image: 'x' }, { name: 'b', image: 'x' }),
    pod({ name: 'b', image: 'x' }),
    pod({ name: 'b', image: 'y' }),
  ];
  assert.deepEqual(blamed(states, podShape).slice(-2), ['1     - name: b', '3       image: y']);
});

test('what is older than the history is nobody’s; texts of several lines are one field', () => {
  const states = [object({ a: 'x', t: 'x' }), object({ a: 'x', t: 'one\ntwo\n' })];
  const lines = blame(states[1] as AnyObject, historyOf(states, untyped, false));
  assert.deepEqual(
    lines.slice(4).map(({ text, revision }) => `${revision?.resourceVersion ?? '?'} ${text}`),
    ['? data:', '?   a: x', '2   t: |', '2     one', '2     two'],
  );
});

/** What is at a line's place, items of containers by name. */
function at(state: AnyObject, names: readonly (string | number)[]): Json | undefined {
  let value: Json | undefined = state as unknown as Json;
  for (const name of names) {
    if (Array.isArray(value)) value = value.find((item) => isObject(item) && item.name === name) as Json | undefined;
    else value = isObject(value) ? (value as JsonObject)[name as string] : undefined;
  }
  return value;
}

const sameSort = (a: Json | undefined, b: Json | undefined): boolean =>
  (isObject(a) && isObject(b)) || (Array.isArray(a) && Array.isArray(b)) || canonicalEqual(a, b);

const container = (name: string) =>
  fc.option(
    fc.record(
      { name: fc.constant(name), image: fc.constantFrom('x', 'y'), workingDir: fc.constantFrom('/a', '/b') },
      { requiredKeys: ['name'], noNullPrototype: true },
    ),
    { nil: undefined },
  );
const pods = fc
  .tuple(
    container('a'),
    container('b'),
    container('c'),
    fc.dictionary(fc.constantFrom('k', 'l/m'), fc.constantFrom('1', '2'), { noNullPrototype: true }),
  )
  .map(
    ([a, b, c, labels]): AnyObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels },
      spec: { containers: [a, b, c].filter((one) => one !== undefined) },
    }),
  );

test('a field’s revision is the newest whose state before it differs there', () => {
  fc.assert(
    fc.property(fc.array(pods, { minLength: 1, maxLength: 5 }), (states) => {
      const newest = states.at(-1) as AnyObject;
      for (const { place, revision } of blame(newest, historyOf(states, podShape))) {
        const names = place.map((one, i) =>
          typeof one === 'number' ? ((at(newest, place.slice(0, i)) as JsonObject[])[one]?.name as string) : one,
        );
        let expected = states.length - 1;
        while (
          expected > 0 &&
          sameSort(at(states[expected] as AnyObject, names), at(states[expected - 1] as AnyObject, names))
        ) {
          expected--;
        }
        assert.equal(revision?.resourceVersion, String(expected + 1), JSON.stringify(names));
      }
    }),
  );
});

test('lines are the YAML, each with a field that is there', () => {
  const value = fc.letrec<{ any: Json }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<Json>(1, 'a', 'two\nlines', '', true, null, '- x', 'a: b', '#'),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b/c', '1', '- '), tie('any'), { noNullPrototype: true }),
    ),
  })).any;
  fc.assert(
    fc.property(value, (data) => {
      const lines = yamlLines(object(data));
      assert.equal(`${lines.map(({ text }) => text).join('\n')}\n`, toYaml(object(data)));
      for (const { place } of lines) {
        let inner: unknown = object(data);
        for (const one of place) inner = (inner as JsonObject)[one as string];
        assert.notEqual(inner, undefined);
      }
    }),
  );
});
