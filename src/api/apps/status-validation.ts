// Counts in the status of workloads: none negative, and no part greater than its whole (pkg/apis/apps/validation
// Validate*Status, pkg/apis/core/validation ValidateReplicationControllerStatus).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { nonNegative } from '../validation/rules.ts';

type Counts = Readonly<Record<string, number | undefined>>;

const countsOf = (object: AnyObject): Counts => (object.status ?? {}) as Counts;

interface StatusRule {
  counts: readonly string[];
  /** Those that are part of `replicas`. */
  parts?: readonly string[];
  /** The number of collisions only grows. */
  collisions?: boolean;
}

const statusRule =
  ({ counts, parts = [], collisions = false }: StatusRule) =>
  (object: AnyObject, old: AnyObject): FieldError[] => {
    const status = countsOf(object);
    const exceeds = (part: string, whole: string) => (status[part] ?? 0) > (status[whole] ?? 0);
    const errors = counts.flatMap((field) => nonNegative(status[field], `status.${field}`));
    for (const part of parts) {
      if (exceeds(part, 'replicas')) {
        errors.push(fieldError.invalid(`status.${part}`, status[part], 'cannot be greater than status.replicas'));
      }
    }
    if (parts.includes('availableReplicas') && exceeds('availableReplicas', 'readyReplicas')) {
      const text = 'cannot be greater than readyReplicas';
      errors.push(fieldError.invalid('status.availableReplicas', status.availableReplicas, text));
    }
    return collisions ? [...errors, ...collisionErrors(status.collisionCount, countsOf(old).collisionCount)] : errors;
  };

function collisionErrors(now: number | undefined, before: number | undefined): FieldError[] {
  const fewer = before !== undefined && (now === undefined || now < before);
  return fewer ? [fieldError.invalid('status.collisionCount', now ?? 0, 'cannot be decremented')] : [];
}

export const validateDeploymentStatus = statusRule({
  counts: [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'terminatingReplicas',
    'collisionCount',
  ],
  parts: ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
  collisions: true,
});

export const validateReplicaSetStatus = statusRule({
  counts: [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
    'terminatingReplicas',
  ],
  parts: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
});

export const validateStatefulSetStatus = statusRule({
  counts: [
    'replicas',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
    'observedGeneration',
    'collisionCount',
  ],
  parts: ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
  collisions: true,
});

export const validateDaemonSetStatus = statusRule({
  counts: [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ],
  collisions: true,
});
