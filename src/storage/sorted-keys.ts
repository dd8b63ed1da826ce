// The keys of one resource in byte order, as a list of sorted chunks, so that a scan is a walk over arrays. New keys are
// put in order when somebody asks for it: a create would search memory that nobody else has touched for long. An insert
// moves at most one chunk's worth of pointers, so it costs the same at 100 keys and at a million.
import { compareKeys } from './keys.ts';

const MAX_CHUNK = 1024;

interface Position {
  chunk: number;
  index: number;
}

export class SortedKeys {
  #chunks: string[][] = [];
  /** Not in the chunks yet. */
  #added = new Set<string>();

  /** Adds a key that is not in yet. */
  add(key: string): void {
    this.#added.add(key);
  }

  #settle(): void {
    if (this.#added.size === 0) return;
    for (const key of [...this.#added].sort(compareKeys)) this.#insert(key);
    this.#added.clear();
  }

  #insert(key: string): void {
    const last = this.#chunks.at(-1);
    if (!last) {
      this.#chunks.push([key]);
      return;
    }
    const at = this.#lowerBound(key);
    // Past the end of everything: keys that arrive in order fill the last chunk.
    const chunk = at.chunk < this.#chunks.length ? at.chunk : this.#chunks.length - 1;
    const keys = this.#chunks[chunk]!;
    keys.splice(at.chunk < this.#chunks.length ? at.index : keys.length, 0, key);
    if (keys.length > MAX_CHUNK) this.#chunks.splice(chunk + 1, 0, keys.splice(MAX_CHUNK / 2));
  }

  /** Removes a key that is in. */
  delete(key: string): void {
    if (this.#added.delete(key)) return;
    const { chunk, index } = this.#lowerBound(key);
    const keys = this.#chunks[chunk];
    if (keys?.[index] !== key) return;
    keys.splice(index, 1);
    if (keys.length === 0) this.#chunks.splice(chunk, 1);
  }

  /** Keys from `start` (inclusive) to `end` (exclusive). Not to be advanced across a change. */
  *range(start: string, end: string): Generator<string, void, undefined> {
    this.#settle();
    const first = this.#lowerBound(start);
    const last = this.#lowerBound(end);
    for (let c = first.chunk; c < this.#chunks.length && c <= last.chunk; c++) {
      const keys = this.#chunks[c]!;
      const to = c === last.chunk ? last.index : keys.length;
      for (let i = c === first.chunk ? first.index : 0; i < to; i++) yield keys[i]!;
    }
  }

  /** How many keys `range` would yield. */
  count(start: string, end: string): number {
    this.#settle();
    return Math.max(0, this.#rank(this.#lowerBound(end)) - this.#rank(this.#lowerBound(start)));
  }

  #rank(position: Position): number {
    let rank = position.index;
    for (let c = 0; c < position.chunk; c++) rank += this.#chunks[c]!.length;
    return rank;
  }

  /** Where the first key >= `key` is; one past the last chunk when there is none. */
  #lowerBound(key: string): Position {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#chunks[middle]!.at(-1)!, key) < 0) low = middle + 1;
      else high = middle;
    }
    const keys = this.#chunks[low];
    if (!keys) return { chunk: low, index: 0 };
    let from = 0;
    let to = keys.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (compareKeys(keys[middle]!, key) < 0) from = middle + 1;
      else to = middle;
    }
    return { chunk: low, index: from };
  }
}
