// When history is given up. Watches need what is younger than an age or among the newest revisions (upstream compacts
// every 5 minutes what is 5 minutes old); history is asked for by time, for each resource its own, and by size. Age is
// time for which the store was open, so that no jump of the wall clock ages anything.
// A timer runs only while there is something left to give up.
import type { Clock, Timer } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Driver } from './driver.ts';
import { VOLATILE_PREFIXES } from './keys.ts';
import type { State } from './state.ts';
import type { Revision } from './storage.ts';
import type { Timeline } from './timeline.ts';

export interface CompactionPolicy {
  /** Of every resource both are kept, however much history is asked for: what watches resume from. */
  keepMs: number;
  keepRevisions: number;
  everyMs: number;
  /** For how long history is kept; what watches need when absent. */
  historyMs?: number;
  /** The oldest history is given up beyond this many bytes. */
  historyBytes?: number;
  /** History of single resources, by storage prefix, in place of historyMs. */
  historyOf?: ReadonlyMap<string, number>;
}

const HOUR_MS = 3_600_000;

export const DEFAULT_COMPACTION: CompactionPolicy = {
  keepMs: 5 * 60_000,
  keepRevisions: 1_000,
  everyMs: 60_000,
  historyMs: 48 * HOUR_MS,
  historyBytes: 512 * 1024 * 1024,
  historyOf: new Map(VOLATILE_PREFIXES.map((prefix) => [prefix, 0])),
};

/** What watches need takes no more than historyBytes either, unless that is less than this; keepRevisions always stay. */
const MIN_WATCHED_BYTES = 64 * 1024 * 1024;
/** Looks for what is beyond the size again after this part of it was written. */
const SIZE_STEPS = 8;
const MIN_SIZE_STEP = 8 * 1024 * 1024;
const MAX_SIZE_ROUNDS = 12;

/** The resources that are given up at one time. */
interface Scope {
  readonly prefix: string;
  readonly keepMs: number;
  /** How often to look: more often would only write more. */
  readonly stepMs: number;
  /** When to look next, in time for which the store was open. */
  due: number;
}

export interface CompactionOptions {
  clock: Clock;
  log: Logger;
  policy: CompactionPolicy;
  driver: Driver;
  state: State;
  timeline: Timeline;
  /** What the store may hold in all: history takes no more than a part of it, so that objects have room. */
  quotaBytes: number;
}

export class Compaction {
  #options: CompactionOptions;
  #scopes: Scope[];
  /** Beyond the first the oldest history is given up, beyond the second also what watches need. */
  #limits: { history: number; watched: number };
  /** The newest revision committed before each time, oldest first. */
  #marks: { before: number; revision: Revision }[] = [];
  /** The newest revision that watches no longer need for its age. */
  #aged: Revision;
  /** Up to here memory holds no events. */
  #forgotten: Revision;
  #bytesSinceLook = 0;
  #timer: Timer | undefined;
  /** Of the monotonic clock. */
  #firesAt = 0;
  #running: Promise<void> | undefined;
  #stopped = false;
  #relieving = false;

  constructor(options: CompactionOptions) {
    this.#options = options;
    const { policy, state, quotaBytes } = options;
    const { keepMs, historyMs = 0, historyOf = new Map<string, number>() } = policy;
    const history = Math.min(policy.historyBytes ?? Number.POSITIVE_INFINITY, quotaBytes / 4);
    this.#limits = { history, watched: Math.max(history, MIN_WATCHED_BYTES) };
    const scope = (prefix: string, ms: number): Scope => {
      const keep = Math.max(keepMs, ms);
      return { prefix, keepMs: keep, stepMs: Math.min(HOUR_MS, Math.max(policy.everyMs, keep)), due: 0 };
    };
    const prefixes = new Set([...historyOf.keys(), ...state.floors.prefixes]);
    prefixes.delete('/');
    for (const prefix of prefixes) state.floors.own(prefix);
    this.#scopes = [...prefixes].map((prefix) => scope(prefix, historyOf.get(prefix) ?? historyMs));
    this.#scopes.push(scope('/', historyMs));
    this.#aged = this.#forgotten = Math.min(...this.#scopes.map(({ prefix }) => state.floors.own(prefix).revision));
    this.committed(1); // looks at what an earlier run left
  }

  /** To be told of each batch that became visible, with the bytes that it stored. */
  committed(bytes: number): void {
    const { clock, policy, state } = this.#options;
    // Marks are as coarse as this step: a revision is kept a little longer, never shorter.
    const step = policy.everyMs / 4;
    const before = (Math.floor(clock.monotonic() / step) + 1) * step;
    const last = this.#marks.at(-1);
    if (last?.before === before) last.revision = state.revision;
    else this.#marks.push({ before, revision: state.revision });
    this.#bytesSinceLook += bytes;
    if (this.#bytesSinceLook > Math.max(this.#limits.history / SIZE_STEPS, MIN_SIZE_STEP)) this.#start();
    else this.#arm();
  }

  /** For want of room, all history goes that watches do not need, once. */
  relieve(): void {
    this.#relieving = true;
    this.#start();
  }

  /** Starts nothing more; what is under way ends with the driver. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    return this.#running ?? Promise.resolve();
  }

  #arm(): void {
    if (this.#stopped || this.#running) return;
    const wait = this.#untilNext();
    if (wait === undefined) return;
    const { clock } = this.#options;
    const at = clock.monotonic() + wait;
    // What is written later may have to go sooner than what the timer was started for.
    if (this.#timer && this.#firesAt <= at) return;
    this.#timer?.cancel();
    this.#firesAt = at;
    this.#timer = clock.after(wait, () => this.#start());
  }

  /** Milliseconds until there may be something to give up; undefined when nothing is left that could be. */
  #untilNext(): number | undefined {
    const { policy, state, timeline } = this.#options;
    const limit = state.revision - policy.keepRevisions;
    if (limit > this.#forgotten) return policy.everyMs;
    const waiting = this.#scopes.filter(({ prefix }) => limit > state.floors.own(prefix).revision);
    if (waiting.length === 0) return undefined;
    return Math.max(policy.everyMs, Math.min(...waiting.map(({ due }) => due)) - timeline.ran);
  }

  #start(): void {
    if (this.#stopped || this.#running) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    const { log } = this.#options;
    const failed = (error: unknown) => {
      if (!this.#stopped) log.warn({ err: error }, 'giving up old history failed; will try again');
    };
    this.#running = this.#run()
      .catch(failed)
      .finally(() => {
        this.#running = undefined;
        this.#arm();
      });
  }

  async #run(): Promise<void> {
    const { policy, state, timeline } = this.#options;
    const grown = this.#bytesSinceLook > 0;
    this.#bytesSinceLook = 0;
    const watched = this.#watched();
    this.#forgotten = watched;
    state.forget(watched);
    const due = this.#scopes.filter((scope) => scope.due <= timeline.ran);
    // Before anything is deleted, so that whoever reads beside it finds out.
    const raised = due.filter((scope) => scope.keepMs <= policy.keepMs && this.#raise(scope, watched));
    for (const scope of due) {
      scope.due = timeline.ran + scope.stepMs;
      if (scope.keepMs > policy.keepMs && this.#raise(scope, await this.#aging(scope, watched))) raised.push(scope);
    }
    for (const scope of raised) await this.#compact(scope);
    if (grown || this.#relieving) await this.#limitSize(this.#relieving ? 0 : this.#limits.history, watched);
    this.#relieving = false;
  }

  /** The newest revision that no watch needs. */
  #watched(): Revision {
    const { clock, policy, state } = this.#options;
    const oldEnough = clock.monotonic() - policy.keepMs;
    while (this.#marks[0] && this.#marks[0].before <= oldEnough) this.#aged = this.#marks.shift()!.revision;
    return Math.max(this.#forgotten, Math.min(this.#aged, state.revision - policy.keepRevisions));
  }

  /** The newest revision that is as old as the history of `scope` may be. */
  async #aging(scope: Scope, watched: Revision): Promise<Revision> {
    const { driver, state, timeline } = this.#options;
    const when = timeline.whenRan(timeline.ran - scope.keepMs, state.revision);
    if (!when) return 0;
    const newest = await driver.newestAt(when);
    return Math.min(watched, newest?.revision ?? when.after);
  }

  #raise({ prefix }: Scope, revision: Revision): boolean {
    const { floors } = this.#options.state;
    if (revision <= floors.own(prefix).revision) return false;
    floors.raise({ prefix, revision });
    return true;
  }

  async #compact({ prefix }: Scope): Promise<void> {
    const { driver, state } = this.#options;
    const { revision } = state.floors.own(prefix);
    const newest = await driver.newestAt({ after: 0, upTo: revision, time: Number.MAX_SAFE_INTEGER });
    const floor = { prefix, revision, time: newest?.time };
    state.floors.raise(floor);
    await driver.compact(
      floor,
      prefix === '/' ? this.#scopes.map((scope) => scope.prefix).filter((p) => p !== '/') : [],
    );
  }

  async #limitSize(limit: number, watched: Revision): Promise<void> {
    const { driver, policy, state } = this.#options;
    for (let round = 0; round < MAX_SIZE_ROUNDS; round++) {
      const { historyBytes } = await driver.stats();
      if (historyBytes <= limit || this.#stopped) return;
      const most = historyBytes > this.#limits.watched ? state.revision - policy.keepRevisions : watched;
      // How much each revision takes is not known, so this draws near from the safe side.
      const part = (1 - limit / historyBytes) / 2;
      const raised = this.#scopes.filter((scope) => {
        const { revision } = state.floors.own(scope.prefix);
        return this.#raise(scope, Math.min(most, revision + Math.ceil((state.revision - revision) * part)));
      });
      if (raised.length === 0) return;
      for (const scope of raised) await this.#compact(scope);
    }
  }
}
