// metav1.Conditions (k8s.io/apimachinery pkg/apis/meta/v1/validation ValidateConditions).
import { isQualifiedName, regexError } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { duplicates, invalidEach, nonNegative, oneOf, required } from './rules.ts';

export interface Condition {
  type?: string;
  status?: string;
  observedGeneration?: number;
  lastTransitionTime?: string | null;
  reason?: string;
  message?: string;
}

const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const BAD_REASON = regexError(
  'a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric ' +
    "characters or '_,:', and must end with an alphanumeric character or '_'",
  REASON,
  ['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB'],
);
const MAX_REASON = 1024;
const MAX_MESSAGE = 32 * 1024;

export const validateConditions = (conditions: readonly Condition[], path: string): FieldError[] => [
  ...duplicates(
    conditions,
    ({ type = '' }) => `/${type}`,
    (i, key) => fieldError.duplicate(`${path}[${i}].type`, key.slice(1)),
  ),
  ...conditions.flatMap((condition, i) => conditionErrors(condition, `${path}[${i}]`)),
];

function conditionErrors(condition: Condition, path: string): FieldError[] {
  const { type = '', status, observedGeneration, lastTransitionTime, reason = '', message = '' } = condition;
  const errors = invalidEach(`${path}.type`, type, isQualifiedName(type));
  errors.push(...oneOf(status, ['False', 'True', 'Unknown'], `${path}.status`));
  errors.push(...nonNegative(observedGeneration, `${path}.observedGeneration`));
  errors.push(...required(lastTransitionTime, `${path}.lastTransitionTime`, 'must be set'));
  errors.push(...required(reason, `${path}.reason`, 'must be set'));
  if (reason && !new RegExp(`^${REASON}$`).test(reason)) {
    errors.push(fieldError.invalid(`${path}.reason`, reason, BAD_REASON));
  }
  if (Buffer.byteLength(reason) > MAX_REASON) errors.push(fieldError.tooLong(`${path}.reason`, MAX_REASON));
  if (Buffer.byteLength(message) > MAX_MESSAGE) errors.push(fieldError.tooLong(`${path}.message`, MAX_MESSAGE));
  return errors;
}
