// The clock as it was: spans, jumps, and how long the store has been open.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClockSpan } from '../../src/storage/driver.ts';
import { Timeline } from '../../src/storage/timeline.ts';

/** A clock whose two hands are moved apart. */
function twoHands(wall: number) {
  let monotonic = 5_000;
  return {
    now: () => wall,
    monotonic: () => monotonic,
    after: () => ({ cancel: () => undefined }),
    pass(ms: number) {
      wall += ms;
      monotonic += ms;
    },
    set(to: number) {
      wall = to;
    },
  };
}

const timeline = (clock: ReturnType<typeof twoHands>, spans: ClockSpan[] = [], revision = 1, newest?: number) =>
  new Timeline({ clock, spans, revision, newest });

describe('timeline', () => {
  it('begins a span with the first batch and says so until it is saved', () => {
    const clock = twoHands(1_000_000);
    const line = timeline(clock);
    const span = { after: 1, time: 1_000_000, ran: 0 };
    assert.deepEqual(line.next(1), { time: 1_000_000, span });
    clock.pass(10);
    assert.deepEqual(line.next(1), { time: 1_000_010, span });
    line.saved();
    assert.deepEqual(line.next(5), { time: 1_000_010 });
  });

  it('lets no time decrease when the clock is adjusted a little', () => {
    const clock = twoHands(1_000_000);
    const line = timeline(clock);
    line.next(1);
    line.saved();
    clock.set(999_000);
    assert.deepEqual(line.next(2), { time: 1_000_000 });
  });

  it('begins a span where the clock jumps, and counts on how long it ran', () => {
    const clock = twoHands(1_000);
    const line = timeline(clock);
    line.next(1);
    line.saved();
    clock.pass(10_000);
    clock.set(1_700_000_000_000);
    assert.deepEqual(line.next(7), {
      time: 1_700_000_000_000,
      span: { after: 7, time: 1_700_000_000_000, ran: 10_000 },
    });
    line.saved();
    clock.pass(5_000);
    assert.equal(line.ran, 15_000);
    assert.deepEqual(line.whenRan(9_999, 20), { time: 10_999, after: 1, upTo: 7 });
    assert.deepEqual(line.whenRan(12_000, 20), { time: 1_700_000_002_000, after: 7, upTo: 20 });
  });

  it('takes the newest span that reaches back to a time when the clock was set back', () => {
    const clock = twoHands(50_000);
    const line = timeline(clock);
    line.next(1);
    line.saved();
    clock.pass(10_000); // 50..60 s: revisions 2 to 10
    clock.set(30_000);
    line.next(10);
    line.saved();
    clock.pass(25_000); // 30..55 s: revisions from 11
    line.next(20);
    const span = (time: number) => line.spanAt(time, 30)?.span.after;
    assert.deepEqual([29_999, 30_000, 49_000, 52_000, 59_000].map(span), [undefined, 10, 10, 10, 10]);
    assert.equal(line.begin.after, 1);
  });

  it('goes on from the spans of an earlier start, without counting the time in between', () => {
    const clock = twoHands(900_000);
    const spans = [{ after: 1, time: 100_000, ran: 0 }];
    const line = timeline(clock, spans, 40, 160_000);
    assert.equal(line.ran, 60_000);
    assert.deepEqual(line.next(40).span, { after: 40, time: 900_000, ran: 60_000 });
    assert.deepEqual(line.spanAt(500_000, 50), { span: spans[0], upTo: 40 });
  });

  it('forgets a span in which nothing was committed', () => {
    const clock = twoHands(1_000);
    const line = timeline(clock);
    clock.set(1_700_000_000_000);
    line.next(1);
    assert.deepEqual(line.begin, { after: 1, time: 1_700_000_000_000, ran: 0 });
  });
});
