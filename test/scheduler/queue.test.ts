import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod } from '../../src/api/types/core/v1.ts';
import { SchedulingQueue } from '../../src/scheduler/queue.ts';
import { fakeClock } from '../support/fake-clock.ts';

const pod = (uid: string, spec: object = {}) =>
  ({ metadata: { uid, name: uid }, spec: { containers: [], ...spec } }) as unknown as Pod;

function setUp() {
  const clock = fakeClock();
  let ready = 0;
  const queue = new SchedulingQueue(clock, () => {
    ready += 1;
  });
  const pop = () => queue.pop()?.metadata.uid;
  return { clock, queue, pop, ready: () => ready };
}

const RESOURCES = new Set(['NodeResourcesFit']);

describe('the scheduling queue', () => {
  test('gives pods by priority, then by age, each once', async () => {
    const { queue, pop, clock } = setUp();
    queue.upsert(pod('a'));
    await clock.advance(1);
    queue.upsert(pod('b'));
    queue.upsert(pod('c', { priority: 10 }));
    assert.deepEqual([pop(), pop(), pop(), pop()], ['c', 'a', 'b', undefined]);
  });

  test('a failed pod waits for an event that its plugins care about, then for its back-off', async () => {
    const { queue, pop, clock } = setUp();
    queue.upsert(pod('a'));
    pop();
    queue.failed('a', RESOURCES);
    queue.wakeFor(new Set(['NodeAffinity']));
    await clock.advance(60_000);
    assert.equal(pop(), undefined, 'nothing of interest happened');
    queue.wakeFor(RESOURCES);
    assert.equal(pop(), 'a');
    queue.failed('a', RESOURCES);
    queue.wakeFor(RESOURCES);
    assert.equal(pop(), undefined, 'the second failure backs off 2 s');
    await clock.advance(2_000);
    assert.equal(pop(), 'a');
  });

  test('an event during the try is not lost', async () => {
    const { queue, pop, clock } = setUp();
    queue.upsert(pod('a'));
    pop();
    queue.wakeFor(RESOURCES);
    queue.failed('a', RESOURCES);
    await clock.advance(1_000);
    assert.equal(pop(), 'a');
  });

  test('back-off doubles up to ten seconds', async () => {
    const { queue, pop, clock } = setUp();
    queue.upsert(pod('a'));
    for (const seconds of [1, 2, 4, 8, 10, 10]) {
      assert.equal(pop(), 'a');
      queue.failed('a', new Set());
      await clock.advance(seconds * 1000 - 1);
      assert.equal(pop(), undefined);
      await clock.advance(1);
    }
  });

  test('after five minutes a pod is tried whatever happened', async () => {
    const { queue, pop, clock } = setUp();
    queue.upsert(pod('a'));
    pop();
    queue.failed('a', RESOURCES);
    await clock.advance(5 * 60_000);
    assert.equal(pop(), 'a');
  });

  test('gated pods wait for their gate', () => {
    const { queue, pop, ready } = setUp();
    queue.upsert(pod('a', { schedulingGates: [{ name: 'g' }] }));
    assert.equal(pop(), undefined);
    const before = ready();
    queue.upsert(pod('a'));
    assert.equal(ready(), before + 1);
    assert.equal(pop(), 'a');
  });

  test('a changed pod is tried again, an unchanged one is not', async () => {
    const { queue, pop, clock } = setUp();
    queue.upsert(pod('a'));
    pop();
    queue.failed('a', RESOURCES);
    await clock.advance(5_000);
    queue.upsert(pod('a'));
    assert.equal(pop(), undefined);
    queue.upsert(pod('a', { nodeSelector: {} }));
    assert.equal(pop(), 'a');
  });

  test('a removed pod is gone', () => {
    const { queue, pop } = setUp();
    queue.upsert(pod('a'));
    queue.remove('a');
    assert.equal(pop(), undefined);
    assert.equal(queue.size, 0);
  });
});
