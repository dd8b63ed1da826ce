// Memory is given back once after each burst, and not while there is work or nothing to gain.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryReturn, type Heap } from '../src/memory.ts';
import { fakeClock } from './support/fake-clock.ts';

const MB = 2 ** 20;

async function started() {
  let collected: () => void = () => undefined;
  const heap = { resident: 200 * MB, used: 30 * MB, releases: 0, listening: false };
  const clock = fakeClock();
  const component = createMemoryReturn({
    clock,
    heap: {
      onCollected(listener) {
        collected = listener;
        heap.listening = true;
        return () => {
          heap.listening = false;
        };
      },
      residentBytes: () => heap.resident,
      usedBytes: () => heap.used,
      async release() {
        heap.releases += 1;
        heap.resident = 150 * MB;
      },
    } satisfies Heap,
  });
  await component.start();
  return { heap, clock, component, collect: () => collected() };
}

test('what the start took is given back when it is over', async () => {
  const { heap, clock } = await started();
  await clock.advance(4_999);
  assert.equal(heap.releases, 0);
  await clock.advance(1);
  assert.equal(heap.releases, 1);
});

test('while garbage is collected there is work, and nothing is done', async () => {
  const { heap, clock, collect } = await started();
  for (let second = 0; second < 60; second += 1) {
    await clock.advance(1_000);
    collect();
  }
  assert.equal(heap.releases, 0);
  await clock.advance(5_000);
  assert.equal(heap.releases, 1);
});

test('only a growth that is worth a pause brings another, and only in a heap where it is short', async () => {
  const { heap, clock, collect } = await started();
  await clock.advance(5_000);
  const burst = async (resident: number, used: number) => {
    heap.resident = resident;
    heap.used = used;
    collect();
    await clock.advance(5_000);
    return heap.releases;
  };
  assert.equal(await burst(157 * MB, 30 * MB), 1);
  assert.equal(await burst(170 * MB, 30 * MB), 2);
  assert.equal(await burst(400 * MB, 200 * MB), 2);
});

test('after a stop nothing is listened to or waited for', async () => {
  const { heap, clock, component } = await started();
  await component.stop();
  await clock.advance(60_000);
  assert.equal(heap.releases, 0);
  assert.equal(heap.listening, false);
});
