// Tells that a pull goes on, where upstream is silent until its end: half a minute after it began, and then each time when it has
// taken twice as long, so that even a pull of hours says little.
import type { Clock, Timer } from '../../clock.ts';

const FIRST_MS = 30_000;

/** Calls `tell` with the milliseconds since now; returns how to end it. */
export function whileItTakes(clock: Clock, tell: (ms: number) => void): () => void {
  let timer: Timer;
  const wait = (passed: number, ms: number) => {
    timer = clock.after(ms, () => {
      tell(passed + ms);
      wait(passed + ms, passed + ms);
    });
  };
  wait(0, FIRST_MS);
  return () => timer.cancel();
}
