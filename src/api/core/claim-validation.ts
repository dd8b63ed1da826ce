// PersistentVolumeClaims: what may change, and what a status may say (pkg/apis/core/validation
// ValidatePersistentVolumeClaimUpdate, ValidatePersistentVolumeClaimStatusUpdate).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { compareQuantity, parseQuantity } from '../../apimachinery/quantity.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { PersistentVolumeClaimSpec, PersistentVolumeClaimStatus } from '../types/core/v1.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import { isNative } from '../validation/resource-names.ts';
import { invalidEach, nonNegativeQuantity } from '../validation/rules.ts';
import { validateClaimSpec } from './claim-spec.ts';

export { accessModes } from './claim-spec.ts';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

const specOf = (object: AnyObject): PersistentVolumeClaimSpec => (object.spec ?? {}) as PersistentVolumeClaimSpec;
const statusOf = (object: AnyObject): PersistentVolumeClaimStatus =>
  (object.status ?? {}) as PersistentVolumeClaimStatus;

export const validateClaim = (object: AnyObject): FieldError[] => validateClaimSpec(specOf(object), 'spec');

/** Once made, a claim is fixed but for its volume, its size and, while bound, its attributes class. */
export function validateClaimUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const now = specOf(object);
  const before = specOf(old);
  const errors = betaClassErrors(object, old);
  if (!isDeepStrictEqual(withChangeable(object, old), before)) {
    const text =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    errors.push(fieldError.forbidden('spec', text));
  }
  errors.push(...sizeErrors(object, old));
  if (now.volumeMode !== before.volumeMode) {
    errors.push(fieldError.invalid('volumeMode', now.volumeMode, FIELD_IMMUTABLE));
  }
  const taken = statusOf(old).currentVolumeAttributesClassName !== undefined;
  if (taken && !now.volumeAttributesClassName && before.volumeAttributesClassName !== now.volumeAttributesClassName) {
    const to = now.volumeAttributesClassName === undefined ? 'nil' : 'empty string';
    const text = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
    errors.push(fieldError.forbidden('spec.volumeAttributesClassName', text));
  }
  return errors;
}

/** The class in an annotation stays, unless it moves to its field. */
function betaClassErrors(object: AnyObject, old: AnyObject): FieldError[] {
  const now = object.metadata.annotations?.[BETA_CLASS] ?? '';
  const before = old.metadata.annotations?.[BETA_CLASS] ?? '';
  if (now === before || movesToField(object, old)) return [];
  return [fieldError.invalid(`metadata.annotations.${BETA_CLASS}`, now, FIELD_IMMUTABLE)];
}

function movesToField(object: AnyObject, old: AnyObject): boolean {
  const before = old.metadata.annotations?.[BETA_CLASS];
  const now = object.metadata.annotations?.[BETA_CLASS];
  const { storageClassName } = specOf(object);
  if (before === undefined || specOf(old).storageClassName !== undefined) return false;
  return storageClassName === before && (now === undefined || now === before);
}

/** The new spec with what may change as it was. */
function withChangeable(object: AnyObject, old: AnyObject): PersistentVolumeClaimSpec {
  const before = specOf(old);
  const now = structuredClone(specOf(object));
  if (!before.volumeName) replaceField(now, before, 'volumeName');
  const beta = old.metadata.annotations?.[BETA_CLASS];
  const gainsClass = before.storageClassName === undefined && now.storageClassName !== undefined;
  if (gainsClass && (beta === undefined || beta === now.storageClassName)) delete now.storageClassName;
  if (statusOf(object).phase !== 'Bound') return now;
  replaceField(now, before, 'volumeAttributesClassName');
  const storage = before.resources?.requests?.storage;
  if (now.resources?.requests && storage !== undefined) {
    now.resources = { ...now.resources, requests: { ...now.resources.requests, storage } };
  }
  return now;
}

/** A claim shrinks only while growing failed, and never to what it has. */
function sizeErrors(object: AnyObject, old: AnyObject): FieldError[] {
  const now = parseQuantity(specOf(object).resources?.requests?.storage ?? '0');
  const before = parseQuantity(specOf(old).resources?.requests?.storage ?? '0');
  if (compareQuantity(now, before) >= 0) return [];
  if (compareQuantity(now, parseQuantity(statusOf(old).capacity?.storage ?? '0')) > 0) return [];
  const text = 'field can not be less than status.capacity';
  return [fieldError.forbidden('spec.resources.requests.storage', text)];
}

function replaceField<K extends keyof PersistentVolumeClaimSpec>(
  spec: PersistentVolumeClaimSpec,
  from: PersistentVolumeClaimSpec,
  field: K,
): void {
  if (from[field] === undefined) delete spec[field];
  else spec[field] = from[field];
}

const RESIZE_STATES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

export function validateClaimStatus(object: AnyObject): FieldError[] {
  const { capacity = {}, allocatedResources = {}, allocatedResourceStatuses = {} } = statusOf(object);
  const negative = (text: string, path: string) =>
    nonNegativeQuantity(text, path).map(() => fieldError.invalid(path, text, 'must be a valid resource quantity'));
  const states = 'status.allocatedResourceStatuses';
  const allocated = 'status.allocatedResources';
  return [
    ...Object.entries(capacity).flatMap(([name, text]) => negative(text, `status.capacity[${name}]`)),
    ...Object.entries(allocatedResourceStatuses).flatMap(([name, state]) => [
      ...claimResourceName(name, states),
      ...(RESIZE_STATES.includes(String(state)) ? [] : [fieldError.notSupported(states, name, RESIZE_STATES)]),
    ]),
    ...Object.entries(allocatedResources).flatMap(([name, text]) => {
      const errors = claimResourceName(name, allocated);
      if (errors.length > 0) return errors;
      return negative(text, `${allocated}[${name}]`);
    }),
  ];
}

function claimResourceName(name: string, path: string): FieldError[] {
  const errors = invalidEach(path, name, isQualifiedName(name));
  if (errors.length > 0 || name === 'storage' || !isNative(name)) return errors;
  return [fieldError.notSupported(path, name, ['storage'])];
}
