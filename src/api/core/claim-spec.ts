// What a PersistentVolumeClaim asks for, whether it stands alone or in a template (pkg/apis/core/validation
// ValidatePersistentVolumeClaimSpec).
import { isDeepStrictEqual } from 'node:util';
import { isDNS1123Subdomain, nameIsDNSLabel } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { PersistentVolumeClaimSpec, TypedObjectReference } from '../types/core/v1.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { invalidEach, oneOf, positiveQuantity, required } from '../validation/rules.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES = ['Block', 'Filesystem'];

export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const size = spec.resources?.requests?.storage;
  const { storageClassName, volumeMode, volumeAttributesClassName } = spec;
  const className = (name: string | undefined, field: string) =>
    name ? invalidEach(`${path}.${field}`, name, isDNS1123Subdomain(name)) : [];
  return [
    ...accessModes(spec.accessModes ?? [], `${path}.accessModes`),
    ...validateLabelSelector(spec.selector, `${path}.selector`),
    ...(size === undefined
      ? [fieldError.required(`${path}.resources[storage]`)]
      : positiveQuantity(size, `${path}.resources[storage]`)),
    ...className(storageClassName, 'storageClassName'),
    ...(volumeMode === undefined ? [] : oneOf(volumeMode, VOLUME_MODES, `${path}.volumeMode`)),
    ...dataSources(spec, path),
    ...className(volumeAttributesClassName, 'volumeAttributesClassName'),
  ];
}

export function accessModes(modes: readonly string[], path: string): FieldError[] {
  if (modes.length === 0) return [fieldError.required(path, 'at least 1 access mode is required')];
  const errors = modes.flatMap((mode) => oneOf(mode, ACCESS_MODES, path));
  const others = modes.filter((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode));
  if (modes.includes('ReadWriteOncePod') && others.length > 0) {
    errors.push(fieldError.forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
  }
  return errors;
}

/** Two names for one thing; only the newer can speak of another namespace. */
function dataSources({ dataSource, dataSourceRef }: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const errors = [
    ...(dataSource ? dataSourceErrors(dataSource, `${path}.dataSource`) : []),
    ...(dataSourceRef ? dataSourceErrors(dataSourceRef, `${path}.dataSourceRef`) : []),
  ];
  if (!dataSource || !dataSourceRef) return errors;
  const { namespace, ...local } = dataSourceRef;
  if (namespace) {
    const text = 'may not be specified when dataSourceRef.namespace is specified';
    return [...errors, fieldError.invalid(path, `${path}.dataSource`, text)];
  }
  return isDeepStrictEqual(local, dataSource)
    ? errors
    : [...errors, fieldError.invalid(path, `${path}.dataSource`, 'must match dataSourceRef')];
}

function dataSourceErrors({ name, kind, apiGroup, namespace }: TypedObjectReference, path: string): FieldError[] {
  const errors = [...required(name, `${path}.name`), ...required(kind, `${path}.kind`)];
  if (!apiGroup && kind !== 'PersistentVolumeClaim') {
    const text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    errors.push(fieldError.invalid(path, kind ?? '', text));
  }
  return [
    ...errors,
    ...(apiGroup ? invalidEach(`${path}.apiGroup`, apiGroup, isDNS1123Subdomain(apiGroup)) : []),
    ...(namespace ? invalidEach(`${path}.namespace`, namespace, nameIsDNSLabel(namespace, false)) : []),
  ];
}
