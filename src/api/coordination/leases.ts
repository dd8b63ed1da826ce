// Leases: how long and how often must be possible numbers (pkg/apis/coordination/validation).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { LeaseSpec } from '../types/coordination/v1.ts';
import { NOT_ZERO, nonNegative } from '../validation/rules.ts';

const specOf = (object: AnyObject): LeaseSpec => (object.spec ?? {}) as LeaseSpec;

/** Behind the gate CoordinatedLeaderElection, which is off. */
function dropGated(object: AnyObject): void {
  delete specOf(object).strategy;
  delete specOf(object).preferredHolder;
}

export const leases: Behaviour = {
  prepareForCreate: dropGated,
  prepareForUpdate: dropGated,
  validate(object) {
    const { leaseDurationSeconds: duration, leaseTransitions } = specOf(object);
    return [
      ...(duration !== undefined && duration <= 0
        ? [fieldError.invalid('spec.leaseDurationSeconds', duration, NOT_ZERO)]
        : []),
      ...nonNegative(leaseTransitions, 'spec.leaseTransitions'),
    ];
  },
};
