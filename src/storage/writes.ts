// The way of a change: wait for earlier ones to the same key, check against memory, join the batch that gathers
// while the one before it is being made durable, and be settled after that. One batch is under way at a time.
import type { KubeObject } from '../apimachinery/meta.ts';
import { contentOf, sameContent, write } from './content.ts';
import type { CommitResult, Driver, DriverChange } from './driver.ts';
import { type Decode, makeEntry, settle } from './entry.ts';
import { assertKey } from './keys.ts';
import { makeEvent } from './rows.ts';
import type { Considered } from './space.ts';
import type { SizedEvent, State } from './state.ts';
import {
  type Change,
  type Origin,
  type Revision,
  type StorageEntry,
  StorageUnavailable,
  ValueTooLarge,
  WriteConflict,
  type Written,
} from './storage.ts';
import type { Timeline } from './timeline.ts';

/** etcd's request limit (etcd.io/docs, "system limits"), kept so that data can move there. */
export const MAX_VALUE_BYTES = 1.5 * 1024 * 1024;

const MAX_BATCH_CHANGES = 256;
const MAX_BATCH_CHARACTERS = 1024 * 1024;

const MAX_ORIGIN_CHARACTERS = 256;

const cut = (origin: Origin): Origin =>
  Object.fromEntries(
    Object.entries(origin)
      .filter(([, text]) => text !== undefined)
      .map(([name, text]) => [name, text.slice(0, MAX_ORIGIN_CHARACTERS).toWellFormed()]),
  ) as unknown as Origin;

function checkSize(key: string, value: string): void {
  // No character takes more than three bytes: of most there is no need to count.
  const bytes = value.length * 3 <= MAX_VALUE_BYTES ? 0 : Buffer.byteLength(value);
  if (bytes > MAX_VALUE_BYTES) throw new ValueTooLarge(key, bytes, MAX_VALUE_BYTES);
}

interface Waiting {
  readonly change: Change;
  readonly resolve: (entry: StorageEntry) => void;
  readonly reject: (error: Error) => void;
}

/** A change that passed the check against memory. */
interface Admitted extends Waiting {
  readonly row: DriverChange;
  readonly content: KubeObject;
  readonly written: Written | undefined;
  readonly current: StorageEntry | undefined;
  readonly ttlMs: number | undefined;
}

export interface WritesOptions {
  driver: Driver;
  state: State;
  now: () => number;
  timeline: Timeline;
  decode: Decode;
  /** Keys whose stored value would be stored otherwise today: an update without a change is written for them. */
  stale: Set<string>;
  /** Why a change is not to be tried; undefined when it may. */
  refusal(change: Considered): StorageUnavailable | undefined;
  /** Makes a batch visible: after it, `state` shows the events. */
  publish(events: readonly (SizedEvent & { ttlMs: number | undefined })[], revision: Revision): void;
}

export class Writes {
  #options: WritesOptions;
  /** Keys with a change under way, and what waits behind it. */
  #keys = new Map<string, Waiting[]>();
  #queue: Admitted[] = [];
  #committing: Promise<void> | undefined;
  #pumpScheduled = false;
  #closed: StorageUnavailable | undefined;

  constructor(options: WritesOptions) {
    this.#options = options;
  }

  write(change: Change): Promise<StorageEntry> {
    return new Promise((resolve, reject) => {
      assertKey(change.key);
      const waiting = { change, resolve, reject };
      const behind = this.#keys.get(change.key);
      if (behind) behind.push(waiting);
      else if (this.#admit(waiting)) this.#keys.set(change.key, []);
    });
  }

  /** Refuses further changes with `reason`; resolves when those before it are settled. */
  async close(reason: StorageUnavailable): Promise<void> {
    this.#closed ??= reason;
    while (this.#committing || this.#queue.length > 0) await (this.#committing ?? Promise.resolve());
  }

  /** True when the change now is in the queue; otherwise it has been settled. */
  #admit(waiting: Waiting): boolean {
    const { change, resolve, reject } = waiting;
    if (this.#closed) {
      reject(this.#closed);
      return false;
    }
    const current = this.#options.state.get(change.key);
    const expected = change.op === 'create' ? 0 : change.expected;
    if ((current?.revision ?? 0) !== expected || (change.op === 'delete' && !current)) {
      reject(new WriteConflict(change.key, current));
      return false;
    }
    try {
      const admitted = this.#prepare(waiting, current, expected);
      if (!admitted) resolve(current as StorageEntry);
      else this.#queue.push(admitted);
      this.#schedule();
      return admitted !== undefined;
    } catch (error) {
      reject(error as Error);
      return false;
    }
  }

  /** What to send to the driver; undefined when it would change nothing. */
  #prepare(waiting: Waiting, current: StorageEntry | undefined, expected: Revision): Admitted | undefined {
    const { change } = waiting;
    const content = contentOf(change.object ?? (current as StorageEntry).object);
    const same = current !== undefined && sameContent(current.object, content);
    if (change.op === 'update' && same && !this.#options.stale.has(change.key)) return undefined;
    const op = change.op === 'update' && !current ? 'create' : change.op;
    const { value, written } =
      change.op === 'delete' && same ? { value: undefined, written: undefined } : write(content);
    if (value !== undefined) checkSize(change.key, value);
    const ttlMs = change.op !== 'delete' && change.ttlSeconds ? change.ttlSeconds * 1000 : undefined;
    const row: DriverChange = {
      op,
      key: change.key,
      expected,
      createRevision: current?.createRevision ?? 0,
      ...(value !== undefined && { value }),
      ...(change.origin && { origin: cut(change.origin) }),
      ...(ttlMs !== undefined && { expiresAt: this.#options.now() + ttlMs }),
    };
    const refusal = this.#options.refusal({ row, content, current });
    if (refusal) throw refusal;
    return { ...waiting, row, content, written, current, ttlMs };
  }

  /** Begins a batch after the current turn's other writers have joined the queue. */
  #schedule(): void {
    if (this.#pumpScheduled || this.#committing || this.#queue.length === 0) return;
    this.#pumpScheduled = true;
    queueMicrotask(() => {
      this.#pumpScheduled = false;
      if (this.#committing || this.#queue.length === 0) return;
      this.#committing = this.#commit(this.#takeBatch());
    });
  }

  #takeBatch(): Admitted[] {
    let characters = 0;
    let count = 0;
    for (const { row } of this.#queue) {
      characters += row.value?.length ?? 0;
      if (count === MAX_BATCH_CHANGES || (count > 0 && characters > MAX_BATCH_CHARACTERS)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #commit(batch: Admitted[]): Promise<void> {
    try {
      const { driver, timeline, state } = this.#options;
      const changes = batch.map((admitted) => admitted.row);
      const results = await driver.commit(changes, timeline.next(state.revision));
      timeline.saved();
      this.#publish(batch, results);
    } catch (error) {
      for (const { reject } of batch) reject(error as Error);
    }
    this.#committing = undefined;
    for (const { row } of batch) this.#next(row.key);
    this.#schedule();
  }

  #publish(batch: readonly Admitted[], results: readonly CommitResult[]): void {
    const events: (SizedEvent & { ttlMs: number | undefined })[] = [];
    const answers: (() => void)[] = [];
    let newest = 0;
    for (const [i, admitted] of batch.entries()) {
      const revision = results[i] ?? 'conflict';
      const { row, content, written, current } = admitted;
      if (typeof revision !== 'number') {
        answers.push(() => admitted.reject(revision === 'conflict' ? new WriteConflict(row.key, current) : revision));
        continue;
      }
      newest = Math.max(newest, revision);
      const createRevision = current?.createRevision ?? revision;
      const at = { key: row.key, revision, createRevision };
      const entry = makeEntry(at, { content, text: row.value, written, decode: this.#options.decode });
      const bytes = row.value?.length ?? 0;
      this.#options.stale.delete(row.key);
      events.push({ event: makeEvent(row.op, entry, current), bytes, ttlMs: admitted.ttlMs });
      answers.push(() => admitted.resolve(entry));
    }
    this.#options.publish(events, newest);
    for (const answer of answers) answer();
    // By then answers and frames are made, and controllers, which come a turn after those, have read what is new.
    setImmediate(setImmediate, () => {
      for (const { event } of events) settle(event.entry);
    });
  }

  /** Lets in what waited for `key`: what is settled without a commit makes room for the one after it. */
  #next(key: string): void {
    const behind = this.#keys.get(key) as Waiting[];
    for (let waiting = behind.shift(); waiting; waiting = behind.shift()) {
      if (this.#admit(waiting)) return;
    }
    this.#keys.delete(key);
  }
}

/** What a closed store answers. */
export const storeClosed = (): StorageUnavailable => new StorageUnavailable('the store is closed', 'no');
