// PodDisruptionBudgets: one of two bounds, a count or a percentage (pkg/apis/policy/validation).
import type { AnyObject, LabelSelector } from '../../apimachinery/meta.ts';
import { isValidPercent, nameIsPathSegment } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { type Condition, validateConditions } from '../validation/conditions.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { invalidEach, nonNegative, oneOf } from '../validation/rules.ts';

interface Spec {
  minAvailable?: number | string;
  maxUnavailable?: number | string;
  selector?: LabelSelector;
  unhealthyPodEvictionPolicy?: string;
}

function bound(value: number | string | undefined, path: string): FieldError[] {
  if (typeof value !== 'string') return nonNegative(value, path);
  const problems = isValidPercent(value);
  if (problems.length === 0 && Number.parseInt(value, 10) > 100) problems.push('must not be greater than 100%');
  return invalidEach(path, value, problems);
}

function validate(object: AnyObject): FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = (object.spec ?? {}) as Spec;
  const errors: FieldError[] = [];
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    errors.push(fieldError.invalid('spec', object.spec, 'minAvailable and maxUnavailable cannot be both set'));
  }
  errors.push(...bound(minAvailable, 'spec.minAvailable'), ...bound(maxUnavailable, 'spec.maxUnavailable'));
  errors.push(...validateLabelSelector(selector, 'spec.selector'));
  if (policy !== undefined) {
    errors.push(...oneOf(policy, ['AlwaysAllow', 'IfHealthyBudget'], 'spec.unhealthyPodEvictionPolicy'));
  }
  return errors;
}

const COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

interface Status extends Partial<Record<(typeof COUNTS)[number], number>> {
  conditions?: Condition[];
}

function validateStatusUpdate(object: AnyObject): FieldError[] {
  const status = (object.status ?? {}) as Status;
  return [
    ...validateConditions(status.conditions ?? [], 'status.conditions'),
    ...COUNTS.flatMap((field) => nonNegative(status[field], `status.${field}`)),
  ];
}

/** Upstream has no rule for the name but that of all names. */
export const podDisruptionBudgets: Behaviour = { validateName: nameIsPathSegment, validate, validateStatusUpdate };
