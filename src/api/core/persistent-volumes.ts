// Volumes and claims: both begin as Pending (pkg/registry/core/persistentvolume{,claim}/strategy.go).
import type { Behaviour } from '../behaviour.ts';
import { validateClaim, validateClaimStatus, validateClaimUpdate } from './claim-validation.ts';
import { validateVolumeObject, validateVolumeUpdate } from './volume-validation.ts';

const time = (now: number): string => `${new Date(now).toISOString().slice(0, 19)}Z`;

export const persistentVolumes: Behaviour = {
  prepareForCreate(object, { now }) {
    object.status = { phase: 'Pending', lastPhaseTransitionTime: time(now) };
  },
  validate: validateVolumeObject,
  validateUpdate: validateVolumeUpdate,
};

export const persistentVolumeClaims: Behaviour = {
  prepareForCreate(object) {
    object.status = { phase: 'Pending' };
    mirrorDataSource(object.spec as ClaimSpec | undefined);
  },
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatus,
};

interface ClaimSpec {
  dataSource?: { kind?: string; name?: string };
  dataSourceRef?: { kind?: string; name?: string; namespace?: string };
}

/** Each of the two is what the other says, where only one is given; a source in another namespace has no old form. */
function mirrorDataSource(spec: ClaimSpec | undefined): void {
  if (!spec) return;
  for (const field of ['dataSource', 'dataSourceRef'] as const) {
    const { kind, name } = spec[field] ?? {};
    if (!kind && !name) delete spec[field];
  }
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    spec.dataSource = { ...spec.dataSourceRef };
  }
}
