// Which objects of its namespace a pod's spec names: what the kubelet must read to run it.
import type { Pod, Volume } from '../../api/types/core/v1.ts';

export interface PodReferences {
  secrets: Set<string>;
  configMaps: Set<string>;
  claims: Set<string>;
}

export function podReferences(pod: Pod): PodReferences {
  const found: PodReferences = { secrets: new Set(), configMaps: new Set(), claims: new Set() };
  const { spec } = pod;
  if (!spec) return found;
  const add = (to: Set<string>, name: string | undefined) => {
    if (name) to.add(name);
  };
  for (const { name } of spec.imagePullSecrets ?? []) add(found.secrets, name);
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
  for (const { env, envFrom } of containers) {
    for (const { configMapRef, secretRef } of envFrom ?? []) {
      add(found.configMaps, configMapRef?.name);
      add(found.secrets, secretRef?.name);
    }
    for (const { valueFrom } of env ?? []) {
      add(found.configMaps, valueFrom?.configMapKeyRef?.name);
      add(found.secrets, valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) addVolume(volume, pod, found, add);
  return found;
}

function addVolume(
  volume: Volume,
  pod: Pod,
  found: PodReferences,
  add: (to: Set<string>, name: string | undefined) => void,
): void {
  add(found.secrets, volume.secret?.secretName);
  add(found.configMaps, volume.configMap?.name);
  for (const source of volume.projected?.sources ?? []) {
    add(found.secrets, source.secret?.name);
    add(found.configMaps, source.configMap?.name);
  }
  add(found.claims, volume.persistentVolumeClaim?.claimName);
  if (volume.ephemeral) add(found.claims, `${pod.metadata.name}-${volume.name}`);
  add(found.secrets, volume.azureFile?.secretName);
  const withSecretRef = [volume.cephfs, volume.cinder, volume.flexVolume, volume.rbd, volume.scaleIO];
  for (const source of [...withSecretRef, volume.iscsi, volume.storageos]) add(found.secrets, source?.secretRef?.name);
  add(found.secrets, volume.csi?.nodePublishSecretRef?.name);
}
