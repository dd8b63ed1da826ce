// A claim that is bound to a volume on this host (hostPath or local).
import { stat } from 'node:fs/promises';
import { checkHostPath } from './host-path.ts';
import { VolumeError, type VolumeType } from './volume.ts';

export const persistentVolumeClaimVolume: VolumeType = {
  field: 'persistentVolumeClaim',
  plugin: 'kubernetes.io~local-volume',
  async setUp({ volume, objects }) {
    const { claimName: name = '', readOnly = false } = volume.persistentVolumeClaim ?? {};
    const claim = await objects.persistentVolumeClaim(name);
    if (!claim) throw new VolumeError(`persistentvolumeclaim "${name}" not found`);
    const bound = claim.spec?.volumeName;
    if (claim.status?.phase !== 'Bound' || !bound)
      throw new VolumeError(`PVC ${claim.metadata.namespace}/${name} is not bound`);
    const source = await objects.persistentVolume(bound);
    if (!source) throw new VolumeError(`persistentvolume "${bound}" not found`);
    const { hostPath, local } = source.spec ?? {};
    if (hostPath) {
      await checkHostPath(hostPath.path, hostPath.type ?? '');
      return { path: hostPath.path, readOnly };
    }
    if (local) {
      if (!(await stat(local.path).catch(() => undefined)))
        throw new VolumeError(`path "${local.path}" does not exist`);
      return { path: local.path, readOnly };
    }
    throw new VolumeError(
      `the type of persistentvolume "${bound}" is not supported on this node: use hostPath or local`,
    );
  },
};
