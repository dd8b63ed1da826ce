import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDeadline } from '../../src/kubelet/deadline.ts';
import { createWakeUps } from '../../src/kubelet/wake-ups.ts';
import { fakeClock } from '../support/fake-clock.ts';

test('waiting ends with the work, or with the deadline', async () => {
  const clock = fakeClock();
  const deadline = createDeadline(clock, 1000);
  await deadline.race(Promise.resolve());
  await deadline.race(Promise.reject(new Error('told elsewhere')));
  let over = false;
  const never = deadline.race(new Promise(() => undefined)).then(() => {
    over = true;
  });
  await clock.advance(999);
  assert.equal(over, false);
  assert.equal(deadline.leftMs(), 1);
  await clock.advance(1);
  await never;
  assert.ok(deadline.signal.aborted);
  await deadline.race(new Promise(() => undefined));
  assert.equal(deadline.leftMs(), 0);
});

test('a deadline is brought forward, and never put off', async () => {
  const clock = fakeClock();
  const deadline = createDeadline(clock, 10_000);
  assert.equal(deadline.shorten(20_000), false);
  assert.equal(deadline.shorten(10_000), false);
  assert.equal(deadline.shorten(500), true);
  await clock.advance(500);
  assert.ok(deadline.signal.aborted);
});

test('what has ended keeps nobody waiting', async () => {
  const clock = fakeClock();
  const deadline = createDeadline(clock, 10_000);
  deadline.end();
  await deadline.race(new Promise(() => undefined));
});

test('a wake-up of a name takes the place of the one before', async () => {
  const clock = fakeClock();
  let woken = 0;
  const wakeUps = createWakeUps(clock, () => {
    woken++;
  });
  wakeUps.in(1000, 'a');
  wakeUps.in(2000, 'a');
  wakeUps.in(-5, 'b');
  await clock.advance(1500);
  assert.equal(woken, 1);
  await clock.advance(500);
  assert.equal(woken, 2);
  wakeUps.in(1000, 'a');
  wakeUps.cancel();
  await clock.advance(5000);
  assert.equal(woken, 2);
});
