// Volumes that a storage system attaches, whether a Pod names them or a PersistentVolume does
// (pkg/apis/core/validation validate*VolumeSource). Only what both have in common; the rest stands with its owner.
import { inclusiveRangeError, isDNS1123Label } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFileVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  HostPathVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  QuobyteVolumeSource,
  StorageOSVolumeSource,
} from '../types/core/v1.ts';
import { invalidEach, noBackSteps, oneOf, required, requiredFields } from './rules.ts';

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

export const hostPath = (source: HostPathVolumeSource, path: string): FieldError[] =>
  source.path
    ? [
        ...noBackSteps(source.path, `${path}.path`),
        ...(source.type === undefined ? [] : oneOf(source.type, HOST_PATH_TYPES, `${path}.type`)),
      ]
    : [fieldError.required(`${path}.path`)];

const partition = (value: number | undefined, path: string): FieldError[] =>
  value !== undefined && (value < 0 || value > 255)
    ? [fieldError.invalid(`${path}.partition`, value, inclusiveRangeError(1, 255))]
    : [];

export const gcePersistentDisk = (source: GCEPersistentDiskVolumeSource, path: string): FieldError[] => [
  ...requiredFields(source, path, ['pdName']),
  ...partition(source.partition, path),
];

export const awsElasticBlockStore = (source: AWSElasticBlockStoreVolumeSource, path: string): FieldError[] => [
  ...requiredFields(source, path, ['volumeID']),
  ...partition(source.partition, path),
];

export const nfs = (source: NFSVolumeSource, path: string): FieldError[] => [
  ...requiredFields(source, path, ['server', 'path']),
  ...(source.path?.startsWith('/')
    ? []
    : [fieldError.invalid(`${path}.path`, source.path ?? '', 'must be an absolute path')]),
];

const lunRange = (lun: number, path: string): FieldError[] =>
  lun < 0 || lun > 255 ? [fieldError.invalid(`${path}.lun`, lun, inclusiveRangeError(0, 255))] : [];

const QUALIFIED_NAMES: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.[a-zA-Z0-9.-]+:[^,;*&$|\s]+$/,
  eui: /^eui.[a-zA-Z0-9]{16}$/,
  naa: /^naa.[a-zA-Z0-9]{32}$/,
};

function qualifiedName(name: string, path: string): FieldError[] {
  const format = QUALIFIED_NAMES[name.slice(0, 3)];
  if (!format) return [fieldError.invalid(path, name, 'must be valid format starting with iqn, eui, or naa')];
  return format.test(name) ? [] : [fieldError.invalid(path, name, 'must be valid format')];
}

type Iscsi = Omit<ISCSIVolumeSource, 'secretRef'> & { secretRef?: { name?: string } };

export const iscsi = (source: Iscsi, path: string): FieldError[] => [
  ...required(source.targetPortal, `${path}.targetPortal`),
  ...(source.iqn ? qualifiedName(source.iqn, `${path}.iqn`) : [fieldError.required(`${path}.iqn`)]),
  ...lunRange(source.lun ?? 0, path),
  ...((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef
    ? [fieldError.required(`${path}.secretRef`)]
    : []),
  ...(source.initiatorName === undefined ? [] : qualifiedName(source.initiatorName, `${path}.initiatorname`)),
];

export const PORTAL_TOO_LONG =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';

export const portalTooLong = (volume: string, { initiatorName, targetPortal = '' }: Iscsi): boolean =>
  initiatorName !== undefined && Buffer.byteLength(`${volume}:${targetPortal}`) > 64;

export function fc({ targetWWNs = [], wwids = [], lun }: FCVolumeSource, path: string): FieldError[] {
  const at = `${path}.targetWWNs`;
  if (targetWWNs.length === 0) {
    return wwids.length > 0 ? [] : [fieldError.required(at, 'must specify either targetWWNs or wwids, but not both')];
  }
  const both = 'targetWWNs and wwids can not be specified simultaneously';
  return [
    ...(wwids.length > 0 ? [fieldError.invalid(at, targetWWNs, both)] : []),
    ...(lun === undefined
      ? [fieldError.required(`${path}.lun`, 'lun is required if targetWWNs is specified')]
      : lunRange(lun, path)),
  ];
}

/** What Go's net.SplitHostPort takes apart. */
const HOST_PORT = /^(\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/;

export function quobyte({ registry = '', tenant = '', volume }: QuobyteVolumeSource, path: string): FieldError[] {
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  const errors: FieldError[] = [];
  if (!registry) errors.push(fieldError.required(`${path}.registry`, pairs));
  else if (tenant.length >= 65) {
    errors.push(fieldError.required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'));
  } else {
    const wrong = registry.split(',').filter((pair) => !HOST_PORT.test(pair));
    errors.push(...wrong.map(() => fieldError.invalid(`${path}.registry`, registry, pairs)));
  }
  return [...errors, ...required(volume, `${path}.volume`)];
}

export function flocker({ datasetName = '', datasetUUID = '' }: FlockerVolumeSource, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!datasetName && !datasetUUID) {
    errors.push(fieldError.required(path, 'one of datasetName and datasetUUID is required'));
  }
  if (datasetName && datasetUUID) {
    errors.push(
      fieldError.invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'),
    );
  }
  if (datasetName.includes('/')) {
    errors.push(fieldError.invalid(`${path}.datasetName`, datasetName, "must not contain '/'"));
  }
  return errors;
}

type Flex = Omit<FlexVolumeSource, 'secretRef'>;

/** Options of a driver may not pose as Kubernetes' own. */
export const flexVolume = ({ driver, options = {} }: Flex, path: string): FieldError[] => [
  ...required(driver, `${path}.driver`),
  ...Object.keys(options).flatMap((key) =>
    /\.(kubernetes|k8s)\.io$/.test(`.${(key.includes('/') ? key.slice(0, key.indexOf('/')) : key).toLowerCase()}`)
      ? [fieldError.invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')]
      : [],
  ),
];

export const azureFile = (source: Partial<AzureFileVolumeSource>, path: string): FieldError[] =>
  requiredFields(source, path, ['secretName', 'shareName']);

const MANAGED_URI = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const BLOB_URI = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

export function azureDisk(source: AzureDiskVolumeSource, path: string): FieldError[] {
  const { diskURI = '', cachingMode, kind } = source;
  const errors = requiredFields(source, path, ['diskName', 'diskURI']);
  if (cachingMode !== undefined) {
    errors.push(...oneOf(cachingMode, ['None', 'ReadOnly', 'ReadWrite'], `${path}.cachingMode`));
  }
  if (kind !== undefined) {
    errors.push(...oneOf(kind, ['Dedicated', 'Managed', 'Shared'], `${path}.kind`));
    const [prefix, uri] = kind === 'Managed' ? ['/subscriptions/', MANAGED_URI] : ['https://', BLOB_URI];
    if (!diskURI.startsWith(prefix)) errors.push(fieldError.notSupported(`${path}.diskURI`, diskURI, [uri]));
  }
  return errors;
}

type StorageOS = Omit<StorageOSVolumeSource, 'secretRef'>;

export const storageos = ({ volumeName, volumeNamespace }: StorageOS, path: string): FieldError[] => [
  ...(volumeName
    ? invalidEach(`${path}.volumeName`, volumeName, isDNS1123Label(volumeName))
    : [fieldError.required(`${path}.volumeName`)]),
  ...(volumeNamespace ? invalidEach(`${path}.volumeNamespace`, volumeNamespace, isDNS1123Label(volumeNamespace)) : []),
];

/** Drivers of which only some fields must be there. */
export const requiring =
  (...fields: readonly string[]) =>
  (source: object, path: string): FieldError[] =>
    requiredFields(source, path, fields);

export const glusterfs = requiring('endpoints', 'path');
export const rbd = requiring('monitors', 'image');
export const cephfs = requiring('monitors');
export const vsphereVolume = requiring('volumePath');
export const photonPersistentDisk = requiring('pdID');
export const portworxVolume = requiring('volumeID');
export const scaleIO = requiring('gateway', 'system', 'volumeName');
