// A claim that is bound to a volume on this host (hostPath or local), or made for the pod (ephemeral): checks of
// pkg/kubelet/volumemanager/populator, then those of the volume's own type.
import { realpath, stat } from 'node:fs/promises';
import { termSelects } from '../../api/core/node-selector.ts';
import type {
  NodeSelectorTerm,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Volume,
} from '../../api/types/core/v1.ts';
import { allContainers, specOf } from '../pod-record.ts';
import { checkHostPath } from './host-path.ts';
import { fsGroupOf, giveToGroup } from './ownership.ts';
import {
  UnprocessedVolumeError,
  type VolumeContext,
  VolumeError,
  type VolumeObjects,
  type VolumeSetUp,
  type VolumeType,
} from './volume.ts';

const PROTECTION = 'kubernetes.io/pvc-protection';

/** The name of the claim that a volume is for. That of an ephemeral one is made by a controller and bears the pod's name. */
export const claimOf = (pod: Pod, volume: Volume): string | undefined =>
  volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : volume.persistentVolumeClaim?.claimName;

export const persistentVolumeClaimVolume: VolumeType = {
  field: 'persistentVolumeClaim',
  plugin: 'kubernetes.io~local-volume',
  setUp: setUpClaim,
};

export const ephemeralVolume: VolumeType = { ...persistentVolumeClaimVolume, field: 'ephemeral' };

async function setUpClaim(context: VolumeContext): Promise<VolumeSetUp> {
  const { pod, volume, objects } = context;
  const claimName = claimOf(pod, volume) ?? '';
  const wrong = (message: string) =>
    new UnprocessedVolumeError(`error processing PVC ${pod.metadata.namespace}/${claimName}: ${message}`);
  const claim = await objects.persistentVolumeClaim(claimName);
  const refusal = claimRefusal(claim, claimName);
  if (!claim || refusal) throw wrong(refusal ?? '');
  if (
    volume.ephemeral &&
    !claim.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === pod.metadata.uid)
  ) {
    const place = `${claim.metadata.namespace}/${claimName}`;
    throw new UnprocessedVolumeError(
      `PVC ${place} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`,
    );
  }
  const bound = claim.spec.volumeName as string;
  const source = await objects.persistentVolume(bound);
  const mismatch = volumeRefusal(source, bound, claim.metadata.uid);
  if (!source || mismatch) throw wrong(mismatch ?? '');
  const mode = source.spec.volumeMode ?? 'Filesystem';
  const wrongUse = mode === 'Block' ? 'volumeMounts' : 'volumeDevices';
  if (isUsed(pod, volume.name, wrongUse)) {
    throw new UnprocessedVolumeError(`volume ${volume.name} has volumeMode ${mode}, but is specified in ${wrongUse}`);
  }
  const terms = source.spec.nodeAffinity?.required?.nodeSelectorTerms;
  if (terms && !(await isSelected(terms, objects))) {
    const step = 'MountVolume.NodeAffinity check';
    throw new VolumeError('no matching NodeSelectorTerms', { volumeName: bound, step });
  }
  const readOnly = volume.persistentVolumeClaim?.readOnly ?? false;
  const made = await setUpSource(source, context, readOnly).catch((cause: Error) => {
    throw new VolumeError(cause.message, { cause, volumeName: bound });
  });
  return source.spec.local && !made.isDevice ? { ...made, claim: claimName } : made;
}

async function isSelected(terms: readonly NodeSelectorTerm[], objects: VolumeObjects): Promise<boolean> {
  const node = await objects.node();
  return node !== undefined && terms.some((term) => termSelects(term, node));
}

function claimRefusal(claim: PersistentVolumeClaim | undefined, name: string): string | undefined {
  if (!claim) return `failed to fetch PVC from API server: persistentvolumeclaims "${name}" not found`;
  const { deletionTimestamp, finalizers = [] } = claim.metadata;
  if (deletionTimestamp && !finalizers.includes(PROTECTION)) return 'PVC is being deleted';
  if (claim.status?.phase !== 'Bound') return 'PVC is not bound';
  return claim.spec.volumeName ? undefined : 'PVC has empty pvc.Spec.VolumeName';
}

function volumeRefusal(source: PersistentVolume | undefined, name: string, claimUid?: string): string | undefined {
  if (!source) return `failed to fetch PV ${name} from API server: persistentvolumes "${name}" not found`;
  const { claimRef } = source.spec;
  const found = `found PV object ${name} but`;
  if (!claimRef) return `${found} it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`;
  if (claimRef.uid === claimUid) return undefined;
  return `${found} its pv.Spec.ClaimRef.UID ${claimRef.uid} does not point to claim.UID ${claimUid}`;
}

const isUsed = (pod: Pod, volume: string, as: 'volumeMounts' | 'volumeDevices'): boolean =>
  allContainers(specOf(pod)).some((container) => container[as]?.some(({ name }) => name === volume));

async function setUpSource(source: PersistentVolume, { pod }: VolumeContext, readOnly: boolean): Promise<VolumeSetUp> {
  const { hostPath, local } = source.spec;
  if (hostPath) {
    await checkHostPath(hostPath.path, hostPath.type ?? '');
    return { path: hostPath.path, readOnly };
  }
  if (!local) throw new VolumeError('its type is not supported on this node: use hostPath or local');
  const stats = await stat(local.path).catch(() => undefined);
  if (!stats) throw new VolumeError(`path "${local.path}" does not exist`);
  if (source.spec.volumeMode === 'Block') {
    if (!stats.isBlockDevice()) throw new VolumeError(`path "${local.path}" is not a block device`);
    return { path: await realpath(local.path), readOnly, isDevice: true };
  }
  const group = fsGroupOf(pod);
  if (group !== undefined && !readOnly) {
    await giveToGroup(local.path, group, {
      readOnly: false,
      policy: specOf(pod).securityContext?.fsGroupChangePolicy,
    });
  }
  return { path: local.path, readOnly };
}
