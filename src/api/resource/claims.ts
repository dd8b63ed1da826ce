// ResourceClaims and their templates: what is asked for is for good (pkg/apis/resource/validation).
import type { AnyObject, ObjectMeta } from '../../apimachinery/meta.ts';
import type { Behaviour } from '../behaviour.ts';
import type { DeviceClaim, ResourceClaimSpec } from '../types/resource/v1.ts';
import { immutable } from '../validation/change.ts';
import { validateTemplateMetadata } from '../validation/metadata.ts';
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

export const resourceClaimTemplates: Behaviour = {
  validate(object) {
    const { metadata, spec } = (object.spec ?? {}) as { metadata?: ObjectMeta; spec?: unknown };
    return [
      ...validateTemplateMetadata(metadata ?? {}, 'spec.metadata'),
      ...deviceClaimErrors(devicesOf(spec), 'spec.spec.devices'),
    ];
  },
  validateUpdate: specUnchanged,
};
