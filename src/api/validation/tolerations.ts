// Tolerations of Pods and of runtime classes (pkg/apis/core/validation ValidateTolerations).
import { isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Toleration } from '../types/core/v1.ts';
import { invalidEach, oneOf } from './rules.ts';

const EFFECTS = ['NoExecute', 'NoSchedule', 'PreferNoSchedule'];
const NEEDS_EXISTS = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';

export const validateTolerations = (tolerations: readonly Toleration[], path: string): FieldError[] =>
  tolerations.flatMap((toleration, i) => tolerationErrors(toleration, `${path}[${i}]`));

function tolerationErrors(toleration: Toleration, path: string): FieldError[] {
  const { key, operator = '', effect = '', tolerationSeconds } = toleration;
  const errors = key ? invalidEach(`${path}.key`, key, isQualifiedName(key)) : [];
  if (!key && operator !== 'Exists') errors.push(fieldError.invalid(`${path}.operator`, operator, NEEDS_EXISTS));
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    const text = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    errors.push(fieldError.invalid(`${path}.effect`, effect, text));
  }
  errors.push(...valueErrors(toleration, `${path}.operator`));
  return effect ? [...errors, ...oneOf(effect, EFFECTS, `${path}.effect`)] : errors;
}

/** Upstream names the operator where the value is wrong. */
function valueErrors(toleration: Toleration, path: string): FieldError[] {
  const { value = '' } = toleration;
  const operator: string = toleration.operator ?? '';
  switch (operator) {
    case '':
    case 'Equal': {
      const problems = isValidLabelValue(value);
      return problems.length > 0 ? [fieldError.invalid(path, value, problems.join(';'))] : [];
    }
    case 'Exists':
      return value ? [fieldError.invalid(path, value, "value must be empty when `operator` is 'Exists'")] : [];
    default:
      return oneOf(operator, ['Equal', 'Exists'], path);
  }
}
