// Which snapshots are given up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoundSnapshot } from '../../../src/storage/snapshots/folder.ts';
import type { How, Manifest } from '../../../src/storage/snapshots/manifest.ts';
import { type PruneRule, toPrune } from '../../../src/storage/snapshots/prune.ts';
import { NOW } from './snapshot.ts';

const DAY = 86_400_000;
const found = (name: string, days: number, how: How = 'schedule'): FoundSnapshot => ({
  name,
  folder: `/s/${name}`,
  manifest: { name, how, time: new Date(NOW - days * DAY).toISOString() } as Manifest,
  problem: undefined,
});
const broken: FoundSnapshot = { name: 'x', folder: '/s/x', manifest: undefined, problem: 'cut short' };
const ALL = [
  found('new', 0, 'manual'),
  found('s1', 1),
  found('s2', 2),
  found('m9', 9, 'manual'),
  found('s9', 9.5),
  broken,
];

for (const [what, rule, gone] of [
  ['as many of the newest as are kept', { keep: 2 }, ['s9', 'm9', 's2']],
  ['more than there are', { keep: 9 }, []],
  ['those that are older', { olderThan: 5 * DAY }, ['s9', 'm9']],
  ['older ones beyond those that are kept', { keep: 4, olderThan: 5 * DAY }, ['s9']],
  ['scheduled ones only', { keep: 1, how: 'schedule' }, ['s9', 's2']],
  ['all that is old but the newest', { olderThan: 0 }, ['s9', 'm9', 's2', 's1']],
  ['never the last one', { keep: 0, olderThan: 0, how: 'manual' }, ['m9']],
] as const satisfies readonly (readonly [string, PruneRule, readonly string[]])[]) {
  test(`prune: ${what}`, () => {
    const names = toPrune(ALL, rule, NOW).map(({ name }) => name);
    assert.deepEqual(names, gone);
  });
}

test('prune: what cannot be used is neither kept nor removed', () => {
  assert.deepEqual(toPrune([broken, found('old', 100)], { keep: 1 }, NOW), []);
});
