// PriorityClasses: the value is for good (pkg/apis/scheduling/validation).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';

const MAX_USER_PRIORITY = 1_000_000_000;
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

export const priorityClasses: Behaviour = {
  validate({ metadata: { name = '' }, value }) {
    const errors: FieldError[] = [];
    if (name.startsWith('system-')) {
      if (SYSTEM_CLASSES[name] !== value) {
        const text = "priority class names with 'system-' prefix are reserved for system use only";
        errors.push(fieldError.forbidden('metadata.name', text));
      }
    } else if (Number(value) > MAX_USER_PRIORITY) {
      const text = `maximum allowed value of a user defined priority is ${MAX_USER_PRIORITY}`;
      errors.push(fieldError.forbidden('value', text));
    }
    return errors;
  },
  validateUpdate: (object, old) =>
    object.value === old.value ? [] : [fieldError.forbidden('value', 'may not be changed in an update.')],
};
