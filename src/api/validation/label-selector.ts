// metav1.LabelSelector, as k8s.io/apimachinery pkg/apis/meta/v1/validation checks it.
import type { LabelSelector } from '../../apimachinery/meta.ts';
import { isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { validateLabels } from './metadata.ts';
import { invalidEach } from './rules.ts';

export function validateLabelSelector(selector: LabelSelector | undefined, path: string): FieldError[] {
  if (!selector) return [];
  return [
    ...validateLabels(selector.matchLabels, `${path}.matchLabels`),
    ...(selector.matchExpressions ?? []).flatMap((expression, i) =>
      requirement(expression, `${path}.matchExpressions[${i}]`),
    ),
  ];
}

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

function requirement({ key = '', operator, values = [] }: Requirement, path: string): FieldError[] {
  return [
    ...operatorErrors(operator, values, path),
    ...invalidEach(`${path}.key`, key, isQualifiedName(key)),
    ...values.flatMap((value, i) => invalidEach(`${path}.values[${i}]`, value, isValidLabelValue(value))),
  ];
}

function operatorErrors(operator: string, values: readonly string[], path: string): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
        ? []
        : [fieldError.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? []
        : [
            fieldError.forbidden(
              `${path}.values`,
              "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
          ];
    default:
      return [fieldError.invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator')];
  }
}
