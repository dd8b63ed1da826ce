// Keeps a subscription to a runtime's events alive: when it ends, because the runtime has, the runtime is brought back
// and asked again, with a growing pause between attempts. After each time that it has begun the caller lists, so that
// nothing is missed; and rarely in between, should the runtime have lost an event.
import { type Clock, sleep } from '../../clock.ts';
import type { Logger } from '../../log.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A runtime may list as running what has told of its end a moment before. */
const SETTLING_MS = 1_000;
/** As often as upstream's kubelet lists when it has events: eventedPlegRelistPeriod in pkg/kubelet/kubelet.go. */
const RELIST_MS = 300_000;

export interface FollowOptions {
  clock: Clock;
  log: Logger;
  /** Called before every attempt but the first: brings the runtime back when it has ended. */
  revive(): Promise<void>;
  /** Resolves or rejects when the subscription has ended; calls `onSubscribed` when it is complete. */
  subscribe(signal: AbortSignal, onSubscribed: () => void): Promise<void>;
  /** Lists everything. A failure ends the subscription, to begin it anew. */
  resync(): Promise<void>;
}

/** Follows until `signal` aborts. */
export async function followEvents(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { clock, log } = options;
  let pause = FIRST_PAUSE_MS;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      if (attempt > 0) await options.revive();
      await subscribeOnce(options, signal, () => {
        pause = FIRST_PAUSE_MS;
      });
      if (!signal.aborted) log.warn('the runtime event stream ended, subscribing again');
    } catch (error) {
      if (!signal.aborted) {
        log.warn(`the runtime event stream failed, subscribing again: ${(error as Error).message}`);
      }
    }
    await sleep(clock, pause, signal).catch(() => undefined); // an abort ends the loop
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

async function subscribeOnce(options: FollowOptions, signal: AbortSignal, onSynced: () => void): Promise<void> {
  const failed = new AbortController();
  const life = AbortSignal.any([signal, failed.signal]);
  const subscribed = Promise.withResolvers<void>();
  const listing = (async () => {
    await subscribed.promise;
    await options.resync();
    onSynced();
    for (let pause = SETTLING_MS; !life.aborted; pause = RELIST_MS) {
      await sleep(options.clock, pause, life);
      await options.resync();
    }
  })();
  try {
    await Promise.race([options.subscribe(life, subscribed.resolve), listing]);
  } finally {
    failed.abort(new Error('the subscription has ended'));
    listing.catch(() => undefined); // it was told by the race, or ended by the abort
  }
}
