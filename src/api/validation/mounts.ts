// Where containers see volumes, as directories and as block devices (pkg/apis/core/validation ValidateVolumeMounts,
// ValidateVolumeDevices). Some fields are reported without the mount's index, as upstream does.
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Container, Volume, VolumeDevice, VolumeMount } from '../types/core/v1.ts';
import { descendingPath, noBackSteps, oneOf, required } from './rules.ts';

type Volumes = ReadonlyMap<string, Volume>;

export function validateMounts(container: Container, volumes: Volumes, path: string): FieldError[] {
  const paths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  return (container.volumeMounts ?? []).flatMap((mount, i) => {
    const at = `${path}[${i}]`;
    const { name = '', mountPath = '' } = mount;
    const errors = [...required(name, `${at}.name`), ...required(mountPath, `${at}.mountPath`)];
    if (!volumes.has(name)) errors.push(fieldError.notFound(`${at}.name`, name));
    if (paths.has(mountPath)) errors.push(fieldError.invalid(`${at}.mountPath`, mountPath, 'must be unique'));
    paths.add(mountPath);
    return [
      ...errors,
      ...mountConflicts(mount, devices, at),
      ...subPaths(mount, path, at),
      ...propagation(mount, container, `${path}.mountPropagation`),
      ...recursiveReadOnly(mount, `${path}.recursiveReadOnly`),
    ];
  });
}

const mountConflicts = (mount: VolumeMount, devices: readonly VolumeDevice[], at: string): FieldError[] => [
  ...(devices.some(({ name }) => name === mount.name)
    ? [fieldError.invalid(`${at}.name`, mount.name, 'must not already exist in volumeDevices')]
    : []),
  ...(devices.some(({ devicePath }) => devicePath === mount.mountPath)
    ? [fieldError.invalid(`${at}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices')]
    : []),
];

function subPaths({ subPath, subPathExpr }: VolumeMount, list: string, at: string): FieldError[] {
  const errors = subPath ? descendingPath(subPath, `${list}.subPath`) : [];
  if (subPathExpr) {
    if (subPath) {
      const text = 'subPathExpr and subPath are mutually exclusive';
      errors.push(fieldError.invalid(`${at}.subPathExpr`, subPathExpr, text));
    }
    errors.push(...descendingPath(subPathExpr, `${list}.subPathExpr`));
  }
  return errors;
}

function propagation({ mountPropagation: mode }: VolumeMount, container: Container, path: string): FieldError[] {
  if (mode === undefined) return [];
  const errors = oneOf(mode, ['Bidirectional', 'HostToContainer', 'None'], path);
  if (mode === 'Bidirectional' && !container.securityContext?.privileged) {
    const text = 'Bidirectional mount propagation is available only to privileged containers';
    errors.push(fieldError.forbidden(path, text));
  }
  return errors;
}

function recursiveReadOnly(mount: VolumeMount, path: string): FieldError[] {
  const { recursiveReadOnly: mode, readOnly, mountPropagation = 'None' } = mount;
  if (mode === undefined || mode === 'Disabled') return [];
  const errors = oneOf(mode, ['Disabled', 'Enabled', 'IfPossible'], path);
  if (errors.length > 0) return errors;
  if (!readOnly) errors.push(fieldError.forbidden(path, 'may only be specified when readOnly is true'));
  if (mountPropagation !== 'None') {
    errors.push(fieldError.forbidden(path, 'may only be specified when mountPropagation is None or not specified'));
  }
  return errors;
}

/** Only claims can be had as devices. */
export function validateDevices(container: Container, volumes: Volumes, path: string): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  return (container.volumeDevices ?? []).flatMap(({ name = '', devicePath = '' }, i) => {
    const at = `${path}[${i}]`;
    const volume = volumes.get(name);
    const errors = [...required(name, `${at}.name`), ...required(devicePath, `${at}.devicePath`)];
    if (names.has(name)) errors.push(fieldError.invalid(`${at}.name`, name, 'must be unique'));
    if (!volume) errors.push(fieldError.notFound(`${at}.name`, name));
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      const text = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      errors.push(fieldError.invalid(`${at}.name`, name, text));
    }
    if (paths.has(devicePath)) errors.push(fieldError.invalid(`${at}.devicePath`, devicePath, 'must be unique'));
    if (noBackSteps(devicePath, '').length > 0) {
      errors.push(fieldError.invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    } else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) {
      errors.push(fieldError.invalid(`${at}.name`, name, 'must not already exist in volumeMounts'));
    }
    if (mounts.some((mount) => mount.mountPath === devicePath)) {
      const text = 'must not already exist as a path in volumeMounts';
      errors.push(fieldError.invalid(`${at}.devicePath`, devicePath, text));
    }
    if (name) names.add(name);
    return errors;
  });
}
