// Rows of volumes, claims and the storage group.
import type { Cells } from '../behaviour.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../types/core/v1.ts';
import type { CSIDriver, CSINode, StorageClass, VolumeAttachment, VolumeAttributesClass } from '../types/storage/v1.ts';
import { row } from './cell.ts';

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const MODES: readonly [mode: string, short: string][] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

const modesText = (modes: readonly string[] | undefined): string =>
  MODES.filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');

const volume = row<PersistentVolume>(({ metadata, spec, status }, { name, age }) => [
  name,
  spec?.capacity?.storage ?? '0',
  modesText(spec?.accessModes),
  spec?.persistentVolumeReclaimPolicy ?? '',
  metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
  spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '',
  metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? '',
  spec?.volumeAttributesClassName ?? '<unset>',
  status?.reason ?? '',
  age,
  spec?.volumeMode ?? '<unset>',
]);

const claim = row<PersistentVolumeClaim>(({ metadata, spec, status }, { name, age }) => [
  name,
  metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
  spec?.volumeName ?? '',
  spec?.volumeName ? (status?.capacity?.storage ?? '0') : '',
  spec?.volumeName ? modesText(status?.accessModes) : '',
  metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? '',
  spec?.volumeAttributesClassName ?? '<unset>',
  age,
  spec?.volumeMode ?? '<unset>',
]);

const DEFAULT_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

const storageClass = row<StorageClass>((object, { name, age }) => {
  const isDefault = DEFAULT_ANNOTATIONS.some((key) => object.metadata.annotations?.[key] === 'true');
  return [
    isDefault ? `${name} (default)` : name,
    object.provisioner,
    object.reclaimPolicy ?? 'Delete',
    object.volumeBindingMode ?? 'Immediate',
    object.allowVolumeExpansion ?? false,
    age,
  ];
});

const csiDriver = row<CSIDriver>(({ spec }, { name, age }) => [
  name,
  spec.attachRequired ?? true,
  spec.podInfoOnMount ?? false,
  spec.storageCapacity ?? false,
  (spec.tokenRequests ?? []).map(({ audience }) => audience).join(',') || '<unset>',
  spec.requiresRepublish ?? false,
  (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
  age,
]);

const csiNode = row<CSINode>(({ spec }, { name, age }) => [name, spec.drivers?.length ?? 0, age]);

const volumeAttachment = row<VolumeAttachment>(({ spec, status }, { name, age }) => [
  name,
  spec.attacher,
  spec.source.persistentVolumeName ?? '',
  spec.nodeName,
  status?.attached ?? false,
  age,
]);

const volumeAttributesClass = row<VolumeAttributesClass>((object, { name, age }) => [name, object.driverName, age]);

export const storageCells: Readonly<Record<string, Cells>> = {
  PersistentVolume: volume,
  PersistentVolumeClaim: claim,
  'StorageClass.storage.k8s.io': storageClass,
  'CSIDriver.storage.k8s.io': csiDriver,
  'CSINode.storage.k8s.io': csiNode,
  'VolumeAttachment.storage.k8s.io': volumeAttachment,
  'VolumeAttributesClass.storage.k8s.io': volumeAttributesClass,
};
