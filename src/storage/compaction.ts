// When history is given up: what is older than both an age and a number of revisions (upstream compacts every
// 5 minutes what is 5 minutes old). A timer runs only while there is something left to give up.
import type { Clock, Timer } from '../clock.ts';
import type { Revision } from './storage.ts';

export interface CompactionPolicy {
  keepMs: number;
  keepRevisions: number;
  everyMs: number;
}

export const DEFAULT_COMPACTION: CompactionPolicy = { keepMs: 5 * 60_000, keepRevisions: 1_000, everyMs: 60_000 };

export class Compaction {
  #clock: Clock;
  #policy: CompactionPolicy;
  #compact: (to: Revision) => Promise<void>;
  /** The newest revision committed before each time, oldest first. */
  #marks: { before: number; revision: Revision }[] = [];
  #newest: Revision;
  /** The newest revision that is old enough. */
  #aged: Revision;
  #compacted: Revision;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: {
    clock: Clock;
    policy: CompactionPolicy;
    revision: Revision;
    compactRevision: Revision;
    /** Must not reject. */
    compact: (to: Revision) => Promise<void>;
  }) {
    this.#clock = options.clock;
    this.#policy = options.policy;
    this.#compact = options.compact;
    this.#compacted = options.compactRevision;
    this.#newest = options.revision;
    this.#aged = options.compactRevision;
    if (options.revision > options.compactRevision) this.committed(options.revision);
  }

  /** To be told of each new revision. */
  committed(revision: Revision): void {
    this.#newest = revision;
    // Marks are as coarse as this step: a revision is kept a little longer, never shorter.
    const step = this.#policy.everyMs / 4;
    const before = (Math.floor(this.#clock.monotonic() / step) + 1) * step;
    const last = this.#marks.at(-1);
    if (last?.before === before) last.revision = revision;
    else this.#marks.push({ before, revision });
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#running;
  }

  #arm(): void {
    this.#timer ??= this.#clock.after(this.#policy.everyMs, () => {
      this.#timer = undefined;
      this.#running = this.#run();
    });
  }

  async #run(): Promise<void> {
    const oldEnough = this.#clock.monotonic() - this.#policy.keepMs;
    while (this.#marks[0] && this.#marks[0].before <= oldEnough) this.#aged = this.#marks.shift()!.revision;
    const target = Math.min(this.#aged, this.#newest - this.#policy.keepRevisions);
    if (target > this.#compacted) {
      this.#compacted = target;
      await this.#compact(target);
    }
    if (this.#newest - this.#policy.keepRevisions > this.#compacted) this.#arm();
  }
}
