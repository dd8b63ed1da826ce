// The two files as one store with one counter. `state.db` waits for the disk at each commit; `volatile.db`, for
// what a cluster makes anew by itself (Events, Leases), does not, which spares an idle node nearly all fsyncs.
//
// Revisions are never reused: a block of them is reserved in state.db ahead of use, and after a power cut, which may
// have taken revisions that were already handed out, counting goes on after the block; watches from before cannot go on,
// and what the volatile file says of before is not to be read.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { isMissingFile } from '../../missing-file.ts';
import {
  type ClockSpan,
  type CommitTime,
  type CommittedAt,
  type DriverChange,
  type DriverStats,
  type Durability,
  FIRST_REVISION,
  type Head,
  type HeadRow,
  type HistoryQuery,
  type LogRow,
  type PastQuery,
  type PastRow,
} from '../driver.ts';
import type { Floor, Gap } from '../floors.ts';
import { compareKeys } from '../keys.ts';
import type { Revision } from '../storage.ts';
import type { BackupProgress } from './backup.ts';
import { openDatabase } from './database.ts';
import { type Encryption, noEncryption } from './encryption.ts';
import { describeFailure, UnusableDatabase } from './errors.ts';
import { failpoint } from './failpoints.ts';
import { assertSuitable } from './file-system.ts';
import { type Lock, takeLock } from './lock.ts';
import type { WireResult } from './protocol.ts';
import { createTables, type Tables } from './tables.ts';
import { floorsOf, isVolatile, VOLATILE_FILE } from './volatile.ts';

const RESERVED_REVISIONS = 10_000;

/** Work in steps: each yield ends one. */
export type Steps<T> = Generator<undefined, T, undefined>;

export interface Store {
  revision: Revision;
  floors: readonly Floor[];
  gap: Gap | undefined;
  spans: readonly ClockSpan[];
  /** Every page of both files was looked at. */
  whole: boolean;
  /** What the user should know about how it was found. */
  notices: string[];
  load(receive: (rows: HeadRow[]) => void): void;
  commit(changes: readonly DriverChange[], at: CommitTime): WireResult[];
  /** These are to be run step by step; others may have their turn in between. */
  history(query: HistoryQuery): Steps<LogRow[]>;
  past(query: PastQuery): Steps<PastRow[]>;
  countPast(query: Omit<PastQuery, 'limit'>): Steps<number>;
  newestAt(query: { after: Revision; upTo: Revision; time: number }): CommittedAt | undefined;
  /** One slice; false when there is no more. `rows` is the least to look at. */
  compactSlice(floor: Floor, options: { except: readonly string[]; rows: number }): boolean;
  /** One slice of the index of versions; false when it is not far enough behind. */
  indexSlice(): boolean;
  vacuumSlice(): boolean;
  walBacklog(): number;
  checkpoint(): void;
  sizes(): DriverStats;
  usedBytes(): number;
  heads(query: { after: string; limit: number }): Head[];
  /** Copies state.db; commits go on between the steps. */
  backUp(to: string, onProgress: BackupProgress): Promise<void>;
  close(): void;
  /** Closes and leaves the files as they are, not even moving the WAL: for what turned out damaged while loading. */
  abandon(): void;
}

/** Opens `state.db` at `file` and `volatile.db` beside it, making what is missing. */
export async function openStore(
  file: string,
  { durability = 'full', encryption = noEncryption }: { durability?: Durability; encryption?: Encryption } = {},
): Promise<Store> {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const notices = assertSuitable(file);
  const lock = takeLock(file);
  const opened: Tables[] = [];
  try {
    const main = await openDatabase(file, { durable: durability === 'full' });
    const state = createTables(main.db, file, encryption);
    opened.push(state);
    const second = await openVolatile(path.join(path.dirname(file), 'volatile.db'), { notices, encryption });
    opened.push(second.tables);
    const lostVolatile = second.fresh && !main.fresh;
    const whole = main.whole && second.whole;
    return begin({ state, volatile: second.tables, lock, notices, lostVolatile, whole, durability });
  } catch (error) {
    for (const tables of opened) tables.closeUntouched();
    lock.release();
    throw error;
  }
}

/** A volatile.db that cannot be used is put aside: the cluster makes its content anew. */
async function openVolatile(
  file: string,
  { notices, encryption }: { notices: string[]; encryption: Encryption },
): Promise<{ tables: Tables; fresh: boolean; whole: boolean }> {
  try {
    const { db, fresh, whole } = await openDatabase(file, VOLATILE_FILE);
    return { tables: createTables(db, file, encryption), fresh, whole };
  } catch (error) {
    if (!(error instanceof UnusableDatabase)) throw error;
    notices.push(`${error.message}; it was put aside as ${file}.unusable, and Events and Leases start anew`);
    for (const suffix of ['', '-wal', '-shm']) moveAside(`${file}${suffix}`, `${file}.unusable${suffix}`);
    const { db, fresh, whole } = await openDatabase(file, VOLATILE_FILE);
    return { tables: createTables(db, file, encryption), fresh, whole };
  }
}

function moveAside(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!isMissingFile(error)) throw error;
  }
}

/** Changes with every boot of the machine; empty where that cannot be told. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function begin(options: {
  state: Tables;
  volatile: Tables;
  lock: Lock;
  notices: string[];
  lostVolatile: boolean;
  whole: boolean;
  durability: Durability;
}): Store {
  const { state, volatile, lock, notices, durability } = options;
  const both = [state, volatile];
  const boot = bootId();
  const number = (tables: Tables, name: string) => Number(tables.meta(name) ?? 0);

  let ceiling = number(state, 'rev_ceiling');
  const stored = both.flatMap((tables) => tables.compaction.floors());
  const gapUpTo = number(state, 'gap_upto');
  let gap: Gap | undefined = gapUpTo > 0 ? { after: number(state, 'gap_after'), upTo: gapUpTo } : undefined;
  /** Before this all history was given up at once: a snapshot was restored, or an older program said so. */
  const begin = Math.max(...both.map((t) => number(t, 'compact_rev')));
  let revision = Math.max(
    FIRST_REVISION,
    ...both.map((t) => t.newestRevision()),
    ...stored.map((floor) => floor.revision),
    begin,
    gapUpTo,
  );
  const known = Math.max(state.newestRevision(), ...state.compaction.floors().map((floor) => floor.revision));
  if (known > ceiling) {
    throw new UnusableDatabase(
      `${state.path} is damaged (revisions above the reserved ones); restore a snapshot (tsukube snapshot restore)`,
    );
  }

  const lastBoot = state.meta('boot_id'); // none when nothing was ever committed
  const powerCut = state.meta('clean') !== 1 && (boot === '' || lastBoot !== boot);
  // Revisions of both are reserved in state.db, so one that is beyond them was given out by a newer state.db than this.
  const wentBack = volatile.newestRevision() > ceiling;
  if (lastBoot !== undefined && (powerCut || options.lostVolatile || wentBack)) {
    const relaxed = state.meta('durability') === 'relaxed' ? ' with --durability=relaxed, its last second is lost' : '';
    const what = wentBack
      ? `${state.path} is older than ${volatile.path}, as if it had been copied back`
      : powerCut
        ? `the machine went down while the store was open${relaxed}`
        : `${volatile.path} is gone`;
    notices.push(`${what}: clients have to list anew`);
    gap = { after: Math.min(revision, ceiling), upTo: Math.max(revision, ceiling) };
    revision = Math.max(revision, ceiling);
  }
  const filesOf = (prefix: string): Tables[] => (prefix === '/' ? both : [isVolatile(prefix) ? volatile : state]);
  /** Opening writes nothing, so that a store on a full disk can still be read; the first commit marks it as open. */
  let marked = false;

  function commit(changes: readonly DriverChange[], at: CommitTime): WireResult[] {
    const results: WireResult[] = [];
    let next = revision;
    const targets = changes.map((change) => (isVolatile(change.key) ? volatile : state));
    const reserved = revision + changes.length > ceiling ? Math.max(ceiling, revision) + RESERVED_REVISIONS : ceiling;
    const marks = !marked || reserved > ceiling || at.span !== undefined;
    const used = both.filter((tables) => targets.includes(tables) || (marks && tables === state));
    try {
      // What keeps revisions from being used twice has to be on disk before the first of them is.
      if (marks && durability === 'relaxed') state.waitForDisk(true);
      for (const tables of used) tables.begin();
      if (marks) {
        if (state.meta('uid') === undefined) state.setMeta('uid', `uid:${randomUUID()}`); // inspect.ts looks for it
        state.setMeta('rev_ceiling', reserved);
        state.setMeta('clean', 0);
        state.setMeta('boot_id', boot);
        state.setMeta('durability', durability);
        if (gap) {
          state.setMeta('gap_after', gap.after);
          state.setMeta('gap_upto', gap.upTo);
        }
        if (at.span) state.beginSpan(at.span);
        state.compaction.saveCount();
      }
      for (const [i, change] of changes.entries()) {
        results.push(targets[i]!.apply(change, next + 1, at.time) ? ++next : 'conflict');
      }
      failpoint('before-commit');
      if (used.includes(state)) state.commit();
      failpoint('after-commit');
    } catch (error) {
      for (const tables of used) tables.rollback();
      throw error;
    } finally {
      if (marks && durability === 'relaxed') state.waitForDisk(false);
    }
    ceiling = reserved;
    marked = true;
    revision = next;
    if (!used.includes(volatile)) return results;
    try {
      volatile.commit();
    } catch (error) {
      volatile.rollback();
      const failure = describeFailure(error, volatile.path);
      return results.map((result, i) => (targets[i] === volatile ? failure : result));
    }
    return results;
  }

  return {
    revision,
    floors: floorsOf(stored, { begin, lostVolatileUpTo: gap?.upTo ?? 0 }),
    gap,
    spans: state.spans(),
    whole: options.whole,
    notices,
    load(receive) {
      for (const tables of both) tables.load(receive);
    },
    commit,
    *history(query) {
      const parts: LogRow[] = [];
      for (const tables of filesOf(query.key ?? query.prefix ?? '/')) parts.push(...(yield* tables.history(query)));
      const order = query.newestFirst ? -1 : 1;
      return parts.sort((a, b) => order * (a.revision - b.revision)).slice(0, query.limit);
    },
    *past(query) {
      const parts: PastRow[] = [];
      for (const tables of filesOf(query.from)) parts.push(...(yield* tables.past(query)));
      return parts.sort((a, b) => compareKeys(a.key, b.key)).slice(0, query.limit);
    },
    *countPast(query) {
      let count = 0;
      for (const tables of filesOf(query.from)) count += yield* tables.countPast(query);
      return count;
    },
    newestAt(query) {
      const found = both.flatMap((tables) => tables.newestAt(query) ?? []);
      return found.sort((a, b) => b.revision - a.revision)[0];
    },
    heads({ after, limit }) {
      const rows = both.flatMap((tables) => tables.heads(after, limit));
      return rows.sort((a, b) => compareKeys(a.key, b.key)).slice(0, limit);
    },
    usedBytes: () => both.reduce((sum, tables) => sum + tables.usedBytes(), 0),
    compactSlice: (floor, compactOptions) =>
      filesOf(floor.prefix)
        .map((tables) => tables.compaction.compactSlice(floor, compactOptions))
        .includes(true),
    indexSlice: () => state.indexSlice(), // what is volatile is kept for minutes: its log is short
    vacuumSlice: () => both.map((tables) => tables.vacuumSlice()).includes(true),
    walBacklog: () => Math.max(...both.map((tables) => tables.walBacklog())),
    checkpoint() {
      for (const tables of both) tables.checkpoint();
    },
    sizes() {
      const [a, b] = both.map((tables) => tables.sizes());
      const { historyBytes } = state.compaction;
      return { bytes: a!.bytes + b!.bytes, walBytes: a!.walBytes + b!.walBytes, historyBytes };
    },
    backUp: (to, onProgress) => state.backUp(to, onProgress),
    close() {
      try {
        for (const tables of both) tables.truncateWal();
        state.compaction.saveCount();
        state.setMeta('clean', 1);
        state.truncateWal();
      } finally {
        // Without the mark, or with a long WAL, the next start takes longer and loses nothing.
        for (const tables of both) tables.close();
        lock.release();
      }
    },
    abandon() {
      for (const tables of both) tables.closeUntouched();
      lock.release();
    },
  };
}
