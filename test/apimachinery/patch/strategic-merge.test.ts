import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { builtinSchema } from '../../../src/api/index.ts';
import type { Json, JsonObject } from '../../../src/apimachinery/meta.ts';
import { applyStrategicMergePatch } from '../../../src/apimachinery/patch/strategic-merge.ts';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import { deepFreeze } from '../../../src/apimachinery/value.ts';

const schema = builtinSchema.type('io.k8s.api.core.v1.Pod');
const live = deepFreeze({
  metadata: { finalizers: ['a', 'b'], labels: { x: '1', y: '2' } },
  spec: {
    containers: [
      { name: 'c', image: 'c', args: ['1'], ports: [{ containerPort: 80, name: 'http' }] },
      { name: 'd', image: 'd' },
    ],
    nodeSelector: { a: '1' },
    tolerations: [{ key: 't' }],
    securityContext: { runAsUser: 1, fsGroup: 2 },
  },
}) as JsonObject;
type Part = Record<string, Json>;
const patched = (patch: JsonObject) => applyStrategicMergePatch(live, deepFreeze(patch), schema, builtinSchema);
const spec = (patch: Part): Part => patched({ spec: patch }).spec as Part;
const metadata = (patch: Part): Part => patched({ metadata: patch }).metadata as Part;
const names = (list: Json | undefined): Json[] => (list as Part[]).map((item) => item.name as Json);

describe('strategic merge patch', () => {
  it('merges list items by their merge key, in the order of the patch', () => {
    const { containers } = spec({
      containers: [
        { name: 'e', image: 'e' },
        { name: 'd', image: 'new' },
      ],
    });
    assert.deepEqual(containers, [
      { name: 'e', image: 'e' },
      { name: 'c', image: 'c', args: ['1'], ports: [{ containerPort: 80, name: 'http' }] },
      { name: 'd', image: 'new' },
    ]);
  });

  it('replaces lists without a merge strategy', () => {
    assert.deepEqual(spec({ tolerations: [{ key: 'u' }] }).tolerations, [{ key: 'u' }]);
  });

  it('unites lists of scalars that merge', () => {
    assert.deepEqual(metadata({ finalizers: ['c', 'a'] }).finalizers, ['c', 'a', 'b']);
  });

  it('removes what is null', () => {
    assert.deepEqual(metadata({ labels: { x: null } }).labels, { y: '2' });
    assert.deepEqual(spec({ affinity: { nodeAffinity: null } }).affinity, {});
  });

  it('$patch: delete takes an item out, and empties a map', () => {
    assert.deepEqual(names(spec({ containers: [{ name: 'c', $patch: 'delete' }] }).containers), ['d']);
    assert.deepEqual(spec({ nodeSelector: { $patch: 'delete' } }).nodeSelector, {});
  });

  it('$patch: replace replaces a map or a list', () => {
    assert.deepEqual(spec({ securityContext: { $patch: 'replace', fsGroup: 3 } }).securityContext, { fsGroup: 3 });
    assert.deepEqual(spec({ containers: [{ $patch: 'replace' }, { name: 'z' }] }).containers, [{ name: 'z' }]);
  });

  it('directives in what is new leave no trace', () => {
    const { initContainers } = spec({
      initContainers: [
        { name: 'i', $patch: 'delete' },
        { name: 'j', image: null },
      ],
    });
    assert.deepEqual(initContainers, [{ name: 'j' }]);
  });

  it('$deleteFromPrimitiveList takes values out', () => {
    assert.deepEqual(metadata({ '$deleteFromPrimitiveList/finalizers': ['a', 'z'] }).finalizers, ['b']);
    assert.deepEqual(metadata({ '$deleteFromPrimitiveList/bogus': ['a'] }), live.metadata);
  });

  it('$setElementOrder orders, with and without changes', () => {
    assert.deepEqual(metadata({ '$setElementOrder/finalizers': ['b', 'a'] }).finalizers, ['b', 'a']);
    const order = [{ name: 'd' }, { name: 'e' }, { name: 'c' }];
    const { containers } = spec({ '$setElementOrder/containers': order, containers: [{ name: 'e' }] });
    assert.deepEqual(names(containers), ['d', 'e', 'c']);
  });

  it('$retainKeys clears what it does not name', () => {
    assert.deepEqual(spec({ securityContext: { $retainKeys: ['fsGroup'], fsGroup: 5 } }).securityContext, {
      fsGroup: 5,
    });
  });

  const wrong: [part: Part, code: number, words: string][] = [
    [{ containers: [{ image: 'x' }] }, 500, 'map: map[image:x] does not contain declared merge key: name'],
    [
      { containers: [{ name: 'c', $patch: 'bogus' }] },
      500,
      'unknown patch type: bogus in map: map[$patch:bogus name:c]',
    ],
    [{ containers: [{ name: 'c', $patch: 'merge' }] }, 500, 'merging lists cannot yet be specified in the patch'],
    [{ nodeSelector: { $patch: 'merge', z: '1' } }, 500, 'unknown patch type: merge in map: map[$patch:merge z:1]'],
    [{ containers: [{ $patch: 'delete' }] }, 500, 'map: map[$patch:delete] does not contain declared merge key: name'],
    [{ containers: ['c'] }, 500, 'list element types are not identical'],
    [{ '$setElementOrder/containers': [{ image: 'x' }] }, 500, 'does not contain declared merge key: name'],
    [
      { '$setElementOrder/containers': [{ name: 'c' }], containers: [{ name: 'd' }] },
      500,
      "doesn't match $setElementOrder list",
    ],
    [{ securityContext: { $retainKeys: ['a'], fsGroup: 1 } }, 400, 'invalid patch format of retainKeys'],
    [{ containers: [['c']] }, 500, 'list element types are not identical'],
    [{ '$setElementOrder/hostname': [] }, 500, 'expected slice or array type'],
    [{ '$setElementOrder/tolerations': [], tolerations: [{ key: 'a' }] }, 500, 'without merge key'],
  ];
  for (const [part, code, words] of wrong) {
    it(`answers ${code} to ${JSON.stringify(part)}`, () => {
      assert.throws(
        () => spec(part),
        (error) => error instanceof StatusError && error.code === code && error.message.includes(words),
      );
    });
  }
});
