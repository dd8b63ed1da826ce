import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Beats, createBeats } from '../../../src/kubelet/probes/beats.ts';
import { fakeClock } from '../../support/fake-clock.ts';

/** Beats, what they called at which time, and how many timers they have waiting. */
function bed() {
  const clock = fakeClock();
  const called: [name: string, beat: number, time: number][] = [];
  let timers = 0;
  const beats: Beats = createBeats({
    monotonic: clock.monotonic,
    after: (ms, fn) => {
      timers++;
      const timer = clock.after(ms, () => {
        timers--;
        fn();
      });
      return {
        cancel() {
          timers--;
          timer.cancel();
        },
      };
    },
  });
  const at = (name: string, due: number) => beats.at(due, (beat) => called.push([name, beat, clock.monotonic()]));
  return { clock, at, called, timers: () => timers };
}

test('what is due at about the same time has one timer, and is never early', async () => {
  const { clock, at, called, timers } = bed();
  at('a', 101);
  at('b', 150);
  at('c', 151);
  assert.equal(timers(), 2);
  await clock.advance(149);
  assert.deepEqual(called, []);
  await clock.advance(51);
  assert.deepEqual(called, [
    ['a', 150, 150],
    ['b', 150, 150],
    ['c', 200, 200],
  ]);
  assert.equal(timers(), 0);
});

test('what is due already comes at the beat that is next', async () => {
  const { clock, at, called } = bed();
  await clock.advance(120);
  at('a', 120);
  await clock.advance(30);
  assert.deepEqual(called, [['a', 150, 150]]);
});

test('what was cancelled is not called, and the last takes the timer with it', async () => {
  const { clock, at, called, timers } = bed();
  const [a, b] = [at('a', 40), at('b', 50)];
  a.cancel();
  assert.equal(timers(), 1);
  b.cancel();
  b.cancel();
  assert.equal(timers(), 0);
  at('c', 50);
  await clock.advance(50);
  a.cancel();
  assert.deepEqual(called, [['c', 50, 50]]);
});
