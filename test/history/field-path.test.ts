// Paths of changes are read back as they were written, whatever the keys hold.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../src/apimachinery/meta.ts';
import { parsePath, type Step, steadyPart, valueAt } from '../../src/history/field-path.ts';

const member = (name: string): Step => ({ kind: 'member', name });

const CASES: readonly [string, Step[]][] = [
  ['', []],
  ['.spec.replicas', [member('spec'), member('replicas')]],
  [
    '.metadata.labels["app.kubernetes.io/name"]',
    [member('metadata'), member('labels'), member('app.kubernetes.io/name')],
  ],
  ['.a["x]\\"[y"].b', [member('a'), member('x]"[y'), member('b')]],
  ['.c[name=web].image', [member('c'), { kind: 'keys', keys: { name: 'web' } }, member('image')]],
  ['.p[containerPort=80,protocol=TCP]', [member('p'), { kind: 'keys', keys: { containerPort: 80, protocol: 'TCP' } }]],
  ['.p[key="80",value="a,b]"]', [member('p'), { kind: 'keys', keys: { key: '80', value: 'a,b]' } }]],
  [
    '.e[key="node.kubernetes.io/x",on=true]',
    [member('e'), { kind: 'keys', keys: { key: 'node.kubernetes.io/x', on: true } }],
  ],
  ['.f[="x/y"]', [member('f'), { kind: 'value', value: 'x/y' }]],
  ['.f[=5]', [member('f'), { kind: 'value', value: 5 }]],
  ['.args[10][0]', [member('args'), { kind: 'index', index: 10 }, { kind: 'index', index: 0 }]],
];

for (const [path, steps] of CASES) {
  test(`${path || 'the empty path'} is read`, () => assert.deepEqual(parsePath(path), steps));
}

for (const path of ['spec', '.a[', '.a[]', '.a["x]', '.a[=x]', '.a[b]', '.a[b=1,,c=2]', '..a']) {
  test(`${path} is refused`, () => assert.throws(() => parsePath(path), SyntaxError));
}

test('any key in quotes comes back', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (key, value) => {
      const path = `.m[${JSON.stringify(key)}].l[name=${JSON.stringify(value)}]`;
      assert.deepEqual(parsePath(path), [
        member('m'),
        member(key),
        member('l'),
        { kind: 'keys', keys: { name: value } },
      ]);
    }),
  );
});

test('values are found by member, place, keys and value; a key left out counts as its default', () => {
  const object: Json = { ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }], names: ['a', 'b'], 'x/y': { z: null } };
  const at = (path: string) => valueAt(object, parsePath(path));
  assert.deepEqual(at('.ports[port=53,protocol=UDP]'), { port: 53, protocol: 'UDP' });
  assert.deepEqual(at('.ports[port=80,protocol=TCP]'), { port: 80 });
  assert.equal(at('.ports[port=53,protocol=TCP]'), undefined);
  assert.equal(at('.names[="b"]'), 'b');
  assert.equal(at('.names[1]'), 'b');
  assert.equal(at('.names[2]'), undefined);
  assert.equal(at('["x/y"].z'), null);
  assert.equal(at('.names.length'), undefined);
});

test('the part of a path that stays right when lists move', () => {
  for (const [path, part] of [
    ['.a.b', '.a.b'],
    ['.a[0]', '.a'],
    ['.a[name=x].b[2].c[1]', '.a[name=x].b'],
    ['.a["x[0]"].b', '.a["x[0]"].b'],
  ] as const) {
    assert.equal(steadyPart(path), part);
  }
});
