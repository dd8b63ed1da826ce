// The store over a driver: reads and watches from memory, writes through the driver, visible once durable.
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { Compaction, type CompactionPolicy, DEFAULT_COMPACTION } from './compaction.ts';
import type { Driver, DriverEvents, LogRow } from './driver.ts';
import type { Decode } from './entry.ts';
import { Expiry } from './expiry.ts';
import { Floors } from './floors.ts';
import { listPage } from './list.ts';
import { createPast } from './past.ts';
import { createProblems, type Problems } from './problems.ts';
import { decodeJson, entryOfHead, eventsOfRows } from './rows.ts';
import { createSelfCheck, type SelfCheck } from './self-check.ts';
import { createSpace, DEFAULT_QUOTA_BYTES, type Space } from './space.ts';
import { State } from './state.ts';
import {
  type Origin,
  type Revision,
  type Storage,
  type StorageEntry,
  StorageUnavailable,
  WriteConflict,
} from './storage.ts';
import { Timeline } from './timeline.ts';
import { createWakes } from './wakes.ts';
import { Cursor } from './watcher.ts';
import { storeClosed, Writes } from './writes.ts';

export interface HubOptions {
  clock: Clock;
  log: Logger;
  decode?: Decode;
  compaction?: CompactionPolicy;
  /** How many bytes of events are kept in memory at most; older ones are read from the driver. */
  maxEventBytes?: number;
  /** What the store may hold; default 4 GiB. */
  quotaBytes?: number;
}

const DEFAULT_EVENT_BYTES = 64 * 1024 * 1024;
/** As many revisions as are read back into memory at start, at most: what is older is read when it is asked for. */
const REFILL_REVISIONS = 2_000;
const HISTORY_PAGE = 1_000;
/** Nothing is expired before a restarted cluster had the time to renew what it wants to keep. */
const EXPIRY_GRACE_MS = 2 * 60_000;
/** By more than clocks are adjusted by all the time. */
const CLOCK_WAS_SET_BACK_MS = 60_000;
const EXPIRY_RETRY_MS = 10_000;
const EXPIRY: Origin = { user: 'system:apiserver', verb: 'expire' };

/** Opens `driver` and loads what it holds. */
export async function openHub(driver: Driver, options: HubOptions): Promise<Storage> {
  try {
    return await load(driver, options);
  } catch (error) {
    await driver.close();
    throw error;
  }
}

async function load(driver: Driver, options: HubOptions): Promise<Storage> {
  const { clock, log, decode = decodeJson, maxEventBytes = DEFAULT_EVENT_BYTES } = options;
  const { quotaBytes = DEFAULT_QUOTA_BYTES } = options;
  const loaded: StorageEntry[] = [];
  const expiring = new Map<string, Loaded>();
  const stale = new Set<string>();
  let space: Space | undefined;
  const events: DriverEvents = { full: (error) => space?.full(error) };
  const { revision, floors, gap, spans, whole } = await driver.open((rows) => {
    for (const row of rows) {
      loaded.push(entryOfHead(row, decode));
      if (row.expiresAt !== null) expiring.set(row.key, { at: row.expiresAt, written: row.time });
      if (row.stale) stale.add(row.key);
    }
  }, events);
  const state = new State({ revision, floors: new Floors(floors, gap), maxEventBytes });
  for (const entry of loaded) state.load(entry);
  const begun = spans.at(-1);
  const newest =
    begun && (await driver.newestAt({ after: begun.after, upTo: revision, time: Number.MAX_SAFE_INTEGER }));
  const timeline = new Timeline({ clock, spans, revision, newest: newest?.time });
  const policy = options.compaction ?? DEFAULT_COMPACTION;
  await refill({ driver, state, timeline, decode, policy });
  const problems = createProblems({ clock, log });
  const compaction = new Compaction({ clock, log, policy, driver, state, timeline, quotaBytes });
  space = createSpace({ driver, clock, problems, quotaBytes, relieve: () => compaction.relieve() });
  const selfCheck = createSelfCheck({ clock, log, problems, driver, state, whole });
  return createStorage({
    driver,
    problems,
    stale,
    space,
    selfCheck,
    state,
    timeline,
    expiring,
    clock,
    log,
    decode,
    policy,
    compaction,
  });
}

/** Puts back into memory what watches need, so that clients resume theirs across a restart without the driver. */
async function refill(parts: Pick<Parts, 'driver' | 'state' | 'timeline' | 'decode' | 'policy'>): Promise<void> {
  const { driver, state, timeline, decode, policy } = parts;
  const { revision, floors } = state;
  const when = timeline.whenRan(timeline.ran - policy.keepMs, revision);
  const aged = when ? ((await driver.newestAt(when))?.revision ?? when.after) : 0;
  const needed = Math.min(aged, revision - policy.keepRevisions);
  const floor = Math.max(floors.lowest.revision, needed, revision - REFILL_REVISIONS);
  const rows: LogRow[] = [];
  for (let after = floor; after < revision; ) {
    const page = await driver.history({ after, upTo: revision, limit: HISTORY_PAGE, omitCurrent: true });
    rows.push(...page);
    if (page.length < HISTORY_PAGE) break;
    after = page.at(-1)?.revision ?? revision;
  }
  const known = (key: string, at: Revision) => {
    const entry = state.get(key);
    return entry?.revision === at ? entry : undefined;
  };
  const kept = rows.filter((row) => row.revision > floors.of(row.key).revision);
  state.refill(floor, eventsOfRows(kept, decode, known));
}

/** When an object that was there at the start is due, and when it was written: by the clock of then. */
interface Loaded {
  at: number;
  written: number;
}

/** Never more than it had when it was written, whatever the clock says: a machine may start in 1970. */
const timeLeft = ({ at, written }: Loaded, now: number): number =>
  Math.min(at - now, written > 0 ? at - written : Number.POSITIVE_INFINITY);

interface Parts {
  driver: Driver;
  problems: Problems;
  stale: Set<string>;
  space: Space;
  selfCheck: SelfCheck;
  state: State;
  timeline: Timeline;
  expiring: Map<string, Loaded>;
  clock: Clock;
  log: Logger;
  decode: Decode;
  policy: CompactionPolicy;
  compaction: Compaction;
}

function createStorage(parts: Parts): Storage {
  const { driver, problems, stale, space, selfCheck, state, timeline, expiring, clock, log, decode } = parts;
  const { compaction } = parts;
  const waiters = new Set<{ revision: Revision; done: (reached: boolean) => void }>();
  const defer = createWakes(log);
  let closing: Promise<void> | undefined;

  const writes = new Writes({
    driver,
    state,
    timeline,
    decode,
    now: clock.now,
    stale,
    refusal(change) {
      const damaged = problems.get('damaged');
      return damaged ? new StorageUnavailable(damaged.message, 'no') : space.refusal(change);
    },
    publish(events, revision) {
      state.publish(events, revision);
      selfCheck.committed();
      space.committed(events.reduce((sum, { bytes }) => sum + bytes, 0));
      for (const { event, ttlMs } of events) {
        expiring.delete(event.entry.key);
        if (ttlMs !== undefined) expiry.set(event.entry.key, ttlMs);
        else expiry.clear(event.entry.key);
      }
      compaction.committed(events.reduce((sum, { bytes }) => sum + bytes, 0));
      for (const waiter of waiters) if (waiter.revision <= state.revision) waiter.done(true);
    },
  });

  const clockAhead = clock.now() - clock.monotonic();

  /** What is left, after all, to an object that seemed due by a clock that has been set back since; asked once for each. */
  function takeTimeLeft(key: string): number {
    const due = expiring.get(key);
    expiring.delete(key);
    const setBackBy = clockAhead - (clock.now() - clock.monotonic());
    return due && setBackBy > CLOCK_WAS_SET_BACK_MS ? timeLeft(due, clock.now()) : 0;
  }

  const expiry = new Expiry(clock, (key) => {
    const entry = state.get(key);
    if (!entry) return;
    const left = takeTimeLeft(key);
    if (left > 0) return expiry.set(key, left);
    writes.write({ op: 'delete', key, expected: entry.revision, origin: EXPIRY }).catch((error: unknown) => {
      if (error instanceof WriteConflict) return; // written meanwhile, with a deadline of its own or none
      log.warn({ err: error, key }, 'could not delete an expired object; will try again');
      expiry.set(key, EXPIRY_RETRY_MS);
    });
  });
  for (const [key, due] of expiring) expiry.set(key, Math.max(EXPIRY_GRACE_MS, timeLeft(due, clock.now())));

  const { readHistory, ...past } = createPast({ driver, state, timeline, decode });

  return {
    get revision() {
      return state.revision;
    },
    get compactRevision() {
      return state.floors.lowest.revision;
    },
    get: (key) => state.get(key),
    list: (prefix, listOptions) => listPage(state.resource(prefix), prefix, state.revision, listOptions),
    ...past,
    waitFor(revision, timeoutMs) {
      if (revision <= state.revision) return Promise.resolve(true);
      return new Promise((resolve) => {
        const waiter = {
          revision,
          done(reached: boolean) {
            waiters.delete(waiter);
            timer.cancel();
            resolve(reached);
          },
        };
        const timer = clock.after(timeoutMs, () => waiter.done(false));
        waiters.add(waiter);
      });
    },
    write: (change) => writes.write(change),
    watch: (prefix, { after }) => new Cursor({ state, prefix, after, readHistory, defer }),
    problems: problems.list,
    compare: selfCheck.compare,
    findDamage: selfCheck.findDamage,
    async stats() {
      const { bytes, walBytes, historyBytes } = await driver.stats();
      const { keys, revision } = state;
      const compactRevision = state.floors.lowest.revision;
      return { driver: driver.name, keys, revision, compactRevision, bytes, walBytes, historyBytes };
    },
    async backup(to, onProgress) {
      if (!driver.backup) {
        throw new StorageUnavailable(`the store is in ${driver.name} and has no file that could be copied`, 'no');
      }
      await driver.backup(to, onProgress);
    },
    close() {
      closing ??= (async () => {
        expiry.stop();
        for (const waiter of waiters) waiter.done(false);
        await writes.close(storeClosed());
        const compacted = compaction.stop();
        await space.stop();
        await selfCheck.stop();
        await driver.close(); // ends a compaction that is under way
        await compacted;
      })();
      return closing;
    },
  };
}
