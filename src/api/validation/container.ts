// One container, of whatever list: names, ports, environment, mounts, resources (pkg/apis/core/validation).
import {
  isConfigMapKey,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isRelaxedEnvVarName,
  isValidPortName,
  isValidPortNum,
  nameIsDNSSubdomain,
} from '../../apimachinery/names.ts';
import { compareQuantity, parseQuantity } from '../../apimachinery/quantity.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  Container,
  ContainerPort,
  EnvFromSource,
  EnvVar,
  ResourceRequirements,
  Volume,
  VolumeDevice,
  VolumeMount,
} from '../types/core/v1.ts';
import { descendingPath, invalidEach, nonNegativeQuantity, required, requiredOneOf } from './rules.ts';

export interface ContainerContext {
  volumes: ReadonlyMap<string, Volume>;
}

export function validateContainerCommon(
  container: Container,
  path: string,
  { volumes }: ContainerContext,
): FieldError[] {
  const { name = '', image = '' } = container;
  return [
    ...(name ? invalidEach(`${path}.name`, name, isDNS1123Label(name)) : [fieldError.required(`${path}.name`)]),
    ...required(image, `${path}.image`),
    ...requiredOneOf(
      container.terminationMessagePolicy,
      ['File', 'FallbackToLogsOnError'],
      `${path}.terminationMessagePolicy`,
    ),
    ...validatePorts(container.ports ?? [], `${path}.ports`),
    ...(container.env ?? []).flatMap((variable, i) => validateEnv(variable, `${path}.env[${i}]`)),
    ...(container.envFrom ?? []).flatMap((source, i) =>
      validateEnvFrom(source, `${path}.envFrom[${i}]`, `${path}.envFrom`),
    ),
    ...validateMounts(container, volumes, `${path}.volumeMounts`),
    ...validateDevices(container.volumeDevices ?? [], volumes, `${path}.volumeDevices`),
    ...requiredOneOf(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], `${path}.imagePullPolicy`),
    ...validateResources(container.resources, `${path}.resources`),
  ];
}

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

function validatePorts(ports: readonly ContainerPort[], path: string): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, i) => {
    const at = `${path}[${i}]`;
    const errors: FieldError[] = [];
    if (port.name) {
      const problems = isValidPortName(port.name);
      if (problems.length > 0) errors.push(...invalidEach(`${at}.name`, port.name, problems));
      else if (names.has(port.name)) errors.push(fieldError.duplicate(`${at}.name`, port.name));
      else names.add(port.name);
    }
    if (!port.containerPort) errors.push(fieldError.required(`${at}.containerPort`));
    else errors.push(...invalidEach(`${at}.containerPort`, port.containerPort, isValidPortNum(port.containerPort)));
    if (port.hostPort) errors.push(...invalidEach(`${at}.hostPort`, port.hostPort, isValidPortNum(port.hostPort)));
    errors.push(...requiredOneOf(port.protocol, PROTOCOLS, `${at}.protocol`));
    return errors;
  });
}

/** An alias that only field selectors still know. */
const OLD_FIELD_PATHS = ['spec.host'];
const FIELD_PATHS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const SUBSCRIPT = /^metadata\.(?<map>annotations|labels)\['(?<key>.*)'\]$/;

function validateEnv(variable: EnvVar, path: string): FieldError[] {
  const { name = '', value = '', valueFrom } = variable;
  const errors = name
    ? invalidEach(`${path}.name`, name, isRelaxedEnvVarName(name))
    : [fieldError.required(`${path}.name`)];
  if (!valueFrom) return errors;
  const at = `${path}.valueFrom`;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
  if (fieldRef) errors.push(...fieldRefErrors(fieldRef.fieldPath ?? '', `${at}.fieldRef`));
  if (resourceFieldRef) errors.push(...required(resourceFieldRef.resource, `${at}.resourceFieldRef.resource`));
  if (configMapKeyRef) errors.push(...keyRefErrors(configMapKeyRef, `${at}.configMapKeyRef`));
  if (secretKeyRef) errors.push(...keyRefErrors(secretKeyRef, `${at}.secretKeyRef`));
  const sources = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(Boolean).length;
  const wrong = sourceProblem(sources, value);
  if (wrong) errors.push(fieldError.invalid(at, '', wrong));
  return errors;
}

function sourceProblem(sources: number, value: string): string | undefined {
  if (sources === 0) {
    return 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
  }
  if (value !== '') return 'may not be specified when `value` is not empty';
  return sources > 1 ? 'may not have more than one field specified at a time' : undefined;
}

function fieldRefErrors(fieldPath: string, path: string): FieldError[] {
  if (!fieldPath) return [fieldError.required(`${path}.fieldPath`)];
  const subscript = SUBSCRIPT.exec(fieldPath)?.groups;
  if (subscript) {
    const key = subscript.map === 'annotations' ? (subscript.key ?? '').toLowerCase() : (subscript.key ?? '');
    return invalidEach(path, subscript.key, isQualifiedName(key));
  }
  if (/^(metadata|spec|status)\./.test(fieldPath)) {
    return FIELD_PATHS.includes(fieldPath) || OLD_FIELD_PATHS.includes(fieldPath)
      ? []
      : [fieldError.notSupported(`${path}.fieldPath`, fieldPath, FIELD_PATHS)];
  }
  return [fieldError.invalid(`${path}.fieldPath`, fieldPath, 'error converting fieldPath: field label not supported')];
}

function keyRefErrors({ name = '', key = '' }: { name?: string; key?: string }, path: string): FieldError[] {
  return [
    ...(name ? invalidEach(`${path}.name`, name, isDNS1123Subdomain(name)) : []),
    ...(key ? invalidEach(`${path}.key`, key, isConfigMapKey(key)) : [fieldError.required(`${path}.key`)]),
  ];
}

function validateEnvFrom(source: EnvFromSource, path: string, list: string): FieldError[] {
  const { prefix, configMapRef, secretRef } = source;
  const errors = prefix ? invalidEach(`${path}.prefix`, prefix, isRelaxedEnvVarName(prefix)) : [];
  for (const [kind, ref] of Object.entries({ configMapRef, secretRef })) {
    if (!ref) continue;
    const at = `${path}.${kind}.name`;
    errors.push(
      ...(ref.name ? invalidEach(at, ref.name, nameIsDNSSubdomain(ref.name, true)) : [fieldError.required(at)]),
    );
  }
  if (!configMapRef && !secretRef) {
    errors.push(fieldError.invalid(list, '', 'must specify one of: `configMapRef` or `secretRef`'));
  } else if (configMapRef && secretRef) {
    errors.push(fieldError.invalid(list, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

function validateMounts(container: Container, volumes: ReadonlyMap<string, Volume>, path: string): FieldError[] {
  const paths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  return (container.volumeMounts ?? []).flatMap((mount, i) => {
    const at = `${path}[${i}]`;
    const errors = [...required(mount.name, `${at}.name`), ...required(mount.mountPath, `${at}.mountPath`)];
    if (!volumes.has(mount.name)) errors.push(fieldError.notFound(`${at}.name`, mount.name ?? ''));
    if (paths.has(mount.mountPath))
      errors.push(fieldError.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    paths.add(mount.mountPath);
    errors.push(...mountConflicts(mount, devices, at), ...subPaths(mount, path, at));
    return errors;
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

/** Upstream names these fields without the mount's index. */
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

function validateDevices(
  devices: readonly VolumeDevice[],
  volumes: ReadonlyMap<string, Volume>,
  path: string,
): FieldError[] {
  return devices.flatMap(({ name, devicePath }, i) => [
    ...required(name, `${path}[${i}].name`),
    ...required(devicePath, `${path}[${i}].devicePath`),
    ...(volumes.has(name) ? [] : [fieldError.notFound(`${path}[${i}].name`, name)]),
  ]);
}

const STANDARD_RESOURCES = ['cpu', 'memory', 'ephemeral-storage'];

/** Overcommit is only for what can be taken back: a request of anything else must be its limit. */
export function validateResources(resources: ResourceRequirements | undefined, path: string): FieldError[] {
  const { limits = {}, requests = {} } = resources ?? {};
  const errors = [...resourceNames(limits, `${path}.limits`)];
  for (const [name, text] of Object.entries(requests)) {
    errors.push(...resourceNames({ [name]: text }, `${path}.requests`));
    const limit = limits[name];
    const exact = name.includes('/') || name.startsWith('hugepages-');
    if (limit !== undefined) {
      const order = compareQuantity(parseQuantity(text), parseQuantity(limit));
      if (exact && order !== 0) {
        errors.push(fieldError.invalid(`${path}.requests`, text, `must be equal to ${name} limit of ${limit}`));
      } else if (order > 0) {
        errors.push(
          fieldError.invalid(`${path}.requests`, text, `must be less than or equal to ${name} limit of ${limit}`),
        );
      }
    } else if (exact) {
      errors.push(fieldError.required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
    }
  }
  return errors;
}

function resourceNames(amounts: Readonly<Record<string, string>>, path: string): FieldError[] {
  return Object.entries(amounts).flatMap(([name, text]) => {
    const at = `${path}[${name}]`;
    const problems = isQualifiedName(name);
    const standard = name.includes('/') || STANDARD_RESOURCES.includes(name) || name.startsWith('hugepages-');
    return [
      ...invalidEach(at, name, problems),
      ...(standard ? [] : [fieldError.invalid(at, name, 'must be a standard resource for containers')]),
      ...nonNegativeQuantity(text, at),
    ];
  });
}
