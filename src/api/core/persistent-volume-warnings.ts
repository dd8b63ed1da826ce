// What is told about volumes and claims that are on their way out (pkg/api/persistentvolume{,claim}/util.go).
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { PersistentVolumeClaimSpec, PersistentVolumeSpec } from '../types/core/v1.ts';
import { nodeTermWarnings } from './pod-warnings.ts';
import { claimWarnings } from './volume-warnings.ts';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
const OLD_ANNOTATIONS: Readonly<Record<string, string>> = {
  [BETA_CLASS]: 'deprecated since v1.8; use "storageClassName" attribute instead',
  'volume.beta.kubernetes.io/mount-options': 'deprecated since v1.31; use "mountOptions" attribute instead',
};
const DEPRECATED: readonly [kind: keyof PersistentVolumeSpec, text: string, as?: string][] = [
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+', 'storageOS'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

const annotationWarnings = ({ metadata: { annotations = {} } }: AnyObject, keys: readonly string[]): string[] =>
  keys.filter((key) => key in annotations).map((key) => `metadata.annotations[${key}]: ${OLD_ANNOTATIONS[key]}`);

export function persistentVolumeWarnings(object: AnyObject): string[] {
  const spec = (object.spec ?? {}) as PersistentVolumeSpec;
  const text =
    'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';
  return [
    ...annotationWarnings(object, Object.keys(OLD_ANNOTATIONS)),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle' ? [`spec.persistentVolumeReclaimPolicy: ${text}`] : []),
    ...(spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).flatMap((term, i) =>
      nodeTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`),
    ),
    ...DEPRECATED.filter(([kind]) => spec[kind] !== undefined).map(([kind, why, as = kind]) => `spec.${as}: ${why}`),
  ];
}

export const persistentVolumeClaimWarnings = (object: AnyObject): string[] => [
  ...annotationWarnings(object, [BETA_CLASS]),
  ...claimWarnings(object.spec as PersistentVolumeClaimSpec | undefined, 'spec'),
];
