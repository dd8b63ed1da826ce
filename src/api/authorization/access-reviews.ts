// Questions about rights: what they must say, and what not (pkg/apis/authorization/validation).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { ResourceAttributes, SubjectAccessReviewSpec } from '../types/authorization/v1.ts';
import { invalidEach } from '../validation/rules.ts';

/** Whose rights a review asks for: of the one in its spec, the same in one namespace, or the caller's. */
export type ReviewScope = 'spec' | 'local' | 'self';

export function accessReviewErrors({ metadata, spec }: AnyObject, scope: ReviewScope): FieldError[] {
  const { resourceAttributes, nonResourceAttributes, user, groups } = (spec ?? {}) as SubjectAccessReviewSpec;
  const errors: FieldError[] = [];
  if (resourceAttributes && nonResourceAttributes) {
    const text = 'cannot be specified in combination with resourceAttributes';
    errors.push(fieldError.invalid('spec.nonResourceAttributes', nonResourceAttributes, text));
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const text = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push(fieldError.invalid('spec.resourceAttributes', null, text));
  }
  if (scope !== 'self' && !user && !groups?.length) {
    errors.push(fieldError.invalid('spec.user', user ?? '', 'at least one of user or group must be specified'));
  }
  if (resourceAttributes) errors.push(...selectorErrors(resourceAttributes, 'spec.resourceAttributes'));
  const { managedFields: _managedFields, namespace, ...rest } = metadata;
  if (!isDeepStrictEqual(rest, {})) errors.push(fieldError.invalid('metadata', rest, 'must be empty'));
  if (scope !== 'local') return errors;
  if (resourceAttributes && (resourceAttributes.namespace ?? '') !== (namespace ?? '')) {
    const path = 'spec.resourceAttributes.namespace';
    errors.push(fieldError.invalid(path, resourceAttributes.namespace ?? '', 'must match metadata.namespace'));
  }
  if (!nonResourceAttributes) return errors;
  const text = 'disallowed on this kind of request';
  return [...errors, fieldError.invalid('spec.nonResourceAttributes', nonResourceAttributes, text)];
}

interface Selector {
  rawSelector?: string;
  requirements?: readonly Requirement[];
}

interface Requirement {
  key?: string;
  operator?: string;
  values?: readonly string[];
}

const selectorErrors = ({ fieldSelector, labelSelector }: ResourceAttributes, path: string): FieldError[] => [
  ...(fieldSelector ? eitherErrors(fieldSelector, `${path}.fieldSelector`, fieldKeyErrors) : []),
  ...(labelSelector ? eitherErrors(labelSelector, `${path}.labelSelector`, labelErrors) : []),
];

function eitherErrors(
  { rawSelector, requirements = [] }: Selector,
  path: string,
  check: (requirement: Requirement, path: string) => FieldError[],
): FieldError[] {
  const errors: FieldError[] = [];
  if (rawSelector && requirements.length > 0) {
    const text = 'may not specified at the same time as requirements';
    errors.push(fieldError.invalid(`${path}.rawSelector`, rawSelector, text));
  }
  if (!rawSelector && requirements.length === 0) {
    const text = `when ${path} is specified, requirements or rawSelector is required`;
    errors.push(fieldError.required(`${path}.requirements`, text));
  }
  return [
    ...errors,
    ...requirements.flatMap((requirement, i) => [
      ...valuesErrors(requirement, `${path}.requirements[${i}].values`),
      ...check(requirement, `${path}.requirements[${i}]`),
    ]),
  ];
}

/** Operators that are not known here may be known to whoever asks. */
function valuesErrors({ operator = '', values = [] }: Requirement, path: string): FieldError[] {
  const takesValues = operator === 'In' || operator === 'NotIn';
  if (takesValues && values.length === 0) {
    return [fieldError.required(path, "must be specified when `operator` is 'In' or 'NotIn'")];
  }
  const takesNone = operator === 'Exists' || operator === 'DoesNotExist';
  if (!takesNone || values.length === 0) return [];
  return [fieldError.forbidden(path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
}

const fieldKeyErrors = ({ key }: Requirement, path: string): FieldError[] =>
  key ? [] : [fieldError.required(`${path}.key`, 'must be specified')];

const labelErrors = ({ key = '', values = [] }: Requirement, path: string): FieldError[] => [
  ...invalidEach(`${path}.key`, key, isQualifiedName(key)),
  ...values.flatMap((value, i) => invalidEach(`${path}.values[${i}]`, value, isValidLabelValue(value))),
];
