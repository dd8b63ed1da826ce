// Volumes and claims: both begin as Pending (pkg/registry/core/persistentvolume{,claim}/strategy.go).
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { Behaviour } from '../behaviour.ts';
import { validateClaim, validateClaimStatus, validateClaimUpdate } from './claim-validation.ts';
import { persistentVolumeClaimWarnings, persistentVolumeWarnings } from './persistent-volume-warnings.ts';
import { validateVolumeObject, validateVolumeUpdate } from './volume-validation.ts';

const time = (now: number): string => `${new Date(now).toISOString().slice(0, 19)}Z`;

interface VolumeStatus {
  phase?: string;
  lastPhaseTransitionTime?: string;
}

/** When the phase changed, unless whoever changed it says so. */
function stampPhase(object: AnyObject, old: AnyObject, now: number): void {
  const status = (object.status ?? {}) as VolumeStatus;
  const before = (old.status ?? {}) as VolumeStatus;
  const told = status.lastPhaseTransitionTime;
  if (status.phase === before.phase) {
    if (told === undefined && before.lastPhaseTransitionTime) {
      status.lastPhaseTransitionTime = before.lastPhaseTransitionTime;
    }
  } else if (told === undefined || told === before.lastPhaseTransitionTime) {
    status.lastPhaseTransitionTime = time(now);
  }
  object.status = status;
}

export const persistentVolumes: Behaviour = {
  prepareForCreate(object, { now }) {
    object.status = { phase: 'Pending', lastPhaseTransitionTime: time(now) };
  },
  prepareForStatusUpdate: (object, old, { now }) => stampPhase(object, old, now),
  validate: validateVolumeObject,
  // Upstream goes over the volume twice.
  validateUpdate: (object, old) => [...validateVolumeObject(object), ...validateVolumeUpdate(object, old)],
  warnings: (object) => persistentVolumeWarnings(object),
};

const specOf = (object: AnyObject): ClaimSpec => (object.spec ?? {}) as ClaimSpec;

export const persistentVolumeClaims: Behaviour = {
  prepareForCreate(object) {
    object.status = { phase: 'Pending' };
    mirrorDataSource(specOf(object), undefined);
  },
  prepareForUpdate: (object, old) => mirrorDataSource(specOf(object), specOf(old)),
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatus,
  warnings: (object) => persistentVolumeClaimWarnings(object),
};

interface DataSource {
  apiGroup?: string | null;
  kind?: string;
  name?: string;
  namespace?: string;
}

interface ClaimSpec {
  dataSource?: DataSource;
  dataSourceRef?: DataSource;
}

/** What the older field may name; anything else in it was ignored once, and is. */
const isOldSource = ({ apiGroup, kind }: DataSource): boolean =>
  (kind === 'PersistentVolumeClaim' && !apiGroup) ||
  (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io');

/**
 * Each of the two is what the other says, where only one is given (pkg/api/persistentvolumeclaim/util.go). Sources in
 * other namespaces are behind the gate CrossNamespaceVolumeDataSource.
 */
function mirrorDataSource(spec: ClaimSpec, old: ClaimSpec | undefined): void {
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef;
  const inUse = old?.dataSource || old?.dataSourceRef;
  if (!inUse && !spec.dataSourceRef && spec.dataSource && !isOldSource(spec.dataSource)) delete spec.dataSource;
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { namespace: _namespace, ...local } = spec.dataSourceRef;
    spec.dataSource = local;
  }
}
