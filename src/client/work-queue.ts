// A queue of keys: a key waits at most once, is worked on by one worker at a time, and comes back after a pause
// that doubles per failure. The meaning is that of client-go's util/workqueue.
import type { Clock, Timer } from '../clock.ts';

const FIRST_RETRY_MS = 5;
const MAX_RETRY_MS = 1_000_000;

export interface WorkQueueOptions {
  clock: Clock;
  firstRetryMs?: number;
  maxRetryMs?: number;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #firstRetryMs: number;
  readonly #maxRetryMs: number;
  readonly #waiting = new Set<string>();
  readonly #processing = new Set<string>();
  /** Keys that were added while being processed. */
  readonly #dirty = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #delayed = new Map<string, { at: number; timer: Timer }>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #stopped = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#firstRetryMs = options.firstRetryMs ?? FIRST_RETRY_MS;
    this.#maxRetryMs = options.maxRetryMs ?? MAX_RETRY_MS;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#stopped) return;
    if (this.#processing.has(key)) {
      this.#dirty.add(key);
      return;
    }
    const taker = this.#waiting.has(key) ? undefined : this.#takers.shift();
    if (taker) {
      this.#processing.add(key);
      taker(key);
    } else {
      this.#waiting.add(key);
    }
  }

  /** Adds later; of several pending times the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#stopped) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const at = this.#clock.monotonic() + ms;
    const pending = this.#delayed.get(key);
    if (pending && pending.at <= at) return;
    pending?.timer.cancel();
    const timer = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, timer });
  }

  /** Adds after this key's pause, which doubles with each call until `forget`; returns the calls before this one. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(this.#firstRetryMs * 2 ** failures, this.#maxRetryMs));
    return failures;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, now the caller's until `done`; undefined when the queue has stopped. */
  take(): Promise<string | undefined> {
    if (this.#stopped) return Promise.resolve(undefined);
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#processing.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.delete(key)) this.add(key);
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#dirty.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}
