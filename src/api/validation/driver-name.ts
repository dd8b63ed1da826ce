// Names of storage drivers (pkg/apis/core/validation ValidateCSIDriverName).
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { invalidEach } from './rules.ts';

const MAX_LENGTH = 63;

export function driverName(name: string | undefined, path: string): FieldError[] {
  if (!name) return [fieldError.required(path)];
  return [
    ...(name.length > MAX_LENGTH ? [fieldError.tooLong(path, MAX_LENGTH)] : []),
    ...invalidEach(path, name, isDNS1123Subdomain(name.toLowerCase())),
  ];
}
