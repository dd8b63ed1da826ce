// What claims and classes share: selectors, and configuration that only a driver understands (pkg/apis/resource/validation).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { lazily } from '../../lazily.ts';
import type { DeviceSelector, OpaqueDeviceConfiguration } from '../types/resource/v1.ts';
import { driverName } from '../validation/driver-name.ts';
import { bounded } from './names.ts';

/** Loaded with the first selector that has an expression. */
const expressions = lazily<typeof import('./device-expressions.ts')>(import.meta.url, './device-expressions.ts');

const MAX_SELECTORS = 32;
const MAX_EXPRESSION = 10 * 1024;
const MAX_PARAMETERS = 10 * 1024;

export const selectorErrors = (selectors: readonly DeviceSelector[] | undefined, path: string): FieldError[] =>
  bounded(selectors, MAX_SELECTORS, path, ({ cel }, at) => {
    if (!cel) return [fieldError.required(`${at}.cel`)];
    const expression = cel.expression ?? '';
    const field = `${at}.cel.expression`;
    if (Buffer.byteLength(expression) > MAX_EXPRESSION) return [fieldError.tooLong(field, MAX_EXPRESSION)];
    return expressions().deviceExpressionErrors(expression, field);
  });

export function configurationErrors({ opaque }: { opaque?: OpaqueDeviceConfiguration }, path: string): FieldError[] {
  if (!opaque) return [fieldError.required(`${path}.opaque`)];
  return [
    ...driverName(opaque.driver, `${path}.opaque.driver`),
    ...rawObject(opaque.parameters, `${path}.opaque.parameters`, MAX_PARAMETERS),
  ];
}

/** JSON of the driver's own: an object, of a size that can be stored. */
export function rawObject(value: unknown, path: string, maxBytes: number): FieldError[] {
  if (value === undefined || value === null) return [fieldError.required(path)];
  if (Buffer.byteLength(JSON.stringify(value)) > maxBytes) return [fieldError.tooLong(path, maxBytes)];
  if (typeof value === 'object' && !Array.isArray(value)) return [];
  return [fieldError.invalid(path, '<value omitted>', 'must be a valid JSON object')];
}
