// PersistentVolumeClaims: what one asks for, and what may change (pkg/apis/core/validation).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { compareQuantity, parseQuantity, ZERO } from '../../apimachinery/quantity.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { PersistentVolumeClaimSpec, PersistentVolumeClaimStatus } from '../types/core/v1.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { invalidEach, oneOf } from '../validation/rules.ts';

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

const specOf = (object: AnyObject): PersistentVolumeClaimSpec => (object.spec ?? {}) as PersistentVolumeClaimSpec;

export const validateClaim = (object: AnyObject): FieldError[] => validateClaimSpec(specOf(object), 'spec');

export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const errors = accessModes(spec.accessModes ?? [], `${path}.accessModes`);
  errors.push(...validateLabelSelector(spec.selector, `${path}.selector`));
  const size = spec.resources?.requests?.storage;
  if (size === undefined) errors.push(fieldError.required(`${path}.resources[storage]`));
  else if (compareQuantity(parseQuantity(size), ZERO) <= 0) {
    errors.push(fieldError.invalid(`${path}.resources[storage]`, size, 'must be greater than zero'));
  }
  const { storageClassName } = spec;
  if (storageClassName) {
    errors.push(...invalidEach(`${path}.storageClassName`, storageClassName, isDNS1123Subdomain(storageClassName)));
  }
  return [...errors, ...oneOf(spec.volumeMode ?? 'Filesystem', ['Block', 'Filesystem'], `${path}.volumeMode`)];
}

export function accessModes(modes: readonly string[], path: string): FieldError[] {
  if (modes.length === 0) return [fieldError.required(path, 'at least 1 access mode is required')];
  const errors = modes.flatMap((mode) => oneOf(mode, ACCESS_MODES, path));
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    errors.push(fieldError.forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
  }
  return errors;
}

/** Once made, a claim is fixed but for its size and, while bound, its attributes class. */
export function validateClaimUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const before = specOf(old);
  const now = structuredClone(specOf(object));
  const { phase, capacity } = (object.status ?? {}) as PersistentVolumeClaimStatus;
  const size = now.resources?.requests?.storage;
  if (!before.volumeName) replaceField(now, before, 'volumeName');
  if (before.storageClassName === undefined) delete now.storageClassName;
  if (phase === 'Bound') {
    replaceField(now, before, 'volumeAttributesClassName');
    if (now.resources?.requests)
      now.resources = {
        ...now.resources,
        requests: { ...now.resources.requests, storage: before.resources?.requests?.storage as string },
      };
  }
  const errors: FieldError[] = [];
  if (!isDeepStrictEqual(now, before)) {
    const text =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    errors.push(fieldError.forbidden('spec', text));
  }
  const oldSize = before.resources?.requests?.storage;
  const shrinks =
    size !== undefined && oldSize !== undefined && compareQuantity(parseQuantity(size), parseQuantity(oldSize)) < 0;
  if (shrinks && compareQuantity(parseQuantity(size), parseQuantity(capacity?.storage ?? '0')) <= 0) {
    errors.push(fieldError.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  }
  return errors;
}

function replaceField<K extends keyof PersistentVolumeClaimSpec>(
  spec: PersistentVolumeClaimSpec,
  from: PersistentVolumeClaimSpec,
  field: K,
): void {
  if (from[field] === undefined) delete spec[field];
  else spec[field] = from[field];
}
