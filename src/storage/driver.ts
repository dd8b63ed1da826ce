// What a backend does: it makes batches of changes durable and gives them revisions, and it can read back what
// it holds. State, watch, conflicts, expiry and the choice of what to compact are above it, the same for all.
//
// One call of commit() is under way at a time; history() and compact() may run beside it. Values are JSON
// text of an object without its resourceVersion.
import type { Floor, Gap } from './floors.ts';
import type { Origin, Revision, StorageFull, StorageUnavailable } from './storage.ts';

/** Of a store in which nothing was written: 0 would read as "any" in a resourceVersion. */
export const FIRST_REVISION: Revision = 1;

/** 'relaxed': a commit does not wait for the disk, and a power cut takes the last second (docs/guarantees.md). */
export type Durability = 'full' | 'relaxed';

export type Op = 'create' | 'update' | 'delete';

export interface DriverChange {
  readonly op: Op;
  readonly key: string;
  /** Revision the key must be at; 0 when it must not exist. */
  readonly expected: Revision;
  /** Revision at which the object was created; 0 for a create, whose own revision it becomes. */
  readonly createRevision: Revision;
  /** For a delete: the last content, when it differs from what is stored. */
  readonly value?: string;
  /** Wall-clock milliseconds at which the object is to be deleted. */
  readonly expiresAt?: number;
  readonly origin?: Origin;
}

/**
 * A span in which the wall clock went on evenly: the first begins with a new store, another with each start of the
 * server and each jump of the clock. Times of the changes in one never decrease.
 */
export interface ClockSpan {
  /** The newest revision before it. */
  readonly after: Revision;
  /** Wall-clock milliseconds at its begin. */
  readonly time: number;
  /** Milliseconds for which the store had been open until then, in all. */
  readonly ran: number;
}

/** When a batch is committed. */
export interface CommitTime {
  /** Wall-clock milliseconds; not less than in the batch before, unless a span begins. */
  readonly time: number;
  /** The span that begins with this batch. */
  readonly span?: ClockSpan;
}

/** The change's revision; or its key was not as expected; or it alone could not be stored. */
export type CommitResult = Revision | 'conflict' | StorageUnavailable;

/** What a key holds now. */
export interface HeadRow {
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
  readonly value: string;
  readonly expiresAt: number | null;
  /** A checksum has shown that `value` is what was written. */
  readonly verified?: boolean;
  /** When it was written, by the clock of then; 0 where that is not known. */
  readonly time: number;
  /** It would be stored otherwise today (encrypted with another key): to be written even by an update without a change. */
  readonly stale?: boolean;
}

/** What a key is at. */
export type Head = Pick<HeadRow, 'key' | 'revision'>;

/** What a driver tells while it is open. */
export interface DriverEvents {
  /** The disk has run out of room; what was committed is stored nevertheless, or its commit rejects. */
  full(error: StorageFull): void;
}

/** One committed change. */
export interface LogRow {
  readonly revision: Revision;
  readonly key: string;
  readonly op: Op;
  readonly createRevision: Revision;
  /** Revision of what the key held before; 0 for a create. */
  readonly previousRevision: Revision;
  /** The new content; null for a delete that left the content as it was, or when it was asked to be left out. */
  readonly value: string | null;
  /** What the key held before; null for a create. */
  readonly previous: string | null;
  readonly time: number;
  readonly origin: Origin | null;
}

export interface HistoryQuery {
  /** Only keys that start with this; all when absent. */
  prefix?: string;
  /** Only this key. */
  key?: string;
  /** Only changes of this user. */
  user?: string;
  /** Only rows with a greater revision ... */
  after: Revision;
  /** ... up to and including this one, at most `limit`. */
  upTo: Revision;
  limit: number;
  /** Oldest first when absent. */
  newestFirst?: boolean;
  /** Leave out the value of a row that is still what its key holds. */
  omitCurrent?: boolean;
}

/** Reads what keys held at `revision`. */
export interface PastQuery {
  revision: Revision;
  /** Keys from this (inclusive) ... */
  from: string;
  /** ... to this (exclusive), in byte order, at most `limit`. */
  to: string;
  limit: number;
}

export interface CommittedAt {
  revision: Revision;
  time: number;
}

export type PastRow = Pick<HeadRow, 'key' | 'revision' | 'createRevision' | 'value'>;

export interface Opened {
  revision: Revision;
  /** Where history begins; none in a new store. */
  floors: readonly Floor[];
  /** Revisions that a power cut may have taken. */
  gap?: Gap | undefined;
  /** Oldest first; none in a new store. */
  spans: readonly ClockSpan[];
  /** Every page was looked at; otherwise findDamage() is to be asked while it serves. */
  whole: boolean;
}

export interface DriverStats {
  /** On disk. */
  bytes: number;
  walBytes: number;
  /** Of the changes that are kept although they are no longer current: what compaction can give up. */
  historyBytes: number;
}

export interface Driver {
  /** As in the URL scheme. */
  readonly name: string;
  /** Reads what is there: `receive` gets all head rows, page by page; those of one resource in byte order of keys. */
  open(receive: (rows: HeadRow[]) => void, events: DriverEvents): Promise<Opened>;
  /**
   * Resolves once the batch is durable, with the outcome of each change in order. Rejects with StorageUnavailable
   * when nothing of the batch was stored (outcome 'no'), or when that is not known: it takes no further batch then.
   */
  commit(changes: readonly DriverChange[], at: CommitTime): Promise<readonly CommitResult[]>;
  /** Rows of revisions that are not compacted; whoever asks checks that again afterwards. */
  history(query: HistoryQuery): Promise<LogRow[]>;
  /** What keys held at a revision that is not compacted, whatever was written since. Takes as long as there are keys. */
  past(query: PastQuery): Promise<PastRow[]>;
  /** How many rows `past` would return without a limit. */
  countPast(query: Omit<PastQuery, 'limit'>): Promise<number>;
  /** The newest change in (after, upTo] whose time is at most `time`; times must not decrease in that range. */
  newestAt(query: { after: Revision; upTo: Revision; time: number }): Promise<CommittedAt | undefined>;
  /**
   * Forgets what can only be seen before the floor, of the floor's resource; of all but `except` (prefixes with a floor
   * of their own) when its prefix is '/'. Remembers the floor. Idempotent; gives way to commits.
   */
  compact(floor: Floor, except: readonly string[]): Promise<void>;
  stats(): Promise<DriverStats>;
  /** Keys after `after`, in byte order. Answered in turn with commits: as of all that were answered before. */
  heads(query: { after: string; limit: number }): Promise<Head[]>;
  /** How much of the files is in use, and whether the disk has room again; a reserve that was given up is made anew. */
  space(): Promise<{ usedBytes: number; roomy: boolean }>;
  /** See Storage; only where something is on disk. */
  backup?(to: string, onProgress?: (done: number, total: number) => void): Promise<void>;
  /** Looks at every page, beside the writes, and says in one sentence what is damaged. Rejects when it was stopped before its end. */
  findDamage?(signal: AbortSignal): Promise<string | undefined>;
  /** Resolves when nothing of it runs any more and its files are released. */
  close(): Promise<void>;
}
