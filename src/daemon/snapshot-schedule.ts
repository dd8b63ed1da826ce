// Makes snapshots when they are due. One timer, for the next. A machine that was off or asleep over several makes up
// for one, not at once but when its start is over.
import type { Clock, Timer } from '../clock.ts';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { nextRun } from './cron.ts';

export interface ScheduleOptions {
  clock: Clock;
  log: Logger;
  /** As nextRun takes it. */
  pattern: string;
  /** When the last snapshot was made (wall-clock milliseconds); undefined when there is none. */
  last(): Promise<number | undefined>;
  /** Makes one and gives up those that are too many. */
  run(): Promise<void>;
}

/** A start has better things to do, and a cluster that is gone after a minute needs none. */
const AFTER_START_MS = 5 * 60_000;

export function createSnapshotSchedule({ clock, log, pattern, last, run }: ScheduleOptions): Component {
  let timer: Timer | undefined;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();

  /** From `after` on; the clock may have been set back since. */
  function arm(after: number, atLeastMs: number): void {
    const now = clock.now();
    const due = nextRun(pattern, Math.min(after, now));
    if (stopped || due === undefined) return;
    timer = clock.after(Math.max(due - now, atLeastMs), () => {
      running = fire(due);
    });
  }

  async function fire(due: number): Promise<void> {
    if (clock.now() >= due) {
      try {
        await run();
      } catch (error) {
        if (!stopped) log.error({ err: error }, 'the scheduled snapshot was not made');
      }
    }
    arm(clock.now(), 0);
  }

  return {
    name: 'snapshot schedule',
    async start() {
      // None yet counts as one that was missed.
      arm((await last()) ?? 0, AFTER_START_MS);
    },
    async stop() {
      stopped = true;
      timer?.cancel();
      await running;
    },
  };
}
