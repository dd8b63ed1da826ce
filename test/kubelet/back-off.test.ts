// Durations in the words of events and statuses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSeconds } from '../../src/kubelet/back-off.ts';

for (const [ms, expected] of [
  [0, '0s'],
  [255.41, '255ms'],
  [1_000, '1s'],
  [1_234.9, '1.234s'],
  [10_000, '10s'],
  [62_500, '1m2.5s'],
  [300_000, '5m0s'],
  [3_723_000, '1h2m3s'],
] as const) {
  test(`${ms} ms are ${expected}`, () => assert.equal(formatSeconds(ms), expected));
}
