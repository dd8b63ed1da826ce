import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countIndexes, overlap } from '../../src/api/batch/indexes.ts';
import { isTimeZone } from '../../src/api/batch/time-zone.ts';

const COUNTS: readonly [text: string, total: number, problem?: RegExp][] = [
  ['', 0],
  ['0', 1],
  ['0,2-4', 4],
  ['3-1', 0, /non-increasing/],
  ['1,1', 0, /non-increasing/],
  ['1-2-3', 0, /at most two parts/],
  ['x', 0, /cannot convert/],
  ['5', 0, /too large/],
];

for (const [text, total, problem] of COUNTS) {
  test(`indexes "${text}" of 5 completions`, () => {
    const count = countIndexes(text, 5);
    assert.equal(count.total, total);
    if (problem) assert.match(count.problem ?? '', problem);
    else assert.equal(count.problem, undefined);
  });
}

test('the first index in both of two sets is found, parts that cannot be read passed over', () => {
  assert.equal(overlap('0,2-4', '3', 5), 3);
  assert.equal(overlap('0-1', '2,x', 5), undefined);
});

test('time zones have one spelling, and offsets are none', () => {
  assert.deepEqual(['Europe/Berlin', 'UTC', 'europe/berlin', 'Nope/Zone', '+01:00'].map(isTimeZone), [
    true,
    true,
    false,
    false,
    false,
  ]);
});
