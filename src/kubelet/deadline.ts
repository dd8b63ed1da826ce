// A point in time that can be brought forward, and waiting that ends at it.
import type { Clock, Timer } from '../clock.ts';

export interface Deadline {
  leftMs(): number;
  /** Aborts when the deadline is over, or has been ended. */
  readonly signal: AbortSignal;
  /** Resolves when `work` has settled or the deadline is over, whichever comes first. */
  race(work: Promise<unknown>): Promise<void>;
  /** Makes it `ms` from now, if that is sooner; returns whether it is. */
  shorten(ms: number): boolean;
  /** No more waiting: what is waited for gets no time any more. */
  end(): void;
}

export function createDeadline(clock: Clock, ms: number): Deadline {
  const over = new AbortController();
  let at = clock.monotonic() + ms;
  const arm = (): Timer => clock.after(Math.max(0, at - clock.monotonic()), () => over.abort());
  let timer = arm();
  return {
    leftMs: () => Math.max(0, at - clock.monotonic()),
    signal: over.signal,
    race: (work) =>
      new Promise((resolve) => {
        const settle = () => {
          over.signal.removeEventListener('abort', settle);
          resolve();
        };
        if (over.signal.aborted) return resolve();
        over.signal.addEventListener('abort', settle, { once: true });
        work.then(settle, settle);
      }),
    shorten(next) {
      const sooner = clock.monotonic() + next;
      if (sooner >= at) return false;
      at = sooner;
      timer.cancel();
      timer = arm();
      return true;
    },
    end() {
      timer.cancel();
      over.abort();
    },
  };
}
