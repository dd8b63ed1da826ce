// PriorityClasses: value and preemption are for good (pkg/apis/scheduling/validation).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { immutable } from '../validation/change.ts';
import { requiredOneOf } from '../validation/rules.ts';

const MAX_USER_PRIORITY = 1_000_000_000;
export const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

function valueErrors(name: string, value: unknown, globalDefault: unknown): FieldError[] {
  if (name.startsWith('system-')) {
    if (SYSTEM_CLASSES[name] === value && !globalDefault) return [];
    const text = "priority class names with 'system-' prefix are reserved for system use only";
    return [fieldError.forbidden('metadata.name', text)];
  }
  if (Number(value) <= MAX_USER_PRIORITY) return [];
  const text = `maximum allowed value of a user defined priority is ${MAX_USER_PRIORITY}`;
  return [fieldError.forbidden('value', text)];
}

export const priorityClasses: Behaviour = {
  validate: ({ metadata: { name = '' }, value, globalDefault, preemptionPolicy: policy }) => [
    ...valueErrors(name, value, globalDefault),
    ...(policy === undefined
      ? []
      : requiredOneOf(policy as string, ['PreemptLowerPriority', 'Never'], 'preemptionPolicy')),
  ],
  updateIsChangeOnly: true,
  validateUpdate: (object, old) => [
    ...(object.value === old.value ? [] : [fieldError.forbidden('value', 'may not be changed in an update.')]),
    ...immutable(object.preemptionPolicy, old.preemptionPolicy, 'preemptionPolicy'),
  ],
};
