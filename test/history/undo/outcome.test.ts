// What one object should be when revisions are undone, and what stands in the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changesBetween } from '../../../src/apimachinery/changes.ts';
import type { AnyObject } from '../../../src/apimachinery/meta.ts';
import { isByIntent } from '../../../src/history/actors.ts';
import type { Revision } from '../../../src/history/types.ts';
import { foldDeletions } from '../../../src/history/undo/deletions.ts';
import { between, outcomeOf } from '../../../src/history/undo/outcome.ts';
import { deletionBegun, replaced, revision } from '../revisions.ts';

const web = (uid: string, fields: Record<string, unknown> = {}): AnyObject => ({
  apiVersion: 'v1',
  kind: 'T',
  metadata: { name: 'web', uid, resourceVersion: '99' },
  ...fields,
});

const KUBE = 'system:serviceaccount:kube-system:deployment-controller';

/** The outcome when the revisions numbered in `undone` are undone. */
function outcome(
  undone: readonly number[],
  revisions: readonly Revision[],
  { current, before, force }: { current?: AnyObject; before?: AnyObject; force?: boolean } = {},
) {
  return outcomeOf({
    current,
    revisions: foldDeletions(revisions),
    undone: ({ resourceVersion }) => undone.includes(Number(resourceVersion)),
    contentBefore: () => before,
    ...(force ? { force } : {}),
  });
}

test('a change is taken back', () => {
  const revisions = [
    revision(3, KUBE, { changes: [replaced('.status.n', 1, 2)] }),
    revision(2, 'mallory', { changes: [replaced('.spec.image', 'good', 'bad')] }),
    revision(1, 'alice', { operation: 'create' }),
  ];
  const result = outcome([2], revisions, { current: web('u1', { spec: { image: 'bad' }, status: { n: 2 } }) });
  assert.equal(result.action, 'update');
  assert.deepEqual(
    result.action === 'update' && result.object,
    web('u1', { spec: { image: 'good' }, status: { n: 2 } }),
  );
  assert.deepEqual(result.action === 'update' && result.changes, [replaced('.spec.image', 'bad', 'good')]);
});

test('a field that another changed since stays, and is told with who did it', () => {
  const revisions = [
    revision(3, 'bob', { changes: [replaced('.spec.image', 'bad', 'worse')] }),
    revision(2, 'mallory', { changes: [replaced('.spec.image', 'good', 'bad'), replaced('.spec.n', 1, 2)] }),
  ];
  const current = web('u1', { spec: { image: 'worse', n: 2 } });
  const result = outcome([2], revisions, { current });
  assert.deepEqual(result.action === 'update' && result.object.spec, { image: 'worse', n: 1 });
  assert.deepEqual(
    result.conflicts.map(({ path, by }) => [path, by?.user]),
    [['.spec.image', 'bob']],
  );
  const forced = outcome([2], revisions, { current, force: true });
  assert.deepEqual(forced.action === 'update' && forced.object.spec, { image: 'good', n: 1 });
});

test('an item of a list, where another changed the list since', () => {
  const revisions = [
    revision(3, 'bob', { changes: [{ op: 'add', path: '.args[0]', to: 'x' }] }),
    revision(2, 'mallory', { changes: [{ op: 'remove', path: '.args[0]', from: 'a' }] }),
  ];
  const result = outcome([2], revisions, { current: web('u1', { args: ['x', 'b'] }) });
  assert.deepEqual([result.action, result.conflicts[0]?.by?.user], ['none', 'bob']);
});

test('a field that another set to the same since is that one’s', () => {
  const revisions = [
    revision(4, 'bob', { changes: [replaced('.n', 2, 1)] }),
    revision(3, 'bob', { changes: [replaced('.n', 1, 2)] }),
    revision(2, 'mallory', { changes: [replaced('.n', 0, 1)] }),
  ];
  const result = outcome([2], revisions, { current: web('u1', { n: 1 }) });
  assert.deepEqual([result.action, result.conflicts[0]?.by?.resourceVersion], ['none', '4']);
});

const writes = fc.array(
  fc.record({
    user: fc.constantFrom('alice', 'eve'),
    key: fc.constantFrom('a', 'b'),
    value: fc.option(fc.integer({ min: 0, max: 2 })),
  }),
  { maxLength: 10 },
);
test('when all of one are undone, each field is what the last of the others made it, or what it was at first', () => {
  fc.assert(
    fc.property(writes, (all) => {
      let state: Record<string, number> = { a: 0 };
      const revisions: Revision[] = [];
      const expected: Record<string, number> = { ...state };
      for (const [i, { user, key, value }] of all.entries()) {
        const { [key]: _from, ...rest } = state;
        const next = value === null ? rest : { ...rest, [key]: value };
        const changes = changesBetween(web('u1', { data: state }), web('u1', { data: next }), { kind: 'deduced' });
        // What changes nothing is no revision, and so nobody's word.
        if (changes.length === 0) continue;
        if (user === 'alice') {
          delete expected[key];
          if (value !== null) expected[key] = value;
        }
        revisions.unshift(revision(i + 1, user, { changes }));
        state = next;
      }
      const eves = revisions.filter(({ user }) => user === 'eve').map(({ resourceVersion }) => Number(resourceVersion));
      const current = web('u1', { data: state });
      const result = outcome(eves, revisions, { current });
      const now = result.action === 'update' ? result.object : current;
      assert.deepEqual(now.data, expected);
    }),
  );
});

test('only conflicts: nothing to do, and --force is named', () => {
  const revisions = [revision(2, 'mallory', { changes: [replaced('.spec.image', 'good', 'bad')] })];
  const result = outcome([2], revisions, { current: web('u1', { spec: { image: 'worse' } }) });
  assert.match(result.action === 'none' ? result.reason : '', /--force/);
});

test('an undone deletion creates what was before; graceful deletions are one', () => {
  const before = web('u1', { spec: { n: 1 } });
  for (const revisions of [
    [revision(5, 'alice', { operation: 'delete' })],
    [
      revision(7, KUBE, { operation: 'delete' }),
      revision(6, KUBE, { changes: [replaced('.metadata.finalizers', ['x'], [])] }),
      revision(5, 'alice', { verb: 'delete', changes: [deletionBegun] }),
    ],
  ]) {
    const result = outcome([5], revisions, { before });
    assert.deepEqual(result.action === 'create' && result.object, before);
  }
});

test('an undone creation deletes the life that it began', () => {
  const created = [
    revision(4, KUBE, { changes: [replaced('.spec.n', 1, 2)] }),
    revision(3, 'alice', { operation: 'create' }),
  ];
  const result = outcome([3], created, { current: web('u1') });
  assert.deepEqual(result.action === 'delete' && result.uid, 'u1');
});

test('created and changed and deleted by the same: nothing is left to do', () => {
  const revisions = [
    revision(5, 'alice', { operation: 'delete' }),
    revision(4, 'alice', { changes: [replaced('.spec.n', 1, 2)] }),
    revision(3, 'alice', { operation: 'create' }),
  ];
  const result = outcome([3, 4, 5], revisions, { before: web('u1', { spec: { n: 2 } }) });
  assert.deepEqual(result.action === 'none' && result.reason, 'it is gone already');
});

test('deleted and made anew by the same: the life that is there becomes what was', () => {
  const revisions = [
    revision(6, 'alice', { operation: 'create', uid: 'u2' }),
    revision(5, 'alice', { operation: 'delete' }),
  ];
  const current = { ...web('u2', { spec: { n: 9 } }), metadata: { name: 'web', uid: 'u2', resourceVersion: '6' } };
  const result = outcome([5, 6], revisions, { current, before: web('u1', { spec: { n: 1 } }) });
  assert.equal(result.action, 'update');
  const { object } = result as { object: AnyObject };
  assert.deepEqual([object.spec, object.metadata], [{ n: 1 }, current.metadata]);
});

const REFUSED: readonly [string, number[], Revision[], { current?: AnyObject; before?: AnyObject }, RegExp][] = [
  [
    'what is being deleted still',
    [5],
    [revision(5, 'alice', { verb: 'delete', changes: [deletionBegun] })],
    { current: web('u1') },
    /being deleted still: try again/,
  ],
  [
    'what exists again',
    [5],
    [revision(6, 'bob', { operation: 'create', uid: 'u2' }), revision(5, 'alice', { operation: 'delete' })],
    { current: web('u2'), before: web('u1') },
    /exists again, created by bob at .* \(revision 6\)/,
  ],
  ['what is not kept any more', [5], [revision(5, 'alice', { operation: 'delete' })], {}, /not kept any more/],
  [
    'a change of what was deleted since',
    [4],
    [revision(5, 'bob', { operation: 'delete' }), revision(4, 'alice', { changes: [replaced('.spec.n', 1, 2)] })],
    {},
    /deleted since by bob/,
  ],
  [
    'a change of an earlier life',
    [4],
    [revision(4, 'alice', { changes: [replaced('.spec.n', 1, 2)] })],
    { current: web('u2') },
    /deleted and created anew/,
  ],
  [
    'a creation of an earlier life',
    [4],
    [revision(4, 'alice', { operation: 'create' })],
    { current: web('u2') },
    /deleted and created anew/,
  ],
  [
    'a creation that another built on',
    [3],
    [revision(4, 'bob', { changes: [replaced('.spec.n', 1, 2)] }), revision(3, 'alice', { operation: 'create' })],
    { current: web('u1') },
    /changed since by bob .*--force/,
  ],
];
for (const [what, undone, revisions, options, reason] of REFUSED) {
  test(`${what} is not undone`, () => {
    const result = outcome(undone, revisions, options);
    assert.match(result.action === 'none' ? result.reason : result.action, reason);
  });
}

test('where older changes cannot be undone, the newer ones are, and it is told', () => {
  const revisions = [
    revision(6, 'alice', { operation: 'create', uid: 'u2' }),
    revision(5, 'bob', { operation: 'delete' }),
    revision(4, 'alice', { changes: [replaced('.spec.n', 1, 2)] }),
  ];
  const result = outcome([4, 6], revisions, { current: web('u2') });
  assert.deepEqual([result.action, result.stopped?.startsWith('it was deleted since by bob')], ['delete', true]);
});

test('between two states: nothing, create, delete', () => {
  assert.equal(between(undefined, undefined).action, 'none');
  assert.equal(between(undefined, web('u1')).action, 'create');
  assert.equal(between(web('u1'), undefined).action, 'delete');
  assert.deepEqual(between(web('u1'), web('u1', { status: { n: 1 } })), {
    action: 'none',
    reason: 'it is so already',
    conflicts: [],
  });
});

test('changes by intent are those of people’s, of more than status', () => {
  const spec = [replaced('.spec.n', 1, 2)];
  assert.equal(isByIntent(revision(1, 'alice', { changes: spec })), true);
  assert.equal(isByIntent(revision(1, 'system:serviceaccount:ci:deployer', { changes: spec })), true);
  assert.equal(isByIntent(revision(1, KUBE, { changes: spec })), false);
  assert.equal(isByIntent(revision(1, 'system:node:a', { changes: spec })), false);
  assert.equal(isByIntent(revision(1, 'alice', { changes: [replaced('.status.n', 1, 2)] })), false);
  assert.equal(isByIntent(revision(1, 'alice', { operation: 'create' })), true);
});
