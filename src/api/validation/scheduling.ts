// Where Pods may go: spread over topologies, on tainted nodes, behind gates (pkg/apis/core/validation
// validateTopologySpreadConstraints, ValidateTolerations, validateSchedulingGates).
import { isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { PodSchedulingGate, Toleration, TopologySpreadConstraint } from '../types/core/v1.ts';
import { labelKeyErrors } from './affinity.ts';
import { validateLabelSelector } from './label-selector.ts';
import { invalidEach, oneOf, positive, required } from './rules.ts';

export const validateTopologySpread = (constraints: readonly TopologySpreadConstraint[], path: string): FieldError[] =>
  constraints.flatMap((constraint, i) => [
    ...validateConstraint(constraint, `${path}[${i}]`),
    ...repeated(constraint, constraints.slice(i + 1), `${path}[${i}]`),
  ]);

function validateConstraint(constraint: TopologySpreadConstraint, path: string): FieldError[] {
  const { maxSkew = 0, topologyKey, whenUnsatisfiable, minDomains } = constraint;
  const errors = [
    ...positive(maxSkew, `${path}.maxSkew`),
    ...required(topologyKey, `${path}.topologyKey`, 'can not be empty'),
    ...oneOf(whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'], `${path}.whenUnsatisfiable`),
  ];
  if (minDomains !== undefined) {
    errors.push(...positive(minDomains, `${path}.minDomains`));
    if (whenUnsatisfiable !== 'DoNotSchedule') {
      const text = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
      errors.push(fieldError.invalid(`${path}.minDomains`, minDomains, text));
    }
  }
  for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
    const policy = constraint[field];
    if (policy !== undefined) errors.push(...oneOf(policy, ['Honor', 'Ignore'], `${path}.${field}`));
  }
  return [
    ...errors,
    ...labelKeyErrors(constraint, path),
    ...validateLabelSelector(constraint.labelSelector, `${path}.labelSelector`),
  ];
}

/** The two name a kind of constraint; a Pod has one of each kind. */
function repeated(
  { topologyKey, whenUnsatisfiable }: TopologySpreadConstraint,
  later: readonly TopologySpreadConstraint[],
  path: string,
): FieldError[] {
  const again = later.some(
    (other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable,
  );
  const key = `{${topologyKey}, ${whenUnsatisfiable}}`;
  return again ? [fieldError.duplicate(`${path}.{topologyKey, whenUnsatisfiable}`, key)] : [];
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export const validateTolerations = (tolerations: readonly Toleration[] = [], path: string): FieldError[] =>
  tolerations.flatMap((toleration, i) => validateToleration(toleration, `${path}[${i}]`));

export function validateToleration(toleration: Toleration, path: string): FieldError[] {
  const { key = '', effect, tolerationSeconds } = toleration;
  const errors = key ? invalidEach(`${path}.key`, key, isQualifiedName(key)) : [];
  const operator: string = toleration.operator ?? '';
  if (!key && operator !== 'Exists') {
    const text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(fieldError.invalid(`${path}.operator`, operator, text));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    const text = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    errors.push(fieldError.invalid(`${path}.effect`, effect ?? '', text));
  }
  errors.push(...tolerationOperator(toleration, `${path}.operator`));
  return effect ? [...errors, ...oneOf(effect, EFFECTS, `${path}.effect`)] : errors;
}

/** Comparisons by number are behind the gate TaintTolerationComparisonOperators. */
function tolerationOperator({ operator, value = '' }: Toleration, path: string): FieldError[] {
  switch (operator ?? '') {
    case 'Exists':
      return value ? [fieldError.invalid(path, value, "value must be empty when `operator` is 'Exists'")] : [];
    case '':
    case 'Equal': {
      const problems = isValidLabelValue(value);
      return problems.length > 0 ? [fieldError.invalid(path, value, problems.join(';'))] : [];
    }
    case 'Lt':
    case 'Gt':
      return [fieldError.notSupported(path, operator, ['Equal', 'Exists', 'Lt', 'Gt'])];
    default:
      return [fieldError.notSupported(path, operator, ['Equal', 'Exists'])];
  }
}

export function validateSchedulingGates(gates: readonly PodSchedulingGate[] = [], path: string): FieldError[] {
  const seen = new Set<string>();
  return gates.flatMap(({ name = '' }, i) => {
    const errors = invalidEach(`${path}[${i}]`, name, isQualifiedName(name));
    if (seen.has(name)) errors.push(fieldError.duplicate(`${path}[${i}]`, name));
    seen.add(name);
    return errors;
  });
}
