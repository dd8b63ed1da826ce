import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressRange } from '../../src/apiserver/allocators/address-range.ts';
import { createPortAllocator } from '../../src/apiserver/allocators/port-allocator.ts';

test('each address of a range comes once, from a random place on, without network and broadcast', () => {
  const { base, candidates } = addressRange('10.0.0.0/29');
  assert.equal(base, '10.0.0.0');
  assert.deepEqual(
    [...candidates(() => 0)],
    [1, 2, 3, 4, 5, 6].map((n) => `10.0.0.${n}`),
  );
  assert.deepEqual([...candidates(() => 0.5)].slice(0, 3), ['10.0.0.4', '10.0.0.5', '10.0.0.6']);
  assert.deepEqual([...addressRange('10.0.0.4/32').candidates(() => 0)], []);
});

test('the lower part of the range comes last, and is left for chosen addresses', () => {
  const order = [...addressRange('10.43.0.0/16').candidates(() => 0)];
  assert.deepEqual([order[0], order.at(-1), order.length], ['10.43.1.1', '10.43.1.0', 2 ** 16 - 2]);
});

test('ports are given out once and can be chosen', () => {
  const allocator = createPortAllocator('30000-30002', () => 0);
  assert.equal(allocator.allocate(30001), 'ok');
  assert.equal(allocator.allocate(30001), 'taken');
  assert.equal(allocator.allocate(80), 'outside');
  assert.deepEqual([allocator.allocateNext(), allocator.allocateNext()], [30000, 30002]);
  assert.equal(allocator.allocateNext(), undefined);
  allocator.release(30001);
  assert.equal(allocator.allocateNext(), 30001);
});
