// What an update may not change (k8s.io/apimachinery pkg/api/validation ValidateImmutableField).
import { isDeepStrictEqual } from 'node:util';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { FIELD_IMMUTABLE } from './metadata.ts';

export const immutable = (now: unknown, before: unknown, path: string): FieldError[] =>
  isDeepStrictEqual(now, before) ? [] : [fieldError.invalid(path, now ?? null, FIELD_IMMUTABLE)];
