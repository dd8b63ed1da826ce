// VolumeAttachments: which volume goes to which node, for good, and how that went (pkg/apis/storage/validation).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { accessModes } from '../core/claim-validation.ts';
import { sourceErrors as volumeSourceErrors } from '../core/volume-validation.ts';
import type { PersistentVolumeSpec } from '../types/core/v1.ts';
import type {
  VolumeAttachmentSource,
  VolumeAttachmentSpec,
  VolumeAttachmentStatus,
  VolumeError,
} from '../types/storage/v1.ts';
import { immutable } from '../validation/change.ts';
import { driverName } from '../validation/driver-name.ts';
import { invalidEach, required } from '../validation/rules.ts';
import { MAX_MAP_BYTES, mapBytes } from './parameters.ts';

const MAX_MESSAGE = 1024;

function validate(object: AnyObject): FieldError[] {
  const { attacher, nodeName = '', source = {} } = (object.spec ?? {}) as Partial<VolumeAttachmentSpec>;
  return [
    ...driverName(attacher, 'spec.attacher'),
    ...sourceErrors(source, 'spec.source'),
    ...invalidEach('spec.nodeName', nodeName, isDNS1123Subdomain(nodeName)),
    ...statusErrors((object.status ?? {}) as Partial<VolumeAttachmentStatus>),
  ];
}

function sourceErrors({ inlineVolumeSpec, persistentVolumeName: name }: VolumeAttachmentSource, path: string) {
  const which = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (name !== undefined) {
    const at = `${path}.persistentVolumeName`;
    const errors = inlineVolumeSpec ? [fieldError.forbidden(path, which)] : required(name, at);
    return [...errors, ...invalidEach(at, name, isDNS1123Subdomain(name))];
  }
  if (!inlineVolumeSpec) return [fieldError.required(path, which)];
  return inlineErrors(inlineVolumeSpec, `${path}.inlineVolumeSpec`);
}

/** Only CSI, and only what the driver needs (ValidatePersistentVolumeSpec of inline volumes). */
function inlineErrors(spec: PersistentVolumeSpec, path: string): FieldError[] {
  const errors = accessModes(spec.accessModes ?? [], `${path}.accessModes`);
  const here = 'in the context of inline volumes';
  for (const field of ['claimRef', 'capacity', 'nodeAffinity', 'storageClassName'] as const) {
    if (spec[field]) errors.push(fieldError.forbidden(`${path}.${field}`, `may not be specified ${here}`));
  }
  for (const [field, only] of Object.entries({ persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' })) {
    const value = spec[field as 'volumeMode'];
    if (value && value !== only) errors.push(fieldError.forbidden(`${path}.${field}`, `may only be ${only} ${here}`));
  }
  if (!spec.csi) errors.push(fieldError.required(`${path}.csi`, `has to be specified ${here}`));
  return [...errors, ...volumeSourceErrors(spec, path)];
}

function statusErrors({ attachmentMetadata, attachError, detachError }: Partial<VolumeAttachmentStatus>): FieldError[] {
  const path = 'status.attachmentMetadata';
  return [
    ...(mapBytes(attachmentMetadata) > MAX_MAP_BYTES ? [fieldError.tooLong(path, MAX_MAP_BYTES)] : []),
    ...volumeErrorErrors(attachError, 'status.attachError'),
    ...volumeErrorErrors(detachError, 'status.detachError'),
  ];
}

function volumeErrorErrors(error: VolumeError | undefined, path: string): FieldError[] {
  const { message = '', errorCode } = error ?? {};
  const errors = Buffer.byteLength(message) > MAX_MESSAGE ? [fieldError.tooLong(`${path}.message`, MAX_MESSAGE)] : [];
  if (errorCode !== undefined && errorCode < 0) {
    errors.push(fieldError.invalid(`${path}.errorCode`, errorCode, 'must be between 0 and 2147483647, inclusive'));
  }
  return errors;
}

const validateUpdate = (object: AnyObject, old: AnyObject): FieldError[] => immutable(object.spec, old.spec, 'spec');

export const volumeAttachments: Behaviour = { validate, validateUpdate, validateStatusUpdate: validate };
