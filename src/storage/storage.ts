// The seam between the API machinery and the store: versioned objects under byte-ordered keys, with watch.
// It knows no Pods. Semantics are the checklist in docs/guarantees.md; every driver passes test/storage/.
//
// Keys are `/<group or core>/<resource>/<namespace>/<name>` (`/<group>/<resource>/<name>` when cluster-scoped).
// The first two segments name the resource: events of one resource share a ring. Lists are in byte order of keys.
// Revisions are one counter for the whole store; an object's metadata.resourceVersion is the revision of its
// last change. Nothing is visible, to reads or watches, before it is durable.
import type { KubeObject } from '../apimachinery/meta.ts';
import type { Difference } from './compare.ts';
import type { StorageProblem } from './problems.ts';

export type Revision = number; // < 2^53

/** One object as of one revision. Immutable: `object` is deeply frozen and carries its resourceVersion. */
export interface StorageEntry {
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
  readonly object: KubeObject;
  /** Whether bigints may be in `object`; false for nearly all, so that nobody has to look. */
  readonly mayHoldBigints: boolean;
  /** Encodings of `object`, made once by whoever first needs one; the key names media type and version. */
  readonly encodings: Map<string, Uint8Array>;
  /** What was stored of it, in the turn in which it is published and no longer: encodings can be made of it. */
  readonly written?: Written | undefined;
}

/** The JSON of an object without its type and revision. */
export interface Written {
  readonly metadata: string;
  /** What follows: `,"spec":{…}}`, or `}`. */
  readonly rest: string;
}

/** One committed change. For DELETED `entry` is the last content, stamped with the revision of the deletion. */
export interface StorageEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: Revision;
  readonly entry: StorageEntry;
  /** What the key held before; absent for ADDED. */
  readonly previous?: StorageEntry;
  /** Watch frames of this event, made once and shared by all watchers. */
  readonly frames: Map<string, Uint8Array>;
}

/** Who made a change and by what means; kept with each revision for its history, each text cut to 256 characters. */
export interface Origin {
  /** Name of the authenticated user, after impersonation. */
  readonly user: string;
  /** Of the request: create, update, patch, apply, delete, deletecollection; or the store's own 'expire'. */
  readonly verb: string;
  readonly subresource?: string;
  readonly userAgent?: string;
  readonly fieldManager?: string;
}

/** One committed change as history shows it. */
export interface Revised extends StorageEvent {
  /** Wall-clock milliseconds of the commit, as the clock stood then. */
  readonly time: number;
  readonly origin: Origin | undefined;
}

/** A write. `expected` is the revision the key must be at, 0 when it must not exist. */
export type Change = { readonly origin?: Origin } & (
  | { op: 'create'; key: string; object: KubeObject; ttlSeconds?: number }
  | { op: 'update'; key: string; expected: Revision; object: KubeObject; ttlSeconds?: number }
  /** `object` is the last content to show in the DELETED event when it differs from the stored one. */
  | { op: 'delete'; key: string; expected: Revision; object?: KubeObject }
);

/** The key was not at the expected revision. `current` is what it holds now, if anything. */
export class WriteConflict extends Error {
  readonly key: string;
  readonly current: StorageEntry | undefined;
  constructor(key: string, current: StorageEntry | undefined) {
    super(`${key} is at revision ${current?.revision ?? 'none'}`);
    this.name = 'WriteConflict';
    this.key = key;
    this.current = current;
  }
}

/** The asked revision or time was given up; the oldest revision that can still be read there is `compactRevision`. */
export class Compacted extends Error {
  readonly compactRevision: Revision;
  constructor(compactRevision: Revision) {
    super(`revisions before ${compactRevision} have been compacted`);
    this.name = 'Compacted';
    this.compactRevision = compactRevision;
  }
}

/** The store cannot take writes (or its outcome is unknown). `reason` says why in one sentence. */
export class StorageUnavailable extends Error {
  readonly outcome: 'no' | 'unknown';
  constructor(reason: string, outcome: 'no' | 'unknown', cause?: unknown) {
    super(reason, { cause });
    this.name = 'StorageUnavailable';
    this.outcome = outcome;
  }
}

/** There is no room for what would make the store larger; what makes room, or takes none, can be written. */
export class StorageFull extends StorageUnavailable {
  constructor(reason: string) {
    super(reason, 'no');
    this.name = 'StorageFull';
  }
}

/** The object's encoding is larger than the store takes. */
export class ValueTooLarge extends Error {
  constructor(key: string, bytes: number, limit: number) {
    super(`${key} would be stored in ${bytes} bytes, more than the ${limit} allowed`);
    this.name = 'ValueTooLarge';
  }
}

export interface ListOptions {
  /** First key to look at (inclusive); default the first under the prefix. */
  start?: string;
  /** Ends the page after this many entries for which `filter` held. */
  limit?: number;
  filter?: (entry: StorageEntry) => boolean;
}

export interface ListPage {
  entries: StorageEntry[];
  /** The instant at which all entries were read. */
  revision: Revision;
  /** Where the next page starts; undefined when nothing is left. */
  next?: string;
  /** Keys left after this page, filter not applied. */
  remaining: number;
}

/**
 * A cursor into the events of one prefix. take() returns what has come since, [] when it is caught up.
 * It may answer from disk when it fell behind memory, hence the promise; it throws (rejects) Compacted.
 */
export interface Watcher {
  take(max: number): StorageEvent[] | Promise<StorageEvent[]>;
  /** Calls `wake` once, as soon as take() may return something new. Replaces an earlier, uncalled one. */
  onReady(wake: () => void): void;
  /** Every event of the prefix with a revision up to this one has been taken: what a bookmark may promise. */
  readonly position: Revision;
  close(): void;
}

export interface WatchOptions {
  /** Events with a greater revision are delivered. Throws Compacted when that is too old. */
  after: Revision;
}

/** Which changes to read: newest first, at most `limit`. */
export interface ChangesQuery {
  /** Changes of keys under this, which ends in '/' ('/' is the whole store); with `exact` the key itself. */
  readonly prefix: string;
  readonly exact?: boolean;
  /** Only revisions greater than this ... */
  readonly after?: Revision;
  /** ... and not greater than this. */
  readonly upTo?: Revision;
  readonly limit: number;
  /** Only changes of this user. */
  readonly user?: string;
}

export interface Storage {
  /** Revision of the newest visible change. */
  readonly revision: Revision;
  /** Nothing of any resource can be read at a revision before this; of some resources less (see `oldest`). */
  readonly compactRevision: Revision;

  get(key: string): StorageEntry | undefined;
  /** Current state under `prefix` (which ends in '/'), consistent at `revision`. */
  list(prefix: string, options?: ListOptions): ListPage;
  /** The same at an older revision. Rejects with Compacted; `revision` must not exceed the current one. */
  listAt(prefix: string, revision: Revision, options?: ListOptions): Promise<ListPage>;
  /** What `key` held at `revision`. Rejects with Compacted, RangeError when `revision` is yet to come. */
  getAt(key: string, revision: Revision): Promise<StorageEntry | undefined>;
  /**
   * The newest revision that was committed at or before `time` (wall-clock ms). When the clock was set back, its newest
   * run that reaches back to `time` counts. Rejects with Compacted when `time` lies before what is kept.
   */
  revisionAt(time: number): Promise<Revision>;
  /** Committed changes as far as they are kept, newest first. What is older than `oldest(prefix)` is left out. */
  changes(query: ChangesQuery): Promise<Revised[]>;
  /** The oldest revision at which what is under `prefix` (or a key) can be read, and when that was, if known. */
  oldest(prefix: string): Promise<{ revision: Revision; time: number | undefined }>;
  /** Resolves true once `revision` is visible, false after `timeoutMs`. */
  waitFor(revision: Revision, timeoutMs: number): Promise<boolean>;

  /**
   * Resolves when the change is durable and visible, with the new entry (for a delete: the last content).
   * Writes to one key are taken in call order. Rejects with WriteConflict or StorageUnavailable.
   * An update whose object equals the stored one makes no revision and resolves with the stored entry.
   */
  write(change: Change): Promise<StorageEntry>;

  watch(prefix: string, options: WatchOptions): Watcher;

  /** What is wrong while it serves; [] when all is well. */
  problems(): readonly StorageProblem[];
  /** Compares memory with disk: the first differences, which are a problem from then on. */
  compare(): Promise<readonly Difference[]>;
  /** Looks at every page on disk, beside the writes: one sentence about what is damaged, which is a problem from then on. */
  findDamage(): Promise<string | undefined>;
  stats(): Promise<StorageStats>;
  /**
   * Writes a whole copy of the database, without Events and Leases, to the new file `to`, while writes go on: it holds
   * what was committed when the promise resolves. Rejects with StorageUnavailable, always when nothing is on disk.
   */
  backup(to: string, onProgress?: (done: number, total: number) => void): Promise<void>;
  close(): Promise<void>;
}

export interface StorageStats {
  driver: string;
  keys: number;
  revision: Revision;
  compactRevision: Revision;
  /** Bytes on disk; 0 for memory. */
  bytes: number;
  walBytes: number;
  /** Of versions that are no longer current. */
  historyBytes: number;
}
