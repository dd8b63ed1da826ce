// A watcher is a cursor into the events of its resource: it holds no queue of its own, so a slow one costs
// nothing but its own lag. One that fell behind memory reads on from the driver, in pages.
import { resourcePrefix } from './keys.ts';
import type { EventListener, Resource, State } from './state.ts';
import type { Revision, StorageEvent, Watcher } from './storage.ts';

/** Reads events of `prefix` after one revision and up to another from the driver, oldest first, at most `limit`. */
export type ReadHistory = (
  prefix: string,
  range: { after: Revision; upTo: Revision; limit: number },
) => Promise<StorageEvent[]>;

export class Cursor implements Watcher, EventListener {
  #state: State;
  #resource: Resource;
  #prefix: string;
  #readHistory: ReadHistory;
  #defer: (wake: () => void) => void;
  /** All events up to here have been taken, or, while `#caughtUp`, up to the newest revision. */
  #cursor: Revision;
  #caughtUp: boolean;
  #wake: (() => void) | undefined;

  constructor(options: {
    state: State;
    prefix: string;
    after: Revision;
    readHistory: ReadHistory;
    /** Calls a wake function once the batch that is being published can be read. */
    defer: (wake: () => void) => void;
  }) {
    const { state, prefix, after } = options;
    if (!prefix.endsWith('/')) throw new TypeError(`a storage prefix ends in '/': ${JSON.stringify(prefix)}`);
    state.floors.assertWatchable(prefix, after);
    this.#state = state;
    this.#prefix = prefix;
    this.#resource = state.resource(resourcePrefix(prefix));
    this.#readHistory = options.readHistory;
    this.#defer = options.defer;
    this.#cursor = after;
    this.#caughtUp = after >= state.revision;
    this.#resource.listeners.add(this);
  }

  get position(): Revision {
    return this.#caughtUp ? Math.max(this.#cursor, this.#state.revision) : this.#cursor;
  }

  take(max: number): StorageEvent[] | Promise<StorageEvent[]> {
    if (this.#caughtUp) return [];
    this.#state.floors.assertWatchable(this.#prefix, this.#cursor);
    if (this.#cursor < this.#resource.floor) return this.#takeFromHistory(max);
    const taken: StorageEvent[] = [];
    for (const event of this.#resource.events.after(this.#cursor)) {
      if (!event.entry.key.startsWith(this.#prefix)) continue;
      if (taken.length === max) {
        this.#cursor = taken.at(-1)?.revision ?? this.#cursor;
        return taken;
      }
      taken.push(event);
    }
    this.#cursor = this.#state.revision;
    this.#caughtUp = true;
    return taken;
  }

  onReady(wake: () => void): void {
    this.#wake = wake;
    if (!this.#caughtUp) this.#ready();
  }

  close(): void {
    this.#resource.listeners.delete(this);
    this.#wake = undefined;
    this.#caughtUp = true;
  }

  notice(event: StorageEvent): void {
    if (!event.entry.key.startsWith(this.#prefix) || event.revision <= this.#cursor) return;
    if (this.#caughtUp) {
      // Nothing between the cursor and this event was for us.
      this.#cursor = Math.max(this.#cursor, event.revision - 1);
      this.#caughtUp = false;
    }
    this.#ready();
  }

  #ready(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake) this.#defer(wake);
  }

  async #takeFromHistory(max: number): Promise<StorageEvent[]> {
    const upTo = this.#resource.floor;
    const events = await this.#readHistory(this.#prefix, { after: this.#cursor, upTo, limit: max });
    this.#cursor = events.length < max ? upTo : (events.at(-1)?.revision ?? upTo);
    return events.length > 0 ? events : this.take(max);
  }
}
