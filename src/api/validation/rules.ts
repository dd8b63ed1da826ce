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
