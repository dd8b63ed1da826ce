import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIpAllocator, firstAddress } from '../../src/apiserver/allocators/ip-allocator.ts';
import { createPortAllocator } from '../../src/apiserver/allocators/port-allocator.ts';

test('addresses are given out once, until the range is full', () => {
  const allocator = createIpAllocator('10.0.0.0/29', () => 0);
  const taken = new Set(Array.from({ length: 6 }, () => allocator.allocateNext()));
  assert.deepEqual([...taken].sort(), ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
  assert.equal(allocator.allocateNext(), undefined);
  allocator.release('10.0.0.3');
  assert.equal(allocator.allocateNext(), '10.0.0.3');
});

test('a chosen address must be free and inside; network and broadcast are outside', () => {
  const allocator = createIpAllocator('10.43.0.0/16', () => 0);
  assert.equal(allocator.allocate('10.43.0.10'), 'ok');
  assert.equal(allocator.allocate('10.43.0.10'), 'taken');
  for (const outside of ['10.43.0.0', '10.43.255.255', '10.44.0.1', 'x']) {
    assert.equal(allocator.allocate(outside), 'outside');
  }
});

test('the lower part of the range is left for chosen addresses', () => {
  assert.equal(createIpAllocator('10.43.0.0/16', () => 0).allocateNext(), '10.43.1.1');
  assert.equal(firstAddress('10.43.0.0/16'), '10.43.0.1');
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
