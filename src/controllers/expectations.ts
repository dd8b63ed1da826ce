// What a controller has asked for and its cache has not shown yet. Until then its cache is not to be counted on:
// it would create or delete twice (k8s.io/kubernetes pkg/controller/controller_utils.go, ControllerExpectations).
import type { Clock } from '../clock.ts';

/** After this long a missing answer is taken for lost. */
const TIMEOUT_MS = 5 * 60_000;

export interface Expectations {
  fulfilled(key: string): boolean;
  expectCreations(key: string, count: number): void;
  expectDeletions(key: string, uids: readonly string[]): void;
  creationObserved(key: string): void;
  deletionObserved(key: string, uid: string): void;
  forget(key: string): void;
}

export function createExpectations(clock: Clock): Expectations {
  const pending = new Map<string, { creations: number; deletions: Set<string>; since: number }>();

  return {
    fulfilled(key) {
      const entry = pending.get(key);
      if (!entry || (entry.creations <= 0 && entry.deletions.size === 0)) return true;
      return clock.monotonic() - entry.since > TIMEOUT_MS;
    },
    expectCreations: (key, creations) =>
      pending.set(key, { creations, deletions: new Set(), since: clock.monotonic() }),
    expectDeletions: (key, uids) =>
      pending.set(key, { creations: 0, deletions: new Set(uids), since: clock.monotonic() }),
    creationObserved(key) {
      const entry = pending.get(key);
      if (entry) entry.creations -= 1;
    },
    deletionObserved: (key, uid) => pending.get(key)?.deletions.delete(uid),
    forget: (key) => pending.delete(key),
  };
}
