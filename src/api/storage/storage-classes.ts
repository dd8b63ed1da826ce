// StorageClasses: what they provision with is for good (pkg/apis/storage/validation).
import { isDeepStrictEqual } from 'node:util';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { invalidEach, oneOf } from '../validation/rules.ts';

const FIXED = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const;

export const storageClasses: Behaviour = {
  validate({ provisioner, reclaimPolicy, volumeBindingMode }) {
    const name = String(provisioner ?? '');
    const errors: FieldError[] = name
      ? invalidEach('provisioner', name, isQualifiedName(name.toLowerCase()))
      : [fieldError.required('provisioner')];
    return [
      ...errors,
      ...oneOf(reclaimPolicy as string, ['Delete', 'Retain'], 'reclaimPolicy'),
      ...oneOf(volumeBindingMode as string, ['Immediate', 'WaitForFirstConsumer'], 'volumeBindingMode'),
    ];
  },
  validateUpdate: (object, old) =>
    FIXED.flatMap((field) =>
      isDeepStrictEqual(object[field], old[field])
        ? []
        : [fieldError.forbidden(field, `updates to ${field} are forbidden.`)],
    ),
};
