// ResourceClaims and their templates: what is asked for is for good (pkg/apis/resource/validation).
import type { AnyObject, ObjectMeta } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { DeviceClaim, ResourceClaimSpec } from '../types/resource/v1.ts';
import { immutable } from '../validation/change.ts';
import { validateAnnotations, validateLabels } from '../validation/metadata.ts';
import { claimStatusErrors, dropDeallocated } from './claim-status.ts';
import { deviceClaimErrors } from './requests.ts';

const devicesOf = (spec: unknown): DeviceClaim => ((spec ?? {}) as ResourceClaimSpec).devices ?? {};
const specUnchanged = (object: AnyObject, old: AnyObject) => immutable(object.spec, old.spec, 'spec');

export const resourceClaims: Behaviour = {
  validate: (object) => deviceClaimErrors(devicesOf(object.spec), 'spec.devices'),
  updateIsChangeOnly: true,
  validateUpdate: specUnchanged,
  prepareForStatusUpdate: dropDeallocated,
  validateStatusUpdate: (object, old) => claimStatusErrors(object, old, devicesOf(object.spec)),
};

/** Of a template's metadata only labels and annotations reach the claim. */
const beyondTemplate = (metadata: ObjectMeta, path: string): FieldError[] =>
  Object.keys(metadata)
    .filter((field) => field !== 'labels' && field !== 'annotations')
    .map((field) => fieldError.forbidden(`${path}.${field}`, 'cannot be set for an ObjectMeta used as a template'));

export const resourceClaimTemplates: Behaviour = {
  validate(object) {
    const { metadata, spec } = (object.spec ?? {}) as { metadata?: ObjectMeta; spec?: unknown };
    return [
      ...validateLabels(metadata?.labels, 'spec.metadata.labels'),
      ...beyondTemplate(metadata ?? {}, 'spec.metadata'),
      ...validateAnnotations(metadata?.annotations, 'spec.metadata.annotations'),
      ...deviceClaimErrors(devicesOf(spec), 'spec.spec.devices'),
    ];
  },
  updateIsChangeOnly: true,
  validateUpdate: specUnchanged,
};
