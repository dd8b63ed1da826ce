import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatQuantity } from '../../../src/apimachinery/quantity.ts';
import {
  DEFAULT_EVICTION_HARD,
  quantityOfValue,
  type ThresholdSettings,
  thresholdsOf,
} from '../../../src/kubelet/eviction/thresholds.ts';

describe('thresholds of evictions', () => {
  test("upstream's defaults, with the memory of pods beside that of the node", () => {
    const found = thresholdsOf({ hard: DEFAULT_EVICTION_HARD });
    assert.deepEqual(
      found.map(({ signal, value, graceMs }) => [signal, formatQuantity(quantityOfValue(value, 1000)), graceMs]),
      [
        ['memory.available', '100Mi', 0],
        ['nodefs.available', '100', 0],
        ['nodefs.inodesFree', '50', 0],
        ['imagefs.available', '150', 0],
        ['imagefs.inodesFree', '50', 0],
        ['allocatableMemory.available', '100Mi', 0],
      ],
    );
  });

  test('soft ones have a grace, and any of them a least reclaim', () => {
    const [soft] = thresholdsOf({
      hard: {},
      soft: { 'nodefs.available': '20%' },
      softGraceMs: { 'nodefs.available': 90_000 },
      minReclaim: { 'nodefs.available': '1Gi' },
    });
    assert.equal(soft?.graceMs, 90_000);
    assert.equal(soft?.minReclaim && formatQuantity(quantityOfValue(soft.minReclaim, 1)), '1Gi');
  });

  test('0%, 100% and what follows from others are none', () => {
    const hard = { 'nodefs.available': '0%', 'imagefs.available': '100%', 'containerfs.available': '5%' };
    assert.deepEqual(thresholdsOf({ hard }), []);
  });

  const wrong: Record<string, [ThresholdSettings, RegExp]> = {
    'an unknown signal': [{ hard: { 'swap.available': '1Gi' } }, /unsupported eviction signal swap\.available/],
    'a grace of an unknown signal': [{ hard: {}, softGraceMs: { x: 1 } }, /unsupported eviction signal x/],
    'a soft one without grace': [
      { hard: {}, soft: { 'memory.available': '1Gi' } },
      /grace period must be specified for the soft eviction threshold memory\.available/,
    ],
    'more than all': [{ hard: { 'nodefs.available': '110%' } }, /nodefs\.available must be <= 100%: 110%/],
    'less than nothing': [{ hard: { 'nodefs.available': '-1%' } }, /nodefs\.available must be >= 0%: -1%/],
    'a negative amount': [{ hard: { 'memory.available': '-1Mi' } }, /memory\.available must be positive: -1Mi/],
    'no number': [{ hard: { 'memory.available': 'x%' } }, /x% is no percentage/],
    'a reclaim of nothing': [{ hard: {}, minReclaim: { 'pid.available': '0%' } }, /minimum reclaim pid\.available/],
    'a negative reclaim': [{ hard: {}, minReclaim: { 'pid.available': '-5' } }, /negative eviction minimum reclaim/],
  };
  for (const [what, [settings, message]] of Object.entries(wrong)) {
    test(`${what} is refused`, () => assert.throws(() => thresholdsOf(settings), { message }));
  }
});
