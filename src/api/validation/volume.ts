// A Pod's volumes: one source each, and what the common sources need (pkg/apis/core/validation ValidateVolumes).
import { isDNS1123Label } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { KeyToPath, Volume } from '../types/core/v1.ts';
import { descendingPath, duplicates, invalidEach, noBackSteps, nonNegativeQuantity, oneOf, required } from './rules.ts';

export const validateVolumes = (volumes: readonly Volume[], path: string): FieldError[] => [
  ...volumes.flatMap((volume, i) => validateVolume(volume, `${path}[${i}]`)),
  ...duplicates(
    volumes.map(({ name = '' }) => (isDNS1123Label(name).length === 0 ? name : '')),
    (name) => name,
    (i, name) => fieldError.duplicate(`${path}[${i}].name`, name),
  ),
];

function validateVolume(volume: Volume, path: string): FieldError[] {
  const { name = '', ...sources } = volume;
  const errors = name ? invalidEach(`${path}.name`, name, isDNS1123Label(name)) : [fieldError.required(`${path}.name`)];
  const given = Object.entries(sources).filter(([, source]) => source !== undefined);
  const [first, ...others] = given;
  if (!first) return [...errors, fieldError.required(path, 'must specify a volume type')];
  for (const [kind] of others) {
    errors.push(fieldError.forbidden(`${path}.${kind}`, 'may not specify more than 1 volume type'));
  }
  return [...errors, ...sourceErrors(volume, path)];
}

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
const MAX_MODE = 0o777;

function sourceErrors(volume: Volume, path: string): FieldError[] {
  const { emptyDir, hostPath, secret, configMap, persistentVolumeClaim, downwardAPI, nfs } = volume;
  const errors: FieldError[] = [];
  if (emptyDir?.sizeLimit !== undefined)
    errors.push(...nonNegativeQuantity(emptyDir.sizeLimit, `${path}.emptyDir.sizeLimit`));
  if (hostPath) {
    errors.push(...required(hostPath.path, `${path}.hostPath.path`));
    errors.push(...noBackSteps(hostPath.path ?? '', `${path}.hostPath.path`));
    errors.push(...oneOf(hostPath.type, HOST_PATH_TYPES, `${path}.hostPath.type`));
  }
  if (secret) {
    errors.push(...required(secret.secretName, `${path}.secret.secretName`));
    errors.push(
      ...modeErrors(secret.defaultMode, `${path}.secret.defaultMode`),
      ...items(secret.items, `${path}.secret.items`),
    );
  }
  if (configMap) {
    errors.push(...required(configMap.name, `${path}.configMap.name`));
    errors.push(...modeErrors(configMap.defaultMode, `${path}.configMap.defaultMode`));
    errors.push(...items(configMap.items, `${path}.configMap.items`));
  }
  if (persistentVolumeClaim) {
    errors.push(...required(persistentVolumeClaim.claimName, `${path}.persistentVolumeClaim.claimName`));
  }
  if (downwardAPI) errors.push(...modeErrors(downwardAPI.defaultMode, `${path}.downwardAPI.defaultMode`));
  if (nfs) {
    errors.push(...required(nfs.server, `${path}.nfs.server`), ...required(nfs.path, `${path}.nfs.path`));
    if (!nfs.path?.startsWith('/')) {
      errors.push(fieldError.invalid(`${path}.nfs.path`, nfs.path ?? '', 'must be an absolute path'));
    }
  }
  return errors;
}

const modeErrors = (mode: number | undefined, path: string): FieldError[] =>
  mode !== undefined && (mode < 0 || mode > MAX_MODE)
    ? [fieldError.invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : [];

const items = (list: readonly KeyToPath[] | undefined, path: string): FieldError[] =>
  (list ?? []).flatMap(({ key, path: target, mode }, i) => [
    ...required(key, `${path}[${i}].key`),
    ...required(target, `${path}[${i}].path`),
    ...(target ? descendingPath(target, `${path}[${i}].path`) : []),
    ...modeErrors(mode, `${path}[${i}].mode`),
  ]);
