// From where on what can be read: a floor for the whole store, and one of its own for each resource whose history is
// kept for another time. State at a floor can be read, and every change after it.
import { resourcePrefix } from './keys.ts';
import { Compacted, type Revision } from './storage.ts';

export interface Floor {
  /** '/group/resource/', or '/' for all resources without a floor of their own. */
  readonly prefix: string;
  readonly revision: Revision;
  /** Wall-clock milliseconds of that revision, where known. */
  readonly time?: number | undefined;
}

/** Revisions after `after` and before `upTo` may have been handed out, and a power cut took what they said. */
export interface Gap {
  readonly after: Revision;
  readonly upTo: Revision;
}

export class Floors {
  #floors = new Map<string, Floor>([['/', { prefix: '/', revision: 0 }]]);
  #gap: Gap;

  constructor(floors: readonly Floor[], gap: Gap | undefined) {
    for (const floor of floors) this.#floors.set(floor.prefix, floor);
    this.#gap = gap ?? { after: 0, upTo: 0 };
  }

  /** The floor that applies to a resource, by its prefix, a longer one or a key; for '/' the lowest of all. */
  of(prefix: string): Floor {
    if (prefix !== '/') return this.#floors.get(resourcePrefix(prefix)) ?? (this.#floors.get('/') as Floor);
    let lowest = this.#floors.get('/') as Floor;
    for (const floor of this.#floors.values()) if (floor.revision < lowest.revision) lowest = floor;
    return lowest;
  }

  get prefixes(): string[] {
    return [...this.#floors.keys()];
  }

  get lowest(): Floor {
    return this.of('/');
  }

  /** The floor of exactly this name; made where it was not, at the one that applied so far. */
  own(prefix: string): Floor {
    const floor = this.#floors.get(prefix) ?? { ...(this.#floors.get('/') as Floor), prefix };
    this.#floors.set(prefix, floor);
    return floor;
  }

  raise(floor: Floor): void {
    const before = this.own(floor.prefix);
    if (floor.revision >= before.revision) this.#floors.set(floor.prefix, floor);
  }

  /** Throws Compacted when what is under `prefix` cannot be read at `revision` any more. */
  assertReadable(prefix: string, revision: Revision): void {
    const floor = this.of(prefix);
    if (revision < floor.revision) throw new Compacted(floor.revision);
    if (revision > this.#gap.after && revision < this.#gap.upTo) throw new Compacted(this.#gap.upTo);
  }

  /** Throws Compacted when a watcher of `prefix` that has seen all up to `after` cannot go on. */
  assertWatchable(prefix: string, after: Revision): void {
    const from = Math.max(this.of(prefix).revision, this.#gap.upTo);
    if (after < from) throw new Compacted(from);
  }
}
