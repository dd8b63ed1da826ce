// PersistentVolumes: size, modes and where they may be used (pkg/apis/core/validation).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { compareQuantity, parseQuantity, ZERO } from '../../apimachinery/quantity.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { PersistentVolumeSpec } from '../types/core/v1.ts';
import { oneOf } from '../validation/rules.ts';
import { accessModes } from './claim-spec.ts';

const NOT_SOURCES = [
  'capacity',
  'accessModes',
  'claimRef',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'mountOptions',
  'volumeMode',
  'nodeAffinity',
  'volumeAttributesClassName',
];

const sourcesOf = (spec: PersistentVolumeSpec): Record<string, unknown> =>
  Object.fromEntries(Object.entries(spec).filter(([field]) => !NOT_SOURCES.includes(field)));

export function validateVolumeObject(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as PersistentVolumeSpec;
  const errors = accessModes(spec.accessModes ?? [], 'spec.accessModes');
  const size = spec.capacity?.storage;
  if (Object.keys(spec.capacity ?? {}).length === 0) errors.push(fieldError.required('spec.capacity'));
  else if (size === undefined || Object.keys(spec.capacity ?? {}).length > 1) {
    errors.push(fieldError.notSupported('spec.capacity', spec.capacity, ['storage']));
  }
  if (size !== undefined && compareQuantity(parseQuantity(size), ZERO) <= 0) {
    errors.push(fieldError.invalid('spec.capacity[storage]', size, 'must be greater than zero'));
  }
  const policies = ['Delete', 'Recycle', 'Retain'];
  errors.push(...oneOf(spec.persistentVolumeReclaimPolicy, policies, 'spec.persistentVolumeReclaimPolicy'));
  const [first, ...others] = Object.keys(sourcesOf(spec));
  if (!first) errors.push(fieldError.required('spec', 'must specify a volume type'));
  for (const kind of others)
    errors.push(fieldError.forbidden(`spec.${kind}`, 'may not specify more than 1 volume type'));
  return errors;
}

export function validateVolumeUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const now = sourcesOf((object.spec ?? {}) as PersistentVolumeSpec);
  return isDeepStrictEqual(now, sourcesOf((old.spec ?? {}) as PersistentVolumeSpec))
    ? []
    : [fieldError.forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation')];
}
