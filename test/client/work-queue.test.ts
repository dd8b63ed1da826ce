import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkQueue } from '../../src/client/work-queue.ts';
import { fakeClock } from '../support/fake-clock.ts';

test('a key waits once, in the order of its first adding', async () => {
  const queue = new WorkQueue({ clock: fakeClock() });
  for (const key of ['a', 'b', 'a']) queue.add(key);
  assert.deepEqual([await queue.take(), await queue.take(), queue.size], ['a', 'b', 0]);
});

test('a key added while it is worked on comes again, but only after', async () => {
  const queue = new WorkQueue({ clock: fakeClock() });
  queue.add('a');
  await queue.take();
  queue.add('a');
  queue.add('a');
  assert.equal(queue.size, 0);
  queue.done('a');
  assert.equal(await queue.take(), 'a');
  queue.done('a');
  assert.equal(queue.size, 0);
});

test('a worker that waits gets the next key', async () => {
  const queue = new WorkQueue({ clock: fakeClock() });
  const waiting = queue.take();
  queue.add('a');
  assert.equal(await waiting, 'a');
});

test('of several later times the earliest counts', async () => {
  const clock = fakeClock();
  const queue = new WorkQueue({ clock });
  queue.addAfter('a', 100);
  queue.addAfter('a', 50);
  queue.addAfter('a', 80);
  await clock.advance(49);
  assert.equal(queue.size, 0);
  await clock.advance(1);
  assert.equal(await queue.take(), 'a');
  queue.done('a');
  await clock.advance(100);
  assert.equal(queue.size, 0);
});

test('retries double from 5 ms to 1000 s and start over when forgotten', async () => {
  const waits: number[] = [];
  const clock = fakeClock();
  const after: typeof clock.after = (ms, fn) => {
    waits.push(ms);
    return clock.after(ms, fn);
  };
  const queue = new WorkQueue({ clock: { ...clock, after } });
  const failAgain = async () => {
    queue.retry('a');
    await clock.advance(waits.at(-1) ?? 0);
    queue.done((await queue.take()) ?? '');
  };
  for (let i = 0; i < 20; i++) await failAgain();
  queue.forget('a');
  await failAgain();
  assert.deepEqual(waits.slice(0, 4), [5, 10, 20, 40]);
  assert.deepEqual(waits.slice(18), [1_000_000, 1_000_000, 5]);
});

test('stopping lets every worker go and cancels what is delayed', async () => {
  const clock = fakeClock();
  const queue = new WorkQueue({ clock });
  const waiting = queue.take();
  queue.addAfter('a', 10);
  queue.stop();
  assert.equal(await waiting, undefined);
  await clock.advance(20);
  queue.add('b');
  assert.deepEqual([queue.size, await queue.take()], [0, undefined]);
});
