// When objects written with a time to live are due. Deadlines are monotonic, so a jump of the wall clock neither
// empties the store nor keeps what is old; one timer runs, for the earliest.
import type { Clock, Timer } from '../clock.ts';

interface Due {
  at: number;
  key: string;
}

/** Calls `expire` for each key that is due; a key that is set again or cleared is no longer due at the old time. */
export class Expiry {
  #clock: Clock;
  #expire: (key: string) => void;
  #deadlines = new Map<string, number>();
  /** A binary heap, smallest deadline first; entries that `#deadlines` no longer confirms are skipped. */
  #heap: Due[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, expire: (key: string) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  set(key: string, afterMs: number): void {
    const at = this.#clock.monotonic() + afterMs;
    this.#deadlines.set(key, at);
    this.#push({ at, key });
    if (this.#heap[0]?.key === key) this.#arm();
  }

  clear(key: string): void {
    this.#deadlines.delete(key);
    if (this.#deadlines.size === 0) this.stop();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#heap = [];
    this.#deadlines.clear();
  }

  #arm(): void {
    this.#timer?.cancel();
    const first = this.#heap[0];
    this.#timer = first && this.#clock.after(first.at - this.#clock.monotonic(), () => this.#fire());
  }

  #fire(): void {
    const now = this.#clock.monotonic();
    for (let first = this.#heap[0]; first && first.at <= now; first = this.#heap[0]) {
      this.#pop();
      if (this.#deadlines.get(first.key) !== first.at) continue;
      this.#deadlines.delete(first.key);
      this.#expire(first.key);
    }
    this.#arm();
  }

  #push(due: Due): void {
    let i = this.#heap.push(due) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.#heap[parent]!.at <= due.at) break;
      this.#heap[i] = this.#heap[parent]!;
      i = parent;
    }
    this.#heap[i] = due;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && this.#heap[child + 1]!.at < this.#heap[child]!.at) child++;
      if (this.#heap[child]!.at >= last.at) break;
      this.#heap[i] = this.#heap[child]!;
      i = child;
    }
    this.#heap[i] = last;
  }
}
