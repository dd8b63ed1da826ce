// What a store looks after by itself while it serves: within an hour of any change, is memory what the disk holds; and
// soon after a start that left it for later, is every page of a large file whole.
import type { Clock, Timer } from '../clock.ts';
import type { Logger } from '../log.ts';
import { compareWithDisk, type Difference, describeDifferences } from './compare.ts';
import type { Driver } from './driver.ts';
import type { Problems } from './problems.ts';
import type { State } from './state.ts';

const HOUR = 60 * 60_000;
/** Late enough not to slow down a cluster's start. */
const PAGES_AFTER_MS = 60_000;

export interface SelfCheck {
  /** To be told of each batch: something is to be looked at. */
  committed(): void;
  /** Compares now; what is found is a problem until a comparison finds nothing. */
  compare(): Promise<readonly Difference[]>;
  /** Looks at every page now. */
  findDamage(): Promise<string | undefined>;
  stop(): Promise<void>;
}

export function createSelfCheck(options: {
  clock: Clock;
  log: Logger;
  problems: Problems;
  driver: Driver;
  state: State;
  /** Every page was looked at before the start. */
  whole: boolean;
}): SelfCheck {
  const { clock, log, problems, driver, state } = options;
  const stopped = new AbortController();
  const timers = new Map<string, Timer>();
  let running: Promise<unknown> = Promise.resolve();

  function after(name: string, ms: number, work: () => Promise<unknown>): void {
    const timer = clock.after(ms, () => {
      timers.delete(name);
      running = Promise.all([running, work()]).then(
        () => undefined,
        (err: unknown) => log.warn({ err, check: name }, 'a check of the store came to no end'),
      );
    });
    timers.set(name, timer);
  }

  async function compare(): Promise<readonly Difference[]> {
    const found = await compareWithDisk(state, driver);
    if (found.length > 0) problems.raise('differs', describeDifferences(found));
    else problems.end('differs');
    return found;
  }

  /** While something differs it is looked at without being asked for by a change. */
  async function hourly(): Promise<void> {
    const found = await compare();
    if (found.length > 0 && !stopped.signal.aborted) after('compare', HOUR, hourly);
  }

  async function findDamage(): Promise<string | undefined> {
    const finding = await driver.findDamage?.(stopped.signal);
    if (finding !== undefined) problems.raise('damaged', finding);
    return finding;
  }

  async function checkPages(): Promise<void> {
    try {
      await findDamage();
    } catch (error) {
      // It was in the way of writers; what it was asked for is still to be done.
      if (!stopped.signal.aborted) after('pages', PAGES_AFTER_MS, checkPages);
      throw error;
    }
  }

  if (!options.whole) after('pages', PAGES_AFTER_MS, checkPages);
  return {
    committed() {
      if (!timers.has('compare')) after('compare', HOUR, hourly);
    },
    compare,
    findDamage,
    async stop() {
      stopped.abort();
      for (const timer of timers.values()) timer.cancel();
      await running;
    },
  };
}
