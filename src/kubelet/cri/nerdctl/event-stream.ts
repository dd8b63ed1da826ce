// containerd's events by one long-lived `nerdctl events`. nerdctl does not say when it has subscribed, so a marker (a
// label set on the containerd namespace) is sent until it comes back; then the caller lists, and nothing is missed.
// When the child ends, because containerd has, containerd is brought back and the child started again, with a growing
// pause between attempts.
import { createInterface } from 'node:readline';
import { type Clock, sleep } from '../../../clock.ts';
import { run, spawn } from '../../../exec.ts';
import type { Logger } from '../../../log.ts';
import { CONTAINERD_NAMESPACE, type Nerdctl } from './cli.ts';
import { type ContainerdEvent, parseEvent } from './parse.ts';

const MARKER = 'io.tsukube/events';
const MARKER_EVERY_MS = 150;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export interface EventStreamOptions {
  nerdctl: Nerdctl;
  clock: Clock;
  log: Logger;
  /** Makes a marker's value. */
  token: () => string;
  onEvent(event: ContainerdEvent): void;
  /** Called before every attempt but the first: brings containerd back when it has ended. */
  revive(): Promise<void>;
  /** Called after every (re)subscription, to catch up with what happened before it. */
  resync(): Promise<void>;
}

/** Follows until `signal` aborts; resolves then, when the child has ended. */
export async function followEvents(options: EventStreamOptions, signal: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      if (attempt > 0) await options.revive();
      await subscribeOnce(options, signal, () => {
        pause = FIRST_PAUSE_MS;
      });
      if (signal.aborted) return;
      options.log.warn('the runtime event stream ended, subscribing again');
    } catch (error) {
      if (signal.aborted) return;
      options.log.warn(`the runtime event stream failed, subscribing again: ${(error as Error).message}`);
    }
    await sleep(options.clock, pause, signal).catch(() => undefined); // an abort ends the loop
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

async function subscribeOnce(
  options: EventStreamOptions,
  signal: AbortSignal,
  onSubscribed: () => void,
): Promise<void> {
  const { nerdctl, clock, onEvent } = options;
  const child = spawn(nerdctl.argv(['events', '--format', '{{json .}}']), { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  const stop = () => child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const token = options.token();
    let subscribed = false;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const event = parseEvent(line);
      if (event === undefined) return;
      if (event.labels?.[MARKER] === token) subscribed = true;
      else onEvent(event);
    });
    const up = (async () => {
      while (!subscribed && !signal.aborted) {
        await run(nerdctl.argv(['namespace', 'update', '--label', `${MARKER}=${token}`, CONTAINERD_NAMESPACE]));
        if (!subscribed) await sleep(clock, MARKER_EVERY_MS, signal);
      }
      await options.resync();
      onSubscribed();
    })();
    await Promise.race([ended, up]); // an end before the subscription is an end
    await ended;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}
