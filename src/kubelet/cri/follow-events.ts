// Keeps a subscription to a runtime's events alive: when it ends, because the runtime has, the runtime is brought back
// and asked again, with a growing pause between attempts. After each time that it has begun the caller lists, so that
// nothing is missed; and rarely in between, should the runtime have lost an event.
import { type Clock, sleep } from '../../clock.ts';
import type { Logger } from '../../log.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** They take three seconds: a runtime that ended in this moment is back, one that was never there is told soon. */
const FIRST_ATTEMPTS = 6;
/** They take half a minute: one that says itself that it is starting looks through all that it ran. */
const STARTING_ATTEMPTS = 12;
/** Without a call a runtime that hangs looks like one where nothing happens. */
const CHECK_MS = 15_000;
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
  /** Asks the runtime how it is, within a time limit: resolves with what keeps it from working, if anything. */
  check(): Promise<string | undefined>;
  /** Whether the runtime says by this failure that it has begun and cannot answer yet. */
  isStarting?(error: Error): boolean;
  /** Called with why the runtime cannot be worked with, or undefined when it can. */
  onHealth(problem: string | undefined): void;
}

/** Follows until `signal` aborts. Throws when the first subscription does not succeed within some attempts. */
export async function followEvents(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { clock, log } = options;
  let pause = FIRST_PAUSE_MS;
  let failures = 0;
  let isKnown = false;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      if (attempt > 0) await options.revive();
      await subscribeOnce(options, signal, () => {
        pause = FIRST_PAUSE_MS;
        failures = 0;
        isKnown = true;
      });
      if (!signal.aborted) log.warn('the runtime event stream ended, subscribing again');
    } catch (error) {
      if (!signal.aborted) {
        const { message } = error as Error;
        failures += 1;
        const enough = options.isStarting?.(error as Error) ? STARTING_ATTEMPTS : FIRST_ATTEMPTS;
        if (!isKnown && failures >= enough) throw error;
        if (failures > 1) options.onHealth(isDown(message)); // not for one that is back at once
        log.warn(`the runtime event stream failed, subscribing again: ${message}`);
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
  const looking = (async () => {
    await subscribed.promise;
    await options.resync();
    onSynced();
    await Promise.all([relist(options, life), watchHealth(options, life)]);
  })();
  try {
    await Promise.race([options.subscribe(life, subscribed.resolve), looking]);
  } finally {
    failed.abort(new Error('the subscription has ended'));
    looking.catch(() => undefined); // it was told by the race, or ended by the abort
  }
}

async function relist({ clock, resync }: FollowOptions, life: AbortSignal): Promise<void> {
  for (let pause = SETTLING_MS; !life.aborted; pause = RELIST_MS) {
    await sleep(clock, pause, life);
    await resync();
  }
}

async function watchHealth({ clock, check, onHealth }: FollowOptions, life: AbortSignal): Promise<void> {
  while (!life.aborted) {
    const problem = await check().catch((error: Error) => isDown(error.message));
    if (life.aborted) return;
    onHealth(problem);
    await sleep(clock, CHECK_MS, life);
  }
}

/** In the words that upstream's nodes say it with. */
const isDown = (why: string): string => `container runtime is down: ${why}`;
