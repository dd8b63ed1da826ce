// Keys in byte order, whatever the order they came and went in, and whenever they were asked for meanwhile.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compareKeys } from '../../src/storage/keys.ts';
import { SortedKeys } from '../../src/storage/sorted-keys.ts';
import { holds } from '../support/property.ts';

const END = '\u{10ffff}';

describe('the keys of a resource', () => {
  test('are a sorted set', async (t) => {
    const key = fc.constantFrom(...'abcdefgh', '\ue000', '\u{10000}').map((name) => `/core/pods/${name}`);
    const step = fc.record({ key, does: fc.constantFrom('add', 'delete', 'range', 'count') });
    await holds(t, { runs: 200, arbitrary: fc.array(step, { maxLength: 60 }) }, async (steps) => {
      const keys = new SortedKeys();
      const model = new Set<string>();
      for (const { key, does } of steps) {
        const inOrder = [...model].sort(compareKeys).filter((known) => compareKeys(known, key) >= 0);
        if (does === 'range') assert.deepEqual([...keys.range(key, END)], inOrder);
        else if (does === 'count') assert.equal(keys.count(key, END), inOrder.length);
        else if (does === 'delete') {
          keys.delete(key);
          model.delete(key);
        } else if (!model.has(key)) {
          keys.add(key);
          model.add(key);
        }
      }
    });
  });

  test('are split into chunks and found across them', () => {
    const keys = new SortedKeys();
    const names = Array.from({ length: 5000 }, (_, i) => `/core/pods/${String((i * 7919) % 5000).padStart(4, '0')}`);
    for (const [i, name] of names.entries()) {
      keys.add(name);
      if (i % 700 === 0) keys.count(name, END);
    }
    assert.deepEqual([...keys.range('', END)], names.toSorted());
    for (const name of names.slice(0, 4000)) keys.delete(name);
    assert.deepEqual([...keys.range('', END)], names.slice(4000).toSorted());
    assert.equal(
      keys.count('', '/core/pods/2500'),
      names.slice(4000).filter((name) => name < '/core/pods/2500').length,
    );
  });
});
