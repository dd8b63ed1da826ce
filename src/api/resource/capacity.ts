// How much of a shared device's capacity a request may take (pkg/apis/resource/validation validateRequestPolicy).
import { addQuantity, compareQuantity, parseQuantity, value } from '../../apimachinery/quantity.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity } from '../types/resource/v1.ts';
import { boundedSet } from './names.ts';

const MAX_OPTIONS = 10;

const compare = (a: string, b: string): number => compareQuantity(parseQuantity(a), parseQuantity(b));
const units = (text: string): number => value(parseQuantity(text));

export function requestPolicyErrors(
  { value: capacity, requestPolicy: policy }: DeviceCapacity,
  path: string,
  { shared }: { shared: boolean },
): FieldError[] {
  if (!policy) return [];
  const at = `${path}.requestPolicy`;
  return shared
    ? policyErrors(policy, capacity, at)
    : [fieldError.forbidden(at, 'allowMultipleAllocations must be true')];
}

function policyErrors(policy: CapacityRequestPolicy, capacity: string, path: string): FieldError[] {
  const { validValues = [], validRange, default: preset } = policy;
  if (validValues.length > 0 && validRange) {
    const text = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    return [fieldError.forbidden(path, text)];
  }
  if (validValues.length === 0 && !validRange) return [];
  const field = validRange ? 'validRange' : 'validValues';
  if (preset === undefined || preset === null)
    return [fieldError.required(`${path}.default`, `required when ${field} is defined`)];
  return validRange
    ? rangeErrors(validRange, { preset, capacity }, `${path}.validRange`)
    : valuesErrors(validValues, { preset, capacity }, `${path}.validValues`);
}

interface Amounts {
  preset: string;
  capacity: string;
}

function valuesErrors(values: readonly string[], { preset, capacity }: Amounts, path: string): FieldError[] {
  const errors = values.flatMap((option, i) => {
    const before = values[i - 1];
    return before !== undefined && compare(before, option) > 0
      ? [fieldError.invalid(`${path}[${i}]`, option, 'values must be sorted in ascending order')]
      : [];
  });
  const tooLarge = `option is larger than capacity value: ${capacity}`;
  errors.push(
    ...boundedSet(values, path, {
      max: MAX_OPTIONS,
      key: (option) => String(units(option)),
      check: (option, at) => (compare(option, capacity) > 0 ? [fieldError.invalid(at, option, tooLarge)] : []),
    }),
  );
  // A list too long to be read has no default in it either.
  const found = values.length <= MAX_OPTIONS && values.some((option) => compare(option, preset) === 0);
  if (found) return errors;
  return [...errors, fieldError.invalid(path, preset, 'default value is not valid according to the requestPolicy')];
}

function rangeErrors(range: CapacityRequestPolicyRange, { preset, capacity }: Amounts, path: string): FieldError[] {
  const { min, max, step } = range;
  if (min === undefined || min === null)
    return [fieldError.required(`${path}.min`, 'required when validRange is defined')];
  const checks: [field: string, wrong: boolean, shown: string, text: string][] = [
    ['min', compare(min, capacity) > 0, min, `min is larger than capacity value: ${capacity}`],
    ['min', compare(preset, min) < 0, preset, `default is less than min: ${min}`],
  ];
  if (max !== undefined) {
    checks.push(
      ['max', compare(min, max) > 0, min, `min is larger than max: ${max}`],
      ['max', compare(max, capacity) > 0, max, `max is larger than capacity value: ${capacity}`],
      ['max', compare(preset, max) > 0, preset, `default is more than max: ${max}`],
    );
  }
  if (step !== undefined) {
    const beyond = compareQuantity(addQuantity(parseQuantity(min), parseQuantity(step)), parseQuantity(capacity)) > 0;
    const uneven = `value is not a multiple of a given step (${step}) from (${min})`;
    const isUneven = (amount: string) => (units(amount) - units(min)) % units(step) !== 0;
    checks.push(['step', beyond, step, `one step is larger than capacity value: ${capacity}`]);
    for (const amount of [preset, ...(max === undefined ? [] : [max])]) {
      checks.push(['step', isUneven(amount), amount, uneven]);
    }
  }
  return checks.flatMap(([field, wrong, shown, text]) =>
    wrong ? [fieldError.invalid(`${path}.${field}`, shown, text)] : [],
  );
}
