import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '../../../src/apimachinery/meta.ts';
import { applyJsonPatch, type JsonPatchOperation, readJsonPatch } from '../../../src/apimachinery/patch/json-patch.ts';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import { deepFreeze } from '../../../src/apimachinery/value.ts';

const document = deepFreeze({ data: { x: '1', n: null }, list: ['a', 'b', 'c'], 'a/b': { 'm~n': 1 } }) as Json;
const code = (run: () => unknown): number => {
  try {
    run();
  } catch (error) {
    assert(error instanceof StatusError);
    return error.code;
  }
  return 200;
};

describe('JSON patch', () => {
  const works: [operation: JsonPatchOperation, changed: object][] = [
    [{ op: 'add', path: '/data/z', value: 9 }, { data: { x: '1', n: null, z: 9 } }],
    [{ op: 'add', path: '/list/-', value: 'd' }, { list: ['a', 'b', 'c', 'd'] }],
    [{ op: 'add', path: '/list/0', value: 'd' }, { list: ['d', 'a', 'b', 'c'] }],
    [{ op: 'add', path: '/list/-1', value: 'd' }, { list: ['a', 'b', 'c', 'd'] }],
    [{ op: 'remove', path: '/list/-3' }, { list: ['b', 'c'] }],
    [{ op: 'replace', path: '/list/+1', value: 'd' }, { list: ['a', 'd', 'c'] }],
    [{ op: 'replace', path: '/data/missing', value: 1 }, { data: { x: '1', n: null, missing: 1 } }],
    [{ op: 'replace', path: '/data/x' }, { data: { x: null, n: null } }],
    [
      { op: 'move', from: '/data/x', path: '/y' },
      { data: { n: null }, y: '1' },
    ],
    [{ op: 'copy', from: '/data/missing', path: '/y' }, { y: null }],
    [{ op: 'test', path: '/data/n', value: null }, {}],
    [{ op: 'test', path: '/data/missing', value: null }, {}],
    [{ op: 'test', path: '/data', value: { n: null, x: '1' } }, {}],
    [{ op: 'replace', path: '/a~1b/m~0n', value: 2 }, { 'a/b': { 'm~n': 2 } }],
    // What stands before the first slash is ignored.
    [{ op: 'add', path: 'data/z', value: 1 }, { z: 1 }],
  ];
  for (const [operation, changed] of works) {
    it(`does ${JSON.stringify(operation)}`, () =>
      assert.deepEqual(applyJsonPatch(document, [operation]), { ...(document as object), ...changed }));
  }

  const fails: JsonPatchOperation[] = [
    { op: 'add', path: '', value: {} },
    { op: 'add', path: '/none/z', value: 1 },
    { op: 'add', path: '/list/4', value: 1 },
    { op: 'add', path: '/list/-9', value: 1 },
    { op: 'add', path: '/data/x/y', value: 1 },
    { op: 'remove', path: '/data/missing' },
    { op: 'remove', path: '/list/3' },
    { op: 'replace', path: '/list/x', value: 1 },
    { op: 'replace', path: '/list/1.0', value: 1 },
    { op: 'move', from: '/data/missing', path: '/y' },
    { op: 'test', path: '/data/x', value: '2' },
    { op: 'test', path: '/data/x' },
    { op: 'merge', path: '/data/x' },
    { path: '/data/x' },
  ];
  for (const operation of fails) {
    it(`answers 422 to ${JSON.stringify(operation)}`, () =>
      assert.equal(
        code(() => applyJsonPatch(document, [operation])),
        422,
      ));
  }

  it('replaces the root', () => {
    assert.deepEqual(applyJsonPatch(document, [{ op: 'replace', path: '', value: { a: 1 } }]), { a: 1 });
  });

  it('is read from a body, with unknown fields reported', () => {
    assert.deepEqual(readJsonPatch(null).operations, []);
    const { problems } = readJsonPatch([{ op: 'add', path: '/a', value: 1, extra: 1 }]);
    assert.deepEqual(problems, ['json patch unknown field "[0].extra"']);
    assert.equal(
      code(() => readJsonPatch({})),
      400,
    );
    assert.equal(
      code(() => readJsonPatch([{ op: 'add', path: 5 }])),
      400,
    );
    assert.equal(
      code(() => readJsonPatch(Array(10_001).fill({ op: 'test', path: '' }))),
      413,
    );
  });

  it('refuses to copy an object into itself without end', () => {
    const doubling = Array(200).fill({ op: 'copy', from: '/data', path: '/data/again' });
    assert.equal(
      code(() => applyJsonPatch({ data: { x: 'x'.repeat(1000) } }, doubling)),
      422,
    );
  });
});

it('tells what does not apply in the words of evanphx/json-patch, in the cause', () => {
  const document = { list: ['a'], map: { b: 'c' } };
  const why = (operation: JsonPatchOperation): string => {
    try {
      applyJsonPatch(document, [operation]);
    } catch (error) {
      return ((error as Error).cause as Error).message;
    }
    return assert.fail('it applied');
  };
  const cases: [JsonPatchOperation, string][] = [
    [
      { op: 'add', path: '/none/x', value: 1 },
      'add operation does not apply: doc is missing path: "/none/x": missing value',
    ],
    [
      { op: 'add', path: '/list/9', value: 1 },
      "error in add for path: '/list/9': Unable to access invalid index: 9: invalid index referenced",
    ],
    [
      { op: 'add', path: '/list/9/x', value: 1 },
      'add operation does not apply: doc is missing path: "/list/9/x": missing value',
    ],
    [
      { op: 'remove', path: '/map/x' },
      "error in remove for path: '/map/x': Unable to remove nonexistent key: x: missing value",
    ],
    [
      { op: 'replace', path: '/list/x/y', value: 1 },
      'replace operation does not apply: doc is missing path: /list/x/y: missing value',
    ],
    [
      { op: 'move', from: '/none/x', path: '/y' },
      'move operation does not apply: doc is missing from path: /none/x: missing value',
    ],
    [
      { op: 'copy', from: '/map/b', path: '/none/y' },
      'copy operation does not apply: doc is missing destination path: /none/y: missing value',
    ],
    [
      { op: 'test', path: '/none/x', value: 1 },
      'test operation does not apply: is missing path: /none/x: missing value',
    ],
    [{ op: 'test', path: '/map/b', value: 'd' }, 'testing value /map/b failed: test failed'],
  ];
  for (const [operation, message] of cases) assert.equal(why(operation), message);
});
