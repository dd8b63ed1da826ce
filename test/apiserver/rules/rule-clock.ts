// A clock that stands still and tells when somebody begins to wait: tests move it only once the server waits for it.
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';

export interface RuleClock extends FakeClock {
  /** Resolves when a timer of `ms` is started after this call, or of a time between two bounds. */
  armed(ms: number, upTo?: number): Promise<void>;
}

export function ruleClock(): RuleClock {
  const clock = fakeClock();
  const watched = new Set<(ms: number) => void>();
  return {
    ...clock,
    after(ms, fn) {
      const timer = clock.after(ms, fn);
      for (const look of watched) look(ms);
      return timer;
    },
    armed: (from, upTo = from) =>
      new Promise((resolve) => {
        const look = (ms: number) => {
          if (ms < from || ms > upTo) return;
          watched.delete(look);
          resolve();
        };
        watched.add(look);
      }),
  };
}
