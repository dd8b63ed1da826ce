// When a Job counts a failed Pod, and when it is done before all are (pkg/apis/batch/validation
// validatePodFailurePolicy, validateSuccessPolicy).
import { isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '../types/batch/v1.ts';
import { invalidEach, nonNegative, oneOf, requiredOneOf } from '../validation/rules.ts';
import { countIndexes } from './indexes.ts';

const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;
const MAX_INDEXES_TEXT = 64 * 1024;
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

const tooMany = (list: readonly unknown[], max: number, path: string): FieldError[] =>
  list.length > max ? [fieldError.tooMany(path, list.length, max)] : [];

export function validateFailurePolicy(spec: JobSpec, path: string): FieldError[] {
  if (!spec.podFailurePolicy) return [];
  const rules = spec.podFailurePolicy.rules ?? [];
  const { containers, initContainers = [] } = spec.template?.spec ?? {};
  const names = new Set([...(containers ?? []), ...initContainers].map(({ name }) => name));
  return [
    ...tooMany(rules, MAX_RULES, `${path}.rules`),
    ...rules.flatMap((rule, i) => failureRule(rule, `${path}.rules[${i}]`, { spec, names })),
  ];
}

function failureRule(
  { action, onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
  path: string,
  { spec, names }: { spec: JobSpec; names: ReadonlySet<string> },
): FieldError[] {
  const errors = requiredOneOf(action, ACTIONS, `${path}.action`);
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    errors.push(fieldError.invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'));
  }
  if (onExitCodes) errors.push(...exitCodes(onExitCodes, `${path}.onExitCodes`, names));
  errors.push(...tooMany(onPodConditions, MAX_RULES, `${path}.onPodConditions`));
  for (const [i, { type = '', status }] of onPodConditions.entries()) {
    const at = `${path}.onPodConditions[${i}]`;
    errors.push(...invalidEach(`${at}.type`, type, isQualifiedName(type)));
    errors.push(...requiredOneOf(status, ['False', 'True', 'Unknown'], `${at}.status`));
  }
  const both = Boolean(onExitCodes) === onPodConditions.length > 0;
  if (!both) return errors;
  const text = onExitCodes
    ? 'specifying both OnExitCodes and OnPodConditions is not supported'
    : 'specifying one of OnExitCodes and OnPodConditions is required';
  return [...errors, fieldError.invalid(path, '', text)];
}

function exitCodes(
  { operator, containerName, values: given }: PodFailurePolicyOnExitCodesRequirement,
  path: string,
  names: ReadonlySet<string>,
): FieldError[] {
  const values = given ?? [];
  const at = `${path}.values`;
  const errors = requiredOneOf(operator, ['In', 'NotIn'], `${path}.operator`);
  if (containerName !== undefined && !names.has(containerName)) {
    const text = 'must be one of the container or initContainer names in the pod template';
    errors.push(fieldError.invalid(`${path}.containerName`, containerName, text));
  }
  if (values.length === 0) errors.push(fieldError.invalid(at, values, 'at least one value is required'));
  errors.push(...tooMany(values, MAX_EXIT_CODES, at));
  for (const [i, code] of values.entries()) {
    if (operator === 'In' && code === 0) {
      errors.push(fieldError.invalid(`${at}[${i}]`, code, 'must not be 0 for the In operator'));
    }
    if (values.indexOf(code) < i) errors.push(fieldError.duplicate(`${at}[${i}]`, code));
  }
  const ordered = values.every((code, i) => i === 0 || (values[i - 1] ?? code) <= code);
  return ordered ? errors : [...errors, fieldError.invalid(at, values, 'must be ordered')];
}

export function validateSuccessPolicy(spec: JobSpec, path: string): FieldError[] {
  if (!spec.successPolicy) return [];
  if (spec.completionMode !== 'Indexed') {
    return [fieldError.invalid(path, spec.successPolicy, 'requires indexed completion mode')];
  }
  const rules = spec.successPolicy.rules ?? [];
  const text = 'at least one rules must be specified when the successPolicy is specified';
  return [
    ...(rules.length === 0 ? [fieldError.required(`${path}.rules`, text)] : []),
    ...tooMany(rules, MAX_RULES, `${path}.rules`),
    ...rules.flatMap((rule, i) => successRule(rule, `${path}.rules[${i}]`, spec.completions ?? 0)),
  ];
}

function successRule(rule: SuccessPolicyRule, path: string, completions: number): FieldError[] {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  if (count === undefined && indexes === undefined) {
    return [fieldError.required(path, 'at least one of succeededCount or succeededIndexes must be specified')];
  }
  const errors: FieldError[] = [];
  const parsed = indexes === undefined ? undefined : countIndexes(indexes, completions);
  if (indexes !== undefined && indexes.length > MAX_INDEXES_TEXT) {
    errors.push(fieldError.tooLong(`${path}.succeededIndexes`, MAX_INDEXES_TEXT));
  }
  if (parsed?.problem) {
    const text = `error parsing succeededIndexes: ${parsed.problem}`;
    errors.push(fieldError.invalid(`${path}.succeededIndexes`, indexes, text));
  }
  if (count === undefined) return errors;
  const at = `${path}.succeededCount`;
  errors.push(...nonNegative(count, at));
  const bounds: [number, string][] = [[completions, 'the number of specified completions']];
  if (parsed) bounds.push([parsed.total, 'the number of indexes in the specified succeededIndexes field']);
  for (const [bound, what] of bounds) {
    if (count > bound) errors.push(fieldError.invalid(at, count, `must be less than or equal to ${bound} (${what})`));
  }
  return errors;
}

/** With a failure policy a Pod is replaced only when it has failed. */
export function validateReplacementPolicy(spec: JobSpec, path: string): FieldError[] {
  if (spec.podReplacementPolicy === undefined) return [];
  return oneOf(spec.podReplacementPolicy, spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'], path);
}
