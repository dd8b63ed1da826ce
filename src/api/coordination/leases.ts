// Leases: how long and how often must be possible numbers (pkg/apis/coordination/validation).
import { fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { NOT_ZERO, nonNegative } from '../validation/rules.ts';

export const leases: Behaviour = {
  validate(object) {
    const { leaseDurationSeconds: duration, leaseTransitions } = (object.spec ?? {}) as Record<string, number>;
    return [
      ...(duration !== undefined && duration <= 0
        ? [fieldError.invalid('spec.leaseDurationSeconds', duration, NOT_ZERO)]
        : []),
      ...nonNegative(leaseTransitions, 'spec.leaseTransitions'),
    ];
  },
};
