// What classes of storage share: who provisions, and with what (pkg/apis/storage/validation validateProvisioner,
// validateParameters).
import { isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { invalidEach } from '../validation/rules.ts';

const MAX_PARAMETERS = 512;
export const MAX_MAP_BYTES = 256 * 1024;

export const provisionerErrors = (name: string | undefined, path: string): FieldError[] =>
  name ? invalidEach(path, name, isQualifiedName(name.toLowerCase())) : [fieldError.required(path)];

export function parameterErrors(
  parameters: Readonly<Record<string, string>> | undefined,
  path: string,
  { mayBeEmpty }: { mayBeEmpty: boolean },
): FieldError[] {
  const keys = Object.keys(parameters ?? {});
  if (keys.length > MAX_PARAMETERS) return [fieldError.tooLong(path, MAX_PARAMETERS)];
  const errors = keys
    .filter((key) => key === '')
    .map((key) => fieldError.invalid(path, key, 'field can not be empty.'));
  if (mapBytes(parameters) > MAX_MAP_BYTES) errors.push(fieldError.tooLong(path, MAX_MAP_BYTES));
  if (!mayBeEmpty && keys.length === 0) {
    errors.push(fieldError.required(path, 'must contain at least one key/value pair'));
  }
  return errors;
}

export const mapBytes = (map: Readonly<Record<string, string>> | undefined): number =>
  Object.entries(map ?? {}).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
