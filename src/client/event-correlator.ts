// Decides what becomes of an event: a new object, one counted up, or nothing. The rules are those of client-go
// tools/record/events_cache.go: the tenth alike within 10 minutes and those after it become one "combined" event, the same event
// counts up, and one source may tell about one object 25 times at once and then once in 5 minutes.
import type { Event } from '../api/types/core/v1.ts';
import type { Clock } from '../clock.ts';

const MAX_ENTRIES = 4096;
const SIMILAR_LIMIT = 10;
const SIMILAR_WINDOW_MS = 600_000;
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;

export interface Known {
  name: string;
  count: number;
  firstTimestamp?: string;
}

export interface Verdict {
  /** With the message it shall have. */
  event: Event;
  /** What is there of it already: count that up. */
  known?: Known;
  key: string;
}

export interface EventCorrelator {
  /** Undefined: told too often, drop it. */
  judge(event: Event): Verdict | undefined;
  /** Remembers what was written. */
  written(key: string, known: Known): void;
}

export function createEventCorrelator(clock: Clock): EventCorrelator {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const similar = new Map<string, { messages: Set<string>; at: number }>();
  const known = new Map<string, Known>();

  function isSpam(event: Event): boolean {
    const key = keyOf([event.source?.component, event.source?.host, ...about(event)]);
    const now = clock.monotonic();
    const bucket = buckets.get(key) ?? { tokens: SPAM_BURST, at: now };
    const tokens = Math.min(SPAM_BURST, bucket.tokens + (now - bucket.at) / SPAM_REFILL_MS);
    const spam = tokens < 1;
    remember(buckets, key, { tokens: spam ? tokens : tokens - 1, at: now });
    return spam;
  }

  function combined(event: Event, group: string): boolean {
    const now = clock.monotonic();
    const last = similar.get(group);
    const entry = last && now - last.at <= SIMILAR_WINDOW_MS ? last : { messages: new Set<string>(), at: now };
    entry.at = now;
    entry.messages.add(event.message ?? '');
    remember(similar, group, entry);
    if (entry.messages.size < SIMILAR_LIMIT) return false;
    entry.messages.delete(entry.messages.values().next().value as string);
    return true;
  }

  return {
    judge(event) {
      const group = keyOf([
        event.source?.component,
        event.source?.host,
        ...about(event),
        event.type,
        event.reason,
        event.reportingComponent,
        event.reportingInstance,
      ]);
      const combine = combined(event, group);
      if (isSpam(event)) return undefined;
      const key = combine ? group : keyOf([group, event.involvedObject.fieldPath, event.message]);
      const message = combine ? `(combined from similar events): ${event.message}` : event.message;
      const before = known.get(key);
      return { key, event: { ...event, message }, ...(before ? { known: before } : {}) };
    },
    written: (key, entry) => remember(known, key, entry),
  };
}

const about = (event: Event): (string | undefined)[] => {
  const { kind, namespace, name, uid, apiVersion } = event.involvedObject;
  return [kind, namespace, name, uid, apiVersion];
};

const keyOf = (parts: readonly (string | undefined)[]): string => parts.map((part) => part ?? '').join('\u0000');

/** Keeps the most recently used entries only. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_ENTRIES) map.delete(map.keys().next().value as string);
}
