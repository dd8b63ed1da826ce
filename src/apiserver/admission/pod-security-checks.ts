// Judges a pod by a Pod Security Standard: all checks of its level.
import type { Pod } from '../../api/types/core/v1.ts';
import { BASELINE_CHECKS } from './pod-security-baseline.ts';
import type { Violation } from './pod-security-check.ts';
import type { Level } from './pod-security-policy.ts';
import { RESTRICTED_CHECKS } from './pod-security-restricted.ts';

function violations(pod: Pod, level: Level): Violation[] {
  const { spec } = pod;
  if (level === 'privileged' || !spec) return [];
  const checks =
    level === 'baseline'
      ? BASELINE_CHECKS
      : [...BASELINE_CHECKS.filter(({ replaced }) => !replaced), ...RESTRICTED_CHECKS];
  return checks.flatMap((check) => check.find(pod, spec) ?? []);
}

/** 'reason (detail), …' of everything in `pod` that `level` forbids; undefined when it is allowed. */
export function podSecurityViolations(pod: Pod, level: Level): string | undefined {
  const found = violations(pod, level);
  if (found.length === 0) return undefined;
  return found.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');
}

/** The reasons alone, where several pods are told of at once. */
export const podSecurityReasons = (pod: Pod, level: Level): string | undefined =>
  violations(pod, level)
    .map(({ reason }) => reason)
    .join(', ') || undefined;
