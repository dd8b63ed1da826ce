// Named timers of one pod that all do the same: have it looked at. A name set again replaces its timer.
import type { Clock, Timer } from '../clock.ts';

export interface WakeUps {
  in(ms: number, why: string): void;
  cancel(): void;
}

export function createWakeUps(clock: Clock, wake: () => void): WakeUps {
  const timers = new Map<string, Timer>();
  return {
    in(ms, why) {
      timers.get(why)?.cancel();
      timers.set(why, clock.after(Math.max(0, ms), wake));
    },
    cancel() {
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
    },
  };
}
