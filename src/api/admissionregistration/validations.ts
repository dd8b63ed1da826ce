// What a validating policy demands and what it writes to the audit log (pkg/apis/admissionregistration/validation).
import { isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { AuditAnnotation, Validation } from '../types/admissionregistration/v1.ts';
import { duplicates, invalidEach, oneOf, required } from '../validation/rules.ts';
import {
  AUDIT_VALUE,
  CONDITION,
  expressionErrors,
  MESSAGE,
  type PolicyScope,
  policyEnvironment,
} from './expressions.ts';

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const MAX_ANNOTATIONS = 20;
const MAX_EXPRESSION = 5 * 1024;
const BLANK = 'must be non-empty if specified';

export function validationErrors(validation: Validation, path: string, scope: PolicyScope): FieldError[] {
  const { expression = '', message = '', messageExpression = '', reason } = validation;
  const at = `${path}.expression`;
  const errors = required(expression.trim(), at, 'expression is not specified');
  if (errors.length === 0) {
    errors.push(...expressionErrors(expression, at, { environment: policyEnvironment(scope), returns: CONDITION }));
  }
  const messageAt = `${path}.messageExpression`;
  if (messageExpression && !messageExpression.trim()) {
    errors.push(fieldError.invalid(messageAt, messageExpression, BLANK));
  } else if (messageExpression) {
    const environment = policyEnvironment({ ...scope, hasAuthorizer: false });
    errors.push(...expressionErrors(messageExpression, messageAt, { environment, returns: MESSAGE }));
  }
  if (message && !message.trim()) errors.push(fieldError.invalid(`${path}.message`, message, BLANK));
  else if (/[\n\r]/.test(message.trim())) {
    errors.push(fieldError.invalid(`${path}.message`, message, 'must not contain line breaks'));
  }
  return reason === undefined ? errors : [...errors, ...oneOf(reason, REASONS, `${path}.reason`)];
}

/** Keys are written under the policy's name. */
export function auditAnnotationErrors(
  annotations: readonly AuditAnnotation[],
  path: string,
  { policy, scope }: { policy: string; scope: PolicyScope },
): FieldError[] {
  const errors: FieldError[] = [];
  if (annotations.length > MAX_ANNOTATIONS) {
    const text = `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`;
    errors.push(fieldError.invalid(path, annotations, text));
  }
  for (const [i, { key = '', valueExpression = '' }] of annotations.entries()) {
    const at = `${path}[${i}]`;
    const name = `${policy}/${key}`;
    if (policy) errors.push(...invalidEach(`${at}.key`, name, isQualifiedName(name)));
    else errors.push(fieldError.invalid(`${at}.key`, key, 'requires metadata.name be non-empty'));
    errors.push(...valueErrors(valueExpression, `${at}.valueExpression`, scope));
  }
  const repeated = duplicates(
    annotations,
    ({ key = '' }) => `/${key}`,
    (i, key) => fieldError.duplicate(`${path}[${i}].key`, key.slice(1)),
  );
  return [...errors, ...repeated];
}

function valueErrors(given: string, path: string, scope: PolicyScope): FieldError[] {
  const text = given.trim();
  if (!text) return [fieldError.required(path, 'valueExpression is not specified')];
  if (Buffer.byteLength(text) > MAX_EXPRESSION) {
    return [fieldError.required(path, `must not exceed ${MAX_EXPRESSION} bytes in length`)];
  }
  return expressionErrors(text, path, { environment: policyEnvironment(scope), returns: AUDIT_VALUE, shown: given });
}
