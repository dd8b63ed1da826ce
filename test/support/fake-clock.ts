// A clock that stands still until it is told to move.
import type { Clock } from '../../src/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time forward by `ms`, firing due timers in order, letting promises run in between. */
  advance(ms: number): Promise<void>;
}

export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let elapsed = 0;
  let timers: { at: number; fn: () => void }[] = [];
  const settle = async () => {
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after(ms, fn) {
      const timer = { at: elapsed + Math.max(0, ms), fn };
      timers.push(timer);
      return {
        cancel() {
          timers = timers.filter((t) => t !== timer);
        },
      };
    },
    async advance(ms) {
      const until = elapsed + ms;
      await settle();
      for (;;) {
        const due = timers.filter((t) => t.at <= until).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers = timers.filter((t) => t !== due);
        elapsed = Math.max(elapsed, due.at);
        due.fn();
        await settle();
      }
      elapsed = until;
      await settle();
    },
  };
}
