// Growing pauses by key, counted from when something ended: client-go util/flowcontrol.Backoff as the kubelet uses it
// for crashing containers and failing image pulls.
import type { Clock } from '../clock.ts';

export interface KeyedBackOff {
  /** Milliseconds until `key` may be tried again when its last try ended at `since` (wall clock); 0: now. */
  left(key: string, since: number): number;
  /** The whole of the present pause, for messages. */
  current(key: string): number;
  /** Notes a try: the next pause is twice the last one. */
  next(key: string, since: number): void;
  forget(prefix: string): void;
}

export interface BackOffTimes {
  initialMs: number;
  maxMs: number;
  /** What went well for so long begins anew. */
  forgetMs: number;
}

export function createKeyedBackOff(clock: Clock, options: BackOffTimes): KeyedBackOff {
  const entries = new Map<string, { pause: number; updated: number }>();
  const expired = (updated: number, since: number) => since - updated > options.forgetMs;

  return {
    left(key, since) {
      const entry = entries.get(key);
      if (!entry || expired(entry.updated, since)) return 0;
      return Math.max(0, since + entry.pause - clock.now());
    },
    current: (key) => entries.get(key)?.pause ?? 0,
    next(key, since) {
      const entry = entries.get(key);
      const fresh = !entry || expired(entry.updated, since);
      const pause = fresh ? options.initialMs : Math.min(entry.pause * 2, options.maxMs);
      entries.set(key, { pause, updated: clock.now() });
    },
    forget(prefix) {
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
    },
  };
}
