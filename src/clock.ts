// Time as a value that is passed in, so that tests can freeze and step it. Nothing outside this file
// asks the system for the time or starts a timer.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall-clock milliseconds since the Unix epoch. Only for what is shown or stored; it may jump. */
  now(): number;
  /** Milliseconds that only grow; for durations and deadlines. */
  monotonic(): number;
  /** Calls `fn` once after `ms`. A pending timer does not keep the process alive, but for lastingClock's. */
  after(ms: number, fn: () => void): Timer;
}

/** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** RFC 3339 with whole seconds, as metav1.Time is written. */
export const timestamp = (clock: Clock): string => `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;

/** RFC 3339 with microseconds, as metav1.MicroTime is written. */
export const microTimestamp = (clock: Clock): string => `${new Date(clock.now()).toISOString().slice(0, 23)}000Z`;

/** Longest delay a Node timer takes; longer ones would fire at once. */
const MAX_DELAY = 2 ** 31 - 1;

/** `arm` starts one timer of at most MAX_DELAY and returns how to cancel it. */
const hostClock = (arm: (fn: () => void, ms: number) => () => void): Clock => ({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    let cancel: () => void;
    const wait = (left: number) => {
      cancel = arm(() => (left > MAX_DELAY ? wait(left - MAX_DELAY) : fn()), Math.min(left, MAX_DELAY));
    };
    wait(Math.max(0, ms));
    return { cancel: () => cancel() };
  },
});

export const systemClock: Clock = hostClock((fn, ms) => {
  const handle = setTimeout(fn, ms);
  // A browser's timer is a number.
  (handle as unknown as { unref?(): void }).unref?.();
  return () => clearTimeout(handle);
});

/** For programs of which the waiting is all there is, and for browsers: a pending timer keeps a Node process alive. */
export const lastingClock: Clock = hostClock((fn, ms) => {
  const handle = setTimeout(fn, ms);
  return () => clearTimeout(handle);
});

/** Keeps the process from ending for want of work until it is released: timers of a Clock do not. */
export function keepAlive(): { release(): void } {
  const handle = setInterval(() => undefined, MAX_DELAY);
  return { release: () => clearInterval(handle) };
}
