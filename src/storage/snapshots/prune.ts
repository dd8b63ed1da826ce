// Which snapshots are given up. What cannot be used is never counted as one that is kept, and never removed unasked.
import type { FoundSnapshot } from './folder.ts';
import type { How, Manifest } from './manifest.ts';

export interface PruneRule {
  /** As many of the newest are kept; at least 1. */
  keep?: number;
  /** Only those are removed that are older, in milliseconds. */
  olderThan?: number;
  /** Only those made this way are looked at. */
  how?: How;
}

/** What `rule` removes, oldest first. The newest usable snapshot is none of it, however old. */
export function toPrune(snapshots: readonly FoundSnapshot[], rule: PruneRule, now: number): FoundSnapshot[] {
  const usable = snapshots
    .filter((found): found is FoundSnapshot & { manifest: Manifest } => found.manifest !== undefined)
    .filter(({ manifest }) => rule.how === undefined || manifest.how === rule.how)
    .sort((a, b) => Date.parse(a.manifest.time) - Date.parse(b.manifest.time));
  const beyond = usable.slice(0, Math.max(0, usable.length - Math.max(1, rule.keep ?? 1)));
  return beyond.filter(
    ({ manifest }) => rule.olderThan === undefined || now - Date.parse(manifest.time) > rule.olderThan,
  );
}
