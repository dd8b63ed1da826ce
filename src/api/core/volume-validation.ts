// PersistentVolumes: one storage behind each, how big it is and where it may be used (pkg/apis/core/validation
// ValidatePersistentVolumeSpec, ValidatePersistentVolumeUpdate).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Label, isDNS1123Subdomain, nameIsDNSLabel } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  CSIPersistentVolumeSource,
  PersistentVolumeSpec,
  SecretReference,
  VolumeNodeAffinity,
} from '../types/core/v1.ts';
import { validateNodeSelector } from '../validation/affinity.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import {
  invalidEach,
  noBackSteps,
  nonNegativeQuantity,
  oneOf,
  positiveQuantity,
  requiredFields,
} from '../validation/rules.ts';
import * as driver from '../validation/volume-drivers.ts';
import { csiDriverName } from '../validation/volume-sources.ts';
import { accessModes, VOLUME_MODES } from './claim-spec.ts';

type Source = Exclude<
  keyof PersistentVolumeSpec,
  | 'capacity'
  | 'accessModes'
  | 'claimRef'
  | 'persistentVolumeReclaimPolicy'
  | 'storageClassName'
  | 'mountOptions'
  | 'volumeMode'
  | 'nodeAffinity'
  | 'volumeAttributesClassName'
>;

interface SourceRule {
  kind: Source;
  /** As errors about a second source call it, where that differs. */
  forbiddenAs?: string;
  check(spec: PersistentVolumeSpec, path: string, name: string): FieldError[];
}

function source<K extends Source>(
  kind: K,
  check: (source: NonNullable<PersistentVolumeSpec[K]>, path: string, name: string) => FieldError[],
  { as = kind, forbiddenAs }: { as?: string; forbiddenAs?: string } = {},
): SourceRule {
  return {
    kind,
    ...(forbiddenAs ? { forbiddenAs } : {}),
    check: (spec, path, name) => check(spec[kind] as NonNullable<PersistentVolumeSpec[K]>, `${path}.${as}`, name),
  };
}

const secretFields = (ref: object | undefined, path: string, fields: readonly string[]): FieldError[] =>
  ref ? requiredFields(ref, `${path}.secretRef`, fields) : [];

/** In the order that upstream looks at them. */
const SOURCES: readonly SourceRule[] = [
  source('hostPath', driver.hostPath),
  source('gcePersistentDisk', driver.gcePersistentDisk, { as: 'persistentDisk' }),
  source('awsElasticBlockStore', driver.awsElasticBlockStore),
  source('glusterfs', (glusterfs, path) => [
    ...driver.glusterfs(glusterfs, path),
    ...(glusterfs.endpointsNamespace === undefined
      ? []
      : invalidEach(
          `${path}.endpointsNamespace`,
          glusterfs.endpointsNamespace,
          nameIsDNSLabel(glusterfs.endpointsNamespace, false).slice(0, glusterfs.endpointsNamespace ? undefined : 1),
        )),
  ]),
  source('flocker', driver.flocker),
  source('nfs', driver.nfs),
  source('rbd', driver.rbd),
  source('quobyte', driver.quobyte),
  source('cephfs', driver.cephfs, { forbiddenAs: 'cephFS' }),
  source('iscsi', (iscsi, path, name) => [
    ...driver.iscsi(iscsi, path),
    ...(driver.portalTooLong(name, iscsi)
      ? [fieldError.invalid(`${path}.targetportal`, iscsi.targetPortal, driver.PORTAL_TOO_LONG)]
      : []),
    ...secretFields(iscsi.secretRef, path, ['name']),
  ]),
  source('cinder', (cinder, path) => [
    ...requiredFields(cinder, path, ['volumeID']),
    ...secretFields(cinder.secretRef, path, ['name', 'namespace']),
  ]),
  source('fc', driver.fc),
  source('flexVolume', driver.flexVolume),
  source('azureFile', (azureFile, path) => [
    ...driver.azureFile(azureFile, path),
    ...(azureFile.secretNamespace === '' ? [fieldError.required(`${path}.secretNamespace`)] : []),
  ]),
  source('vsphereVolume', driver.vsphereVolume),
  source('photonPersistentDisk', driver.photonPersistentDisk),
  source('portworxVolume', driver.portworxVolume),
  source('azureDisk', driver.azureDisk),
  source('scaleIO', driver.scaleIO),
  source('local', ({ path: target }, path) =>
    target ? noBackSteps(target, `${path}.path`) : [fieldError.required(`${path}.path`)],
  ),
  source('storageos', (storageos, path) => [
    ...driver.storageos(storageos, path),
    ...secretFields(storageos.secretRef, path, ['name', 'namespace']),
  ]),
  source('csi', csi),
];

function csi(source: CSIPersistentVolumeSource, path: string): FieldError[] {
  const secrets = [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const;
  return [
    ...csiDriverName(source.driver, `${path}.driver`),
    ...requiredFields(source, path, ['volumeHandle']),
    ...secrets.flatMap((field) => {
      const ref = source[field];
      return ref ? secretReference(ref, `${path}.${field}`) : [];
    }),
  ];
}

const secretReference = ({ name, namespace }: SecretReference, path: string): FieldError[] => [
  ...(name ? invalidEach(`${path}.name`, name, isDNS1123Subdomain(name)) : [fieldError.required(`${path}.name`)]),
  ...(namespace
    ? invalidEach(`${path}.namespace`, namespace, isDNS1123Label(namespace))
    : [fieldError.required(`${path}.namespace`)]),
];

export function validateVolumeObject(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as PersistentVolumeSpec;
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec;
  return [
    ...accessModes(spec.accessModes ?? [], 'spec.accessModes'),
    ...capacityErrors(spec.capacity ?? {}),
    ...(policy ? oneOf(policy, ['Delete', 'Recycle', 'Retain'], 'spec.persistentVolumeReclaimPolicy') : []),
    ...(spec.nodeAffinity ? affinityErrors(spec.nodeAffinity) : []),
    ...sourceErrors(spec, 'spec', object.metadata.name ?? ''),
    ...recycleErrors(spec),
    ...(spec.storageClassName
      ? invalidEach('spec.storageClassName', spec.storageClassName, isDNS1123Subdomain(spec.storageClassName))
      : []),
    ...(volumeMode === undefined ? [] : oneOf(volumeMode, VOLUME_MODES, 'spec.volumeMode')),
    ...attributesClass(spec),
  ];
}

function capacityErrors(capacity: Readonly<Record<string, string>>): FieldError[] {
  const names = Object.keys(capacity);
  const path = 'spec.capacity';
  return [
    ...(names.length === 0 ? [fieldError.required(path)] : []),
    ...(capacity.storage === undefined || names.length > 1
      ? [fieldError.notSupported(path, capacity, ['storage'])]
      : []),
    ...Object.entries(capacity).flatMap(([name, text]) => [
      ...nonNegativeQuantity(text, `${path}[${name}]`),
      ...positiveQuantity(text, `${path}[${name}]`),
    ]),
  ];
}

const affinityErrors = ({ required }: VolumeNodeAffinity): FieldError[] =>
  required
    ? validateNodeSelector(required, 'spec.nodeAffinity.required')
    : [fieldError.required('spec.nodeAffinity.required', 'must specify required node constraints')];

/** The first source is checked, and a flexVolume always; all others are too many. */
export function sourceErrors(spec: PersistentVolumeSpec, path: string, name = ''): FieldError[] {
  const given = SOURCES.filter(({ kind }) => spec[kind] !== undefined);
  const [first] = given;
  if (!first) return [fieldError.required(path, 'must specify a volume type')];
  const errors = given.flatMap((rule) => {
    const { kind, forbiddenAs = kind, check } = rule;
    if (rule === first || kind === 'flexVolume') return check(spec, path, name);
    return [fieldError.forbidden(`${path}.${forbiddenAs}`, 'may not specify more than 1 volume type')];
  });
  if (first.kind === 'local' && !spec.nodeAffinity) {
    errors.push(fieldError.required(`${path}.nodeAffinity`, 'Local volume requires node affinity'));
  }
  return errors;
}

/** Nobody empties a whole machine. */
function recycleErrors({ hostPath, persistentVolumeReclaimPolicy }: PersistentVolumeSpec): FieldError[] {
  const isRoot = hostPath?.path !== undefined && /^\/+(\.?\/)*\.?$/.test(hostPath.path);
  if (!isRoot || persistentVolumeReclaimPolicy !== 'Recycle') return [];
  return [
    fieldError.forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"),
  ];
}

function attributesClass({ volumeAttributesClassName: name, csi: driven }: PersistentVolumeSpec): FieldError[] {
  if (name === undefined) return [];
  const path = 'spec.volumeAttributesClassName';
  return [
    ...(name
      ? invalidEach(path, name, isDNS1123Subdomain(name))
      : [fieldError.required(path, 'an empty string is disallowed')]),
    ...(driven ? [] : [fieldError.required('spec.csi', 'has to be specified when using volumeAttributesClassName')]),
  ];
}

/** The storage behind a volume stays, but for a secret that grows it; so do its mode and, once given, its nodes. */
export function validateVolumeUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as PersistentVolumeSpec;
  const before = (old.spec ?? {}) as PersistentVolumeSpec;
  const errors: FieldError[] = [];
  if (!isDeepStrictEqual(storageOf(spec, before), storageOf(before, before))) {
    const text = 'spec.persistentvolumesource is immutable after creation';
    errors.push(fieldError.forbidden('spec.persistentvolumesource', text));
  }
  if (spec.volumeMode !== before.volumeMode) {
    errors.push(fieldError.invalid('volumeMode', spec.volumeMode, FIELD_IMMUTABLE));
  }
  if (
    before.nodeAffinity &&
    !isDeepStrictEqual(stableLabels(spec.nodeAffinity, before.nodeAffinity), before.nodeAffinity)
  ) {
    errors.push(fieldError.invalid('nodeAffinity', spec.nodeAffinity ?? null, FIELD_IMMUTABLE));
  }
  if (before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
    const text = 'update from non-nil value to nil is forbidden';
    errors.push(fieldError.forbidden('spec.volumeAttributesClassName', text));
  }
  return errors;
}

function storageOf(spec: PersistentVolumeSpec, before: PersistentVolumeSpec): Record<string, unknown> {
  const given = SOURCES.filter(({ kind }) => spec[kind] !== undefined);
  const storage: Record<string, unknown> = Object.fromEntries(given.map(({ kind }) => [kind, spec[kind]]));
  if (before.csi && !before.csi.controllerExpandSecretRef && spec.csi) {
    const { controllerExpandSecretRef: _new, ...rest } = spec.csi;
    storage.csi = rest;
  }
  return storage;
}

const STABLE: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** Labels of nodes that went from beta to stable may be called by their new names. */
function stableLabels(affinity: VolumeNodeAffinity | undefined, before: VolumeNodeAffinity): unknown {
  if (!affinity?.required) return affinity;
  const terms = affinity.required.nodeSelectorTerms ?? [];
  const old = before.required?.nodeSelectorTerms ?? [];
  return {
    ...affinity,
    required: {
      ...affinity.required,
      nodeSelectorTerms: terms.map((term, i) => ({
        ...term,
        ...(term.matchExpressions
          ? {
              matchExpressions: term.matchExpressions.map((requirement, j) => {
                const key = old[i]?.matchExpressions?.[j]?.key;
                // A key without a stable name counts as called "" then.
                return key && (STABLE[key] ?? '') === requirement.key ? { ...requirement, key } : requirement;
              }),
            }
          : {}),
      })),
    },
  };
}
