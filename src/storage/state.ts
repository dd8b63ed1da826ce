// All current objects and the newest events, in memory: what every read and watch is answered from.
// Changes come in committed batches; between two batches nothing moves, so whoever reads within one turn of the
// event loop reads one revision.
import { EventQueue } from './events.ts';
import type { Floors } from './floors.ts';
import { compareKeys, prefixEnd, resourcePrefix } from './keys.ts';
import { SortedKeys } from './sorted-keys.ts';
import type { Revision, StorageEntry, StorageEvent } from './storage.ts';

/** Told of each event of a resource, once the whole batch can be read. */
export interface EventListener {
  notice(event: StorageEvent): void;
}

/** The objects of one resource. */
export interface Resource {
  readonly entries: Map<string, StorageEntry>;
  readonly keys: SortedKeys;
  readonly events: EventQueue;
  readonly listeners: Set<EventListener>;
  /** Every event after this revision is in `events`. */
  floor: Revision;
}

/** An event with the bytes it is reckoned at: those of its content. */
export interface SizedEvent {
  readonly event: StorageEvent;
  readonly bytes: number;
}

export interface StateOptions {
  revision: Revision;
  floors: Floors;
  /** Events are kept as long as watches need them at hand, but no more than this many bytes of them. */
  maxEventBytes: number;
}

export class State {
  readonly floors: Floors;
  #revision: Revision;
  /** Events up to here are not kept in memory. */
  #forgotten: Revision = 0;
  #maxEventBytes: number;
  #resources = new Map<string, Resource>();
  #floorAtStart: Revision;
  #window: { resource: Resource; revision: Revision; bytes: number }[] = [];
  #windowStart = 0;
  #windowBytes = 0;
  #keys = 0;

  constructor(options: StateOptions) {
    this.#revision = options.revision;
    this.floors = options.floors;
    this.#floorAtStart = options.revision;
    this.#maxEventBytes = options.maxEventBytes;
  }

  get revision(): Revision {
    return this.#revision;
  }

  get keys(): number {
    return this.#keys;
  }

  /** The resource that `prefix` (or a key) belongs to; made empty when it was never seen. */
  resource(prefix: string): Resource {
    const name = resourcePrefix(prefix);
    let resource = this.#resources.get(name);
    if (!resource) {
      resource = {
        entries: new Map(),
        keys: new SortedKeys(),
        events: new EventQueue(),
        listeners: new Set(),
        floor: this.#floorAtStart,
      };
      this.#resources.set(name, resource);
    }
    return resource;
  }

  get(key: string): StorageEntry | undefined {
    return this.resource(key).entries.get(key);
  }

  /** All keys after `after` up to and including `upTo`, resource by resource. Not to be advanced across a change. */
  *keysBetween(after: string, upTo: string | undefined): Generator<string, void, undefined> {
    const end = upTo === undefined ? prefixEnd('/') : `${upTo}\0`;
    for (const { keys } of this.#resources.values()) yield* keys.range(`${after}\0`, end);
  }

  /** Puts in what was there before the start. */
  load(entry: StorageEntry): void {
    const resource = this.resource(entry.key);
    resource.entries.set(entry.key, entry);
    resource.keys.add(entry.key);
    this.#keys++;
  }

  /** Puts in the events after `floor` that were there before the start, oldest first. */
  refill(floor: Revision, events: readonly SizedEvent[]): void {
    this.#floorAtStart = floor;
    for (const resource of this.#resources.values()) resource.floor = floor;
    for (const { event, bytes } of events) this.#remember(this.resource(event.entry.key), event, bytes);
    this.#trim();
  }

  /** Makes one committed batch visible, all at once. `revision` is the newest one used up by the batch. */
  publish(events: readonly SizedEvent[], revision: Revision): void {
    for (const { event, bytes } of events) {
      const { key } = event.entry;
      const resource = this.resource(key);
      if (event.type === 'DELETED') {
        resource.entries.delete(key);
        resource.keys.delete(key);
        this.#keys--;
      } else {
        resource.entries.set(key, event.entry);
        if (event.type === 'ADDED') {
          resource.keys.add(key);
          this.#keys++;
        }
      }
      this.#remember(resource, event, bytes);
    }
    this.#revision = Math.max(this.#revision, revision);
    this.#trim();
    for (const { event } of events) {
      for (const listener of this.resource(event.entry.key).listeners) listener.notice(event);
    }
  }

  /** Lets go of the events up to `to`. */
  forget(to: Revision): void {
    this.#forgotten = Math.max(this.#forgotten, to);
    this.#trim();
  }

  #remember(resource: Resource, event: StorageEvent, bytes: number): void {
    resource.events.push(event);
    this.#window.push({ resource, revision: event.revision, bytes });
    this.#windowBytes += bytes;
  }

  #trim(): void {
    for (;;) {
      const oldest = this.#window[this.#windowStart];
      if (!oldest) break;
      if (oldest.revision > this.#forgotten && this.#windowBytes <= this.#maxEventBytes) break;
      oldest.resource.events.dropFirst();
      oldest.resource.floor = Math.max(oldest.resource.floor, oldest.revision);
      this.#windowBytes -= oldest.bytes;
      this.#windowStart++;
    }
    if (this.#windowStart > 1024 && this.#windowStart * 2 > this.#window.length) {
      this.#window = this.#window.slice(this.#windowStart);
      this.#windowStart = 0;
    }
  }
}

/** What changed under `prefix` after `revision`, undone: per key what it held then, undefined for nothing. */
export type Undo = Map<string, StorageEntry | undefined>;

/** Keys of `undo` that hold something then but are not current now, in byte order. */
export const onlyThen = (undo: Undo, resource: Resource): string[] =>
  [...undo]
    .filter(([key, entry]) => entry && !resource.entries.has(key))
    .map(([key]) => key)
    .sort(compareKeys);
