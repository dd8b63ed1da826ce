// Rules that many types share, in the words of pkg/apis/core/validation.
import { isValidPortName, isValidPortNum } from '../../apimachinery/names.ts';
import { compareQuantity, parseQuantity, ZERO } from '../../apimachinery/quantity.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { isPath } from './path.ts';

export const NOT_NEGATIVE = 'must be greater than or equal to 0';
export const NOT_ZERO = 'must be greater than zero';

export const nonNegative = (value: number | undefined, path: string): FieldError[] =>
  value !== undefined && value < 0 ? [fieldError.invalid(path, value, NOT_NEGATIVE)] : [];

export const required = (value: unknown, path: string, detail = ''): FieldError[] =>
  value === undefined || value === '' || value === null ? [fieldError.required(path, detail)] : [];

/** Each of `fields` that a struct lacks. */
export const requiredFields = (value: object, path: string, fields: readonly string[]): FieldError[] =>
  fields.flatMap((field) => required((value as Record<string, unknown>)[field], `${path}.${field}`));

export const positive = (value: number, path: string): FieldError[] =>
  value <= 0 ? [fieldError.invalid(path, value, NOT_ZERO)] : [];

/** Each text of `problems` as an invalid value. */
export const invalidEach = (path: string, value: unknown, problems: readonly string[]): FieldError[] =>
  problems.map((text) => fieldError.invalid(path, value, text));

export const oneOf = (value: string | undefined, supported: readonly string[], path: string): FieldError[] =>
  supported.includes(value ?? '') ? [] : [fieldError.notSupported(path, value ?? '', supported)];

/** The same, and a missing value is Required. */
export const requiredOneOf = (value: string | undefined, supported: readonly string[], path: string): FieldError[] =>
  value ? oneOf(value, supported, path) : [fieldError.required(path)];

export const portNumOrName = (port: number | string, path: string): FieldError[] =>
  invalidEach(path, port, typeof port === 'number' ? isValidPortNum(port) : isValidPortName(port));

export const nonNegativeQuantity = (text: string, path: string): FieldError[] =>
  compareQuantity(parseQuantity(text), ZERO) < 0 ? [fieldError.invalid(path, text, NOT_NEGATIVE)] : [];

export const positiveQuantity = (text: string, path: string): FieldError[] =>
  compareQuantity(parseQuantity(text), ZERO) <= 0 ? [fieldError.invalid(path, text, NOT_ZERO)] : [];

const MILLI = 1_000_000n;

/** Whether a quantity counts whole things once it is rounded up to a thousandth. */
export function isWhole(text: string): boolean {
  const { nano } = parseQuantity(text);
  const milli = (nano > 0n ? nano + MILLI - 1n : nano) / MILLI;
  return milli % 1000n === 0n;
}

/** A file below a volume's root, whose name the kubelet may not need for itself. */
export function localPath(path: string, field: string): FieldError[] {
  const errors = descendingPath(path, field);
  if (path.startsWith('..') && !path.startsWith('../')) {
    errors.push(fieldError.invalid(field, path, "must not start with '..'"));
  }
  return errors;
}

const MAX_MODE = 0o777;

export const fileMode = (mode: number | undefined, path: string): FieldError[] =>
  mode !== undefined && (mode < 0 || mode > MAX_MODE)
    ? [fieldError.invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : [];

/** A path below something: relative, and never up. */
export function descendingPath(path: string, field: string): FieldError[] {
  const absolute = path.startsWith('/') ? [fieldError.invalid(field, path, 'must be a relative path')] : [];
  return [...absolute, ...noBackSteps(path, field)];
}

export const noBackSteps = (path: string, field: string): FieldError[] =>
  isPath(path).map((text) => fieldError.invalid(field, path, text));

/** Reports each key that came before. */
export function duplicates<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  report: (index: number, key: string) => FieldError,
): FieldError[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const key = keyOf(item);
    if (!key) return [];
    if (seen.has(key)) return [report(index, key)];
    seen.add(key);
    return [];
  });
}
