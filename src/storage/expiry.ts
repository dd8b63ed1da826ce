// When objects written with a time to live are due. Deadlines are monotonic, so a jump of the wall clock neither
// empties the store nor keeps what is old; one timer runs, for the earliest.
import TinyQueue from 'tinyqueue';
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
  /** Entries that `#deadlines` no longer confirms are skipped. */
  #dues = earliestFirst();
  #timer: Timer | undefined;

  constructor(clock: Clock, expire: (key: string) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  set(key: string, afterMs: number): void {
    const at = this.#clock.monotonic() + afterMs;
    this.#deadlines.set(key, at);
    this.#dues.push({ at, key });
    if (this.#dues.peek()?.key === key) this.#arm();
  }

  clear(key: string): void {
    this.#deadlines.delete(key);
    if (this.#deadlines.size === 0) this.stop();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dues = earliestFirst();
    this.#deadlines.clear();
  }

  #arm(): void {
    this.#timer?.cancel();
    const first = this.#dues.peek();
    this.#timer = first && this.#clock.after(first.at - this.#clock.monotonic(), () => this.#fire());
  }

  #fire(): void {
    const now = this.#clock.monotonic();
    for (let first = this.#dues.peek(); first && first.at <= now; first = this.#dues.peek()) {
      this.#dues.pop();
      if (this.#deadlines.get(first.key) !== first.at) continue;
      this.#deadlines.delete(first.key);
      this.#expire(first.key);
    }
    this.#arm();
  }
}

const earliestFirst = () => new TinyQueue<Due>([], (a, b) => a.at - b.at);
