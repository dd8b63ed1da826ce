// Where Pods may go: spread over topologies (pkg/apis/core/validation validateTopologySpreadConstraints).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { TopologySpreadConstraint } from '../types/core/v1.ts';
import { validateLabelSelector } from './label-selector.ts';
import { duplicates, NOT_ZERO, oneOf } from './rules.ts';

export const validateTopologySpread = (
  constraints: readonly TopologySpreadConstraint[],
  path: string,
): FieldError[] => [
  ...constraints.flatMap((constraint, i) => validateConstraint(constraint, `${path}[${i}]`)),
  ...duplicates(
    constraints,
    ({ topologyKey, whenUnsatisfiable }) => `{${topologyKey}, ${whenUnsatisfiable}}`,
    (i, key) => fieldError.duplicate(`${path}[${i}].{topologyKey, whenUnsatisfiable}`, key),
  ),
];

function validateConstraint(constraint: TopologySpreadConstraint, path: string): FieldError[] {
  const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '', minDomains, labelSelector } = constraint;
  const errors: FieldError[] = [];
  if (maxSkew <= 0) errors.push(fieldError.invalid(`${path}.maxSkew`, maxSkew, NOT_ZERO));
  if (!topologyKey) errors.push(fieldError.required(`${path}.topologyKey`, 'can not be empty'));
  errors.push(...oneOf(whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'], `${path}.whenUnsatisfiable`));
  if (minDomains !== undefined && minDomains <= 0) {
    errors.push(fieldError.invalid(`${path}.minDomains`, minDomains, NOT_ZERO));
  }
  return [...errors, ...validateLabelSelector(labelSelector, `${path}.labelSelector`)];
}
