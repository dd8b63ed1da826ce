// The kinds of volumes in a Pod, in the order that upstream looks at them: one line each, with its check.
import { isDNS1123Subdomain, nameIsDNSSubdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { validateClaimSpec } from '../core/claim-spec.ts';
import type {
  ConfigMapVolumeSource,
  CSIVolumeSource,
  EmptyDirVolumeSource,
  EphemeralVolumeSource,
  GitRepoVolumeSource,
  ImageVolumeSource,
  SecretVolumeSource,
  Volume,
} from '../types/core/v1.ts';
import { validateTemplateMetadata } from './metadata.ts';
import { downwardAPI, keyPaths, projected } from './projected-volume.ts';
import { descendingPath, fileMode, invalidEach, required, requiredFields, requiredOneOf } from './rules.ts';
import * as driver from './volume-drivers.ts';

type Kind = Exclude<keyof Volume, 'name'>;

export interface VolumeSourceRule {
  kind: Kind;
  /** As errors about a second source call it, where that differs. */
  forbiddenAs?: string;
  check(volume: Volume, path: string, inPod: boolean): FieldError[];
}

type Check<K extends Kind> = (source: NonNullable<Volume[K]>, path: string, inPod: boolean) => FieldError[];

/** `as` is the field that errors name, where it differs from the kind. */
function source<K extends Kind>(
  kind: K,
  check: Check<K>,
  { as = kind, forbiddenAs }: { as?: string; forbiddenAs?: string } = {},
): VolumeSourceRule {
  return {
    kind,
    ...(forbiddenAs ? { forbiddenAs } : {}),
    check: (volume, path, inPod) => check(volume[kind] as NonNullable<Volume[K]>, `${path}.${as}`, inPod),
  };
}

export const VOLUME_SOURCES: readonly VolumeSourceRule[] = [
  source('emptyDir', emptyDir),
  source('hostPath', driver.hostPath),
  source('gitRepo', gitRepo),
  source('gcePersistentDisk', driver.gcePersistentDisk, { as: 'persistentDisk' }),
  source('awsElasticBlockStore', driver.awsElasticBlockStore),
  source('secret', secret),
  source('nfs', driver.nfs),
  { kind: 'iscsi', check: iscsi },
  source('glusterfs', driver.glusterfs),
  source('flocker', driver.flocker),
  source('persistentVolumeClaim', driver.requiring('claimName')),
  source('rbd', driver.rbd),
  source('cinder', (cinder, path) => [
    ...requiredFields(cinder, path, ['volumeID']),
    ...secretName(cinder.secretRef, `${path}.secretRef`),
  ]),
  source('cephfs', driver.cephfs, { forbiddenAs: 'cephFS' }),
  source('quobyte', driver.quobyte),
  source('downwardAPI', downwardAPI, { forbiddenAs: 'downwarAPI' }),
  source('fc', driver.fc),
  source('flexVolume', driver.flexVolume),
  source('configMap', configMap),
  source('azureFile', driver.azureFile),
  source('vsphereVolume', driver.vsphereVolume),
  source('photonPersistentDisk', driver.photonPersistentDisk),
  source('portworxVolume', driver.portworxVolume),
  source('azureDisk', driver.azureDisk),
  source('storageos', (storageos, path) => [
    ...driver.storageos(storageos, path),
    ...secretName(storageos.secretRef, `${path}.secretRef`),
  ]),
  source('projected', projected),
  source('scaleIO', driver.scaleIO),
  source('csi', csi),
  source('ephemeral', ephemeral),
  source('image', image),
];

function emptyDir({ sizeLimit }: EmptyDirVolumeSource, path: string): FieldError[] {
  return sizeLimit?.startsWith('-')
    ? [fieldError.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
    : [];
}

function gitRepo({ repository, directory = '' }: GitRepoVolumeSource, path: string): FieldError[] {
  return [...required(repository, `${path}.repository`), ...descendingPath(directory, `${path}.directory`)];
}

function secret({ secretName: name, defaultMode, items }: SecretVolumeSource, path: string): FieldError[] {
  return [
    ...required(name, `${path}.secretName`),
    ...fileMode(defaultMode, `${path}.defaultMode`),
    ...keyPaths(items, `${path}.items`),
  ];
}

function configMap({ name, defaultMode, items }: ConfigMapVolumeSource, path: string): FieldError[] {
  return [
    ...required(name, `${path}.name`),
    ...fileMode(defaultMode, `${path}.defaultMode`),
    ...keyPaths(items, `${path}.items`),
  ];
}

function iscsi({ name, iscsi: source }: Volume, path: string): FieldError[] {
  if (!source) return [];
  const errors = driver.iscsi(source, `${path}.iscsi`);
  if (driver.portalTooLong(name, source)) {
    errors.push(fieldError.invalid(`${path}.name`, name, driver.PORTAL_TOO_LONG));
  }
  return errors;
}

const secretName = (ref: { name?: string } | undefined, path: string): FieldError[] =>
  ref ? required(ref.name, `${path}.name`) : [];

function csi({ driver: name, nodePublishSecretRef: ref }: CSIVolumeSource, path: string): FieldError[] {
  const errors = csiDriverName(name, `${path}.driver`);
  if (!ref) return errors;
  if (!ref.name) return [...errors, fieldError.required(`${path}.nodePublishSecretRef.name`)];
  return [...errors, ...invalidEach(`${path}.name`, ref.name, nameIsDNSSubdomain(ref.name, false))];
}

export function csiDriverName(name: string | undefined, path: string): FieldError[] {
  if (!name) return [fieldError.required(path)];
  return [
    ...(name.length > 63 ? [fieldError.tooLong(path, 63)] : []),
    ...invalidEach(path, name, isDNS1123Subdomain(name.toLowerCase())),
  ];
}

function ephemeral({ volumeClaimTemplate: template }: EphemeralVolumeSource, path: string): FieldError[] {
  const at = `${path}.volumeClaimTemplate`;
  if (!template) return [fieldError.required(at)];
  return [
    ...validateTemplateMetadata(template.metadata ?? {}, `${at}.metadata`),
    ...validateClaimSpec(template.spec, `${at}.spec`),
  ];
}

/** Templates may leave the reference to whoever makes their Pods. */
function image({ reference, pullPolicy }: ImageVolumeSource, path: string, inPod: boolean): FieldError[] {
  return [
    ...(inPod ? required(reference, `${path}.reference`) : []),
    ...requiredOneOf(pullPolicy, ['Always', 'IfNotPresent', 'Never'], `${path}.pullPolicy`),
  ];
}
