// Taking changes back: what was there before comes back, what others changed since stays and is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { builtinSchema } from '../../../src/api/index.ts';
import { changesBetween, type FieldChange } from '../../../src/apimachinery/changes.ts';
import type { AnyObject, Json } from '../../../src/apimachinery/meta.ts';
import { objectShape } from '../../../src/apimachinery/patch/apply/shape.ts';
import { takeBack } from '../../../src/history/undo/take-back.ts';

const podShape = objectShape(builtinSchema.type('io.k8s.api.core.v1.Pod'), builtinSchema);
const untyped = objectShape(undefined, builtinSchema);

const object = (fields: Record<string, unknown>): AnyObject => ({
  apiVersion: 'v1',
  kind: 'T',
  metadata: { name: 'a' },
  ...fields,
});

const container = (name: string) =>
  fc.record(
    { name: fc.constant(name), image: fc.constantFrom('x', 'y', 'z'), args: fc.array(fc.constantFrom('a', 'b')) },
    { requiredKeys: ['name', 'image'], noNullPrototype: true },
  );
const pods = fc
  .tuple(
    fc.option(container('web'), { nil: undefined }),
    fc.option(container('log'), { nil: undefined }),
    fc.dictionary(fc.constantFrom('app', 'a.b/c', 'x'), fc.constantFrom('1', '2'), { noNullPrototype: true }),
  )
  .map(([web, log, labels]) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels },
    spec: { containers: [web, log].filter((c) => c !== undefined) },
  }));

/** Containers put back come last; their order means nothing here. */
const inOrder = (pod: AnyObject): unknown => {
  const { containers } = pod.spec as { containers: { name: string }[] };
  return { ...pod, spec: { containers: containers.toSorted((a, b) => (a.name < b.name ? -1 : 1)) } };
};

test('a change of a typed object that nobody touched since is taken back whole', () => {
  fc.assert(
    fc.property(pods, pods, (before, after) => {
      const { object: back, conflicts } = takeBack(after, changesBetween(before, after, podShape));
      assert.deepEqual(conflicts, []);
      assert.deepEqual(inOrder(back), inOrder(before));
    }),
  );
});

test('a change of an object without schema is taken back whole, values in lists by their place', () => {
  const value = fc.letrec<{ any: Json }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<Json>(1, 'a', true, null),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c d'), tie('any'), { noNullPrototype: true }),
    ),
  })).any;
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [before, after] = [object({ data: a }), object({ data: b })];
      const { object: back, conflicts } = takeBack(after, changesBetween(before, after, untyped));
      assert.deepEqual(conflicts, []);
      assert.deepEqual(back, before);
    }),
  );
});

test('several revisions are taken back from the newest on', () => {
  const states = [{ a: 1 }, { a: 2, b: 1 }, { b: 2 }].map((data) => object({ data }));
  const changes = states.slice(1).flatMap((state, i) => changesBetween(states[i] as AnyObject, state, untyped));
  assert.deepEqual(takeBack(states[2] as AnyObject, changes).object, states[0]);
});

test('what others changed elsewhere stays', () => {
  const now = object({ data: { image: 'bad', replicas: 5 } });
  const { object: back, conflicts } = takeBack(now, [{ op: 'replace', path: '.data.image', from: 'good', to: 'bad' }]);
  assert.deepEqual([back.data, conflicts], [{ image: 'good', replicas: 5 }, []]);
});

test('a field changed since is a conflict and stays, unless forced', () => {
  const now = object({ data: { image: 'worse', old: 1 } });
  const changes: FieldChange[] = [
    { op: 'replace', path: '.data.image', from: 'good', to: 'bad' },
    { op: 'add', path: '.data.old', to: 1 },
  ];
  const kept = takeBack(now, changes);
  assert.deepEqual(kept.object.data, { image: 'worse' });
  assert.deepEqual(kept.conflicts, [{ path: '.data.image', now: 'worse', before: 'good' }]);
  const forced = takeBack(now, changes, { force: true });
  assert.deepEqual([forced.object.data, forced.conflicts], [{ image: 'good' }, []]);
});

test('what is back already is neither a change nor a conflict', () => {
  const now = object({ data: { image: 'good' } });
  const changes: FieldChange[] = [
    { op: 'replace', path: '.data.image', from: 'good', to: 'bad' },
    { op: 'add', path: '.data.gone', to: 1 },
  ];
  assert.deepEqual(takeBack(now, changes), { object: now, changes: [], conflicts: [] });
});

test('what should hold the field is gone: a conflict, by force too', () => {
  const change: FieldChange = { op: 'replace', path: '.spec.containers[name=web].image', from: 'a', to: 'b' };
  const now = object({ spec: { containers: [] } });
  for (const force of [false, true]) {
    assert.deepEqual(takeBack(now, [change], { force }).conflicts, [
      { path: change.path, now: undefined, before: 'a' },
    ]);
  }
});

test('items by place are a conflict when the list was changed since', () => {
  const now = object({ args: ['b', 'c'] });
  const change: FieldChange = { op: 'remove', path: '.args[0]', from: 'a' };
  assert.deepEqual(takeBack(now, [change]).object.args, ['a', 'b', 'c']);
  const { conflicts } = takeBack(now, [change], { changedSince: (path) => path === '.args' });
  assert.equal(conflicts.length, 1);
});

test('status and what the server keeps are left alone', () => {
  const now = object({ status: { phase: 'b' }, statusText: 'y' });
  const { object: back } = takeBack(now, [
    { op: 'replace', path: '.status.phase', from: 'a', to: 'b' },
    { op: 'replace', path: '.metadata.generation', from: 1, to: 2 },
    { op: 'replace', path: '.statusText', from: 'x', to: 'y' },
  ]);
  assert.deepEqual(back, object({ status: { phase: 'b' }, statusText: 'x' }));
});
