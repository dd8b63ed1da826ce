import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { builtinSchema } from '../../src/api/index.ts';
import { changesBetween, type FieldChange } from '../../src/apimachinery/changes.ts';
import type { AnyObject, Json, JsonObject } from '../../src/apimachinery/meta.ts';
import { objectShape } from '../../src/apimachinery/patch/apply/shape.ts';
import { deepFreeze, isObject } from '../../src/apimachinery/value.ts';

const podShape = objectShape(builtinSchema.type('io.k8s.api.core.v1.Pod'), builtinSchema);
const untyped = objectShape(undefined, builtinSchema);

const pod = (spec: object, metadata: object = {}): AnyObject =>
  deepFreeze({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', ...metadata }, spec });
const changes = (before: AnyObject, after: AnyObject, shape = podShape) => changesBetween(before, after, shape);
const web = { name: 'web', image: 'nginx:1' };
const log = { name: 'log', image: 'fluent:2' };
const status = (parts: object): AnyObject => deepFreeze({ metadata: { name: 'a' }, status: parts });
const condition = (type: string, status: string) => ({ type, status });
const container = '.spec.containers[name=web]';

const CASES: { name: string; before: AnyObject; after: AnyObject; expected: FieldChange[] }[] = [
  { name: 'nothing', before: pod({ containers: [web] }), after: pod({ containers: [{ ...web }] }), expected: [] },
  {
    name: 'a field of an item that is known by its name',
    before: pod({ containers: [log, web] }),
    after: pod({ containers: [log, { ...web, image: 'nginx:2' }] }),
    expected: [{ op: 'replace', path: `${container}.image`, from: 'nginx:1', to: 'nginx:2' }],
  },
  {
    name: 'an item that came and one that went',
    before: pod({ containers: [log] }),
    after: pod({ containers: [web] }),
    expected: [
      { op: 'remove', path: '.spec.containers[name=log]', from: log },
      { op: 'add', path: container, to: web },
    ],
  },
  {
    name: 'an item with two keys, one of them by default',
    before: pod({ containers: [{ ...web, ports: [{ containerPort: 80 }] }] }),
    after: pod({ containers: [{ ...web, ports: [{ containerPort: 80, protocol: 'TCP', name: 'http' }] }] }),
    expected: [
      { op: 'add', path: `${container}.ports[containerPort=80,protocol=TCP].protocol`, to: 'TCP' },
      { op: 'add', path: `${container}.ports[containerPort=80,protocol=TCP].name`, to: 'http' },
    ],
  },
  {
    name: 'a name that reads like a number, and one with odd characters',
    before: pod({ containers: [{ name: '80' }, { name: 'a b' }] }),
    after: pod({
      containers: [
        { name: '80', image: 'x' },
        { name: 'a b', image: 'x' },
      ],
    }),
    expected: [
      { op: 'add', path: '.spec.containers[name="80"].image', to: 'x' },
      { op: 'add', path: '.spec.containers[name="a b"].image', to: 'x' },
    ],
  },
  {
    name: 'members of a set',
    before: pod({}, { finalizers: ['a/b', 'c/d'] }),
    after: pod({}, { finalizers: ['c/d', 'e/f'] }),
    expected: [
      { op: 'remove', path: '.metadata.finalizers[="a/b"]', from: 'a/b' },
      { op: 'add', path: '.metadata.finalizers[="e/f"]', to: 'e/f' },
    ],
  },
  {
    name: 'keys that are no identifiers',
    before: pod({}, { labels: { app: '1', 'app.kubernetes.io/name': 'x', 'a-b': '1' } }),
    after: pod({}, { labels: { app: '2', 'app.kubernetes.io/name': 'y' } }),
    expected: [
      { op: 'replace', path: '.metadata.labels.app', from: '1', to: '2' },
      { op: 'replace', path: '.metadata.labels["app.kubernetes.io/name"]', from: 'x', to: 'y' },
      { op: 'remove', path: '.metadata.labels["a-b"]', from: '1' },
    ],
  },
  {
    name: 'places of a list that is owned whole: put in',
    before: pod({ containers: [{ ...web, args: ['a', 'b'] }] }),
    after: pod({ containers: [{ ...web, args: ['a', 'x', 'b'] }] }),
    expected: [{ op: 'add', path: `${container}.args[1]`, to: 'x' }],
  },
  {
    name: 'places of a list that is owned whole: replaced and taken out',
    before: pod({ containers: [{ ...web, args: ['a', 'b', 'c', 'd', 'e'] }] }),
    after: pod({ containers: [{ ...web, args: ['a', 'x', 'e'] }] }),
    expected: [
      { op: 'replace', path: `${container}.args[1]`, from: 'b', to: 'x' },
      { op: 'remove', path: `${container}.args[3]`, from: 'd' },
      { op: 'remove', path: `${container}.args[2]`, from: 'c' },
    ],
  },
  {
    name: 'the order of items, which no name tells',
    before: pod({ initContainers: [web, log] }),
    after: pod({ initContainers: [log, web] }),
    expected: [{ op: 'replace', path: '.spec.initContainers', from: [web, log], to: [log, web] }],
  },
  {
    name: 'the order of items together with what changed in them',
    before: pod({ initContainers: [web, log] }),
    after: pod({ initContainers: [log, { ...web, image: 'nginx:2' }] }),
    expected: [
      {
        op: 'replace',
        path: '.spec.initContainers',
        from: [web, log],
        to: [log, { ...web, image: 'nginx:2' }],
      },
    ],
  },
  {
    name: 'conditions that changed, in whatever order they are reported',
    before: status({ conditions: [condition('A', 'True'), condition('B', 'True')] }),
    after: status({ conditions: [condition('B', 'False'), condition('A', 'True')] }),
    expected: [{ op: 'replace', path: '.status.conditions[type=B].status', from: 'True', to: 'False' }],
  },
  {
    name: 'the order of conditions when that is all that changed',
    before: status({ conditions: [condition('A', 'True'), condition('B', 'True')] }),
    after: status({ conditions: [condition('B', 'True'), condition('A', 'True')] }),
    expected: [
      {
        op: 'replace',
        path: '.status.conditions',
        from: [condition('A', 'True'), condition('B', 'True')],
        to: [condition('B', 'True'), condition('A', 'True')],
      },
    ],
  },
  {
    name: 'members of a set that was written in another order',
    before: pod({}, { finalizers: ['a/b', 'c/d'] }),
    after: pod({}, { finalizers: ['c/d', 'a/b', 'e/f'] }),
    expected: [{ op: 'add', path: '.metadata.finalizers[="e/f"]', to: 'e/f' }],
  },
  {
    name: 'items that share a name go by their place',
    before: pod({ containers: [web, web] }),
    after: pod({ containers: [web, { ...web, image: 'nginx:2' }] }),
    expected: [{ op: 'replace', path: '.spec.containers[1].image', from: 'nginx:1', to: 'nginx:2' }],
  },
  {
    name: 'items without a name go by their place',
    before: pod({}, { finalizers: [{ a: 1 }] }),
    after: pod({}, { finalizers: [{ a: 2 }] }),
    expected: [{ op: 'replace', path: '.metadata.finalizers[0].a', from: 1, to: 2 }],
  },
  {
    name: 'null is a value, and so is another type',
    before: pod({ a: null, b: 1, c: { d: 1 } }),
    after: pod({ b: '1', c: [1], e: null }),
    expected: [
      { op: 'remove', path: '.spec.a', from: null },
      { op: 'replace', path: '.spec.b', from: 1, to: '1' },
      { op: 'replace', path: '.spec.c', from: { d: 1 }, to: [1] },
      { op: 'add', path: '.spec.e', to: null },
    ],
  },
  {
    name: 'the bookkeeping of the server is left out',
    before: pod({}, { resourceVersion: '1', managedFields: [{ manager: 'a' }] }),
    after: pod({}, { resourceVersion: '2', managedFields: [{ manager: 'b' }], generation: 2 }),
    expected: [{ op: 'add', path: '.metadata.generation', to: 2 }],
  },
  {
    name: 'a field named as something every JavaScript object has',
    before: pod({ constructor: 1 }),
    after: pod({ toString: 1 }),
    expected: [
      { op: 'remove', path: '.spec.constructor', from: 1 },
      { op: 'add', path: '.spec.toString', to: 1 },
    ],
  },
];

describe('changes of an object', () => {
  for (const { name, before, after, expected } of CASES) {
    it(`show ${name}`, () => assert.deepEqual(changes(before, after), expected));
  }

  it('are by place in lists of a type nothing is known of', () => {
    const object = (list: object[]): AnyObject => ({ metadata: { name: 'a' }, items: list });
    assert.deepEqual(changes(object([{ name: 'x', a: 1 }]), object([{ name: 'x', a: 2 }]), untyped), [
      { op: 'replace', path: '.items[0].a', from: 1, to: 2 },
    ]);
  });

  it('make the old content into the new one', () => {
    fc.assert(
      fc.property(anyPod, anyPod, (before, after) => {
        const made = applied(before, changes(before, after));
        assert.deepEqual(inOrder(made), inOrder(after));
        assert.deepEqual(changes(after, after), []);
      }),
    );
  });

  it('are the reverse of the way back, path for path where nothing has a place', () => {
    fc.assert(
      fc.property(anyPod, anyPod, (before, after) => {
        const named = (all: FieldChange[]) => all.map(({ path }) => path).filter((path) => !/\[\d+\]/.test(path));
        assert.deepEqual(named(changes(before, after)).toSorted(), named(changes(after, before)).toSorted());
      }),
    );
  });
});

const word = fc.constantFrom('a', 'b', 'c', 'x/y', '80');
const value = fc.oneof(word, fc.integer(), fc.constant(null));
const anyContainer = fc.record(
  { name: word, image: value, args: fc.array(word, { maxLength: 5 }), env: fc.dictionary(word, value) },
  { requiredKeys: ['name'] },
);
const anyPod = fc
  .record({
    labels: fc.dictionary(word, word),
    finalizers: fc.uniqueArray(word),
    containers: fc.uniqueArray(anyContainer, { selector: ({ name }) => name, maxLength: 4 }),
  })
  .map(({ labels, finalizers, containers }) => pod({ containers }, { labels, finalizers }));

/** Lists that merge have no order that paths could tell. */
function inOrder(object: AnyObject): unknown {
  const { metadata, spec } = structuredClone(object) as AnyObject & { spec: { containers: { name: string }[] } };
  spec.containers.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { ...metadata, finalizers: metadata.finalizers?.toSorted(), spec };
}

/** Carries changes out, one after the other. */
function applied(before: AnyObject, all: readonly FieldChange[]): AnyObject {
  const object = structuredClone(before);
  for (const change of all) {
    const steps = stepsOf(change.path);
    let at: Json = object as unknown as Json;
    for (const step of steps.slice(0, -1)) at = member(at, step);
    put(at, steps.at(-1) as Step, change);
  }
  return object;
}

type Step = { key: string } | { place: number } | { item: (item: Json) => boolean };

function stepsOf(path: string): Step[] {
  const parts = path.match(/\.\w+|\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\]/g) ?? [];
  assert.equal(parts.join(''), path);
  return parts.map((part) => {
    const inner = part.slice(1, -1);
    if (part.startsWith('.')) return { key: part.slice(1) };
    if (inner.startsWith('"')) return { key: JSON.parse(inner) as string };
    if (/^\d+$/.test(inner)) return { place: Number(inner) };
    const value = inner.slice(inner.indexOf('=') + 1);
    const wanted = value.startsWith('"') ? (JSON.parse(value) as string) : value;
    return { item: (item) => (isObject(item) ? item.name : item) === wanted };
  });
}

const placeOf = (list: Json[], step: Step): number =>
  'place' in step ? step.place : 'item' in step ? list.findIndex(step.item) : assert.fail('a list has no members');

function member(at: Json, step: Step): Json {
  if (Array.isArray(at)) return at[placeOf(at, step)] as Json;
  assert('key' in step);
  return (at as JsonObject)[step.key] as Json;
}

function put(at: Json, step: Step, change: FieldChange): void {
  const to = structuredClone('to' in change ? change.to : null);
  if (!Array.isArray(at)) {
    assert('key' in step);
    if (change.op === 'remove') delete (at as JsonObject)[step.key];
    else (at as JsonObject)[step.key] = to;
  } else if (change.op === 'add') at.splice('place' in step ? step.place : at.length, 0, to);
  else at.splice(placeOf(at, step), 1, ...(change.op === 'remove' ? [] : [to]));
}
