// The newest events in memory: one list over all resources, which decides what is oldest, and one per resource,
// which watchers read. What has left memory may still be on disk.
import type { Revision, StorageEvent } from './storage.ts';

/** A queue in revision order that can be searched; dropping from the front is amortised. */
export class EventQueue {
  #items: StorageEvent[] = [];
  #dropped = 0;

  get size(): number {
    return this.#items.length - this.#dropped;
  }

  get last(): StorageEvent | undefined {
    return this.size > 0 ? this.#items.at(-1) : undefined;
  }

  push(event: StorageEvent): void {
    this.#items.push(event);
  }

  dropFirst(): void {
    this.#dropped++;
    if (this.#dropped > 256 && this.#dropped * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#dropped);
      this.#dropped = 0;
    }
  }

  /** Events after `revision`, oldest first. */
  *after(revision: Revision): Generator<StorageEvent, void, undefined> {
    for (let i = this.#firstAfter(revision); i < this.#items.length; i++) yield this.#items[i]!;
  }

  /** Events after `revision`, newest first. */
  *backTo(revision: Revision): Generator<StorageEvent, void, undefined> {
    for (let i = this.#items.length - 1; i >= this.#dropped; i--) {
      const event = this.#items[i]!;
      if (event.revision <= revision) return;
      yield event;
    }
  }

  #firstAfter(revision: Revision): number {
    let low = this.#dropped;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#items[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
