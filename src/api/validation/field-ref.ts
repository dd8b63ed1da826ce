// What a Pod may tell its containers about itself, as variables and as files (pkg/apis/core/validation
// validateObjectFieldSelector, validateContainerResourceFieldSelector).
import { isQualifiedName } from '../../apimachinery/names.ts';
import { canonicalQuantity, isZeroQuantity, parseQuantity } from '../../apimachinery/quantity.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { ObjectFieldSelector, ResourceFieldSelector } from '../types/core/v1.ts';
import { invalidEach } from './rules.ts';

export const ENV_FIELD_PATHS = [
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
export const VOLUME_FIELD_PATHS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
/** Field labels of Pods (pkg/apis/core/pods ConvertDownwardAPIFieldLabel), known wherever they are of use. */
const LABELS = [...VOLUME_FIELD_PATHS, ...ENV_FIELD_PATHS, 'spec.restartPolicy', 'spec.schedulerName', 'status.phase'];
const SUBSCRIPT = /^(?<map>.*?)\['(?<key>.*)'\]$/;

export function fieldRefErrors(ref: ObjectFieldSelector, allowed: readonly string[], path: string): FieldError[] {
  const { apiVersion = '', fieldPath = '' } = ref;
  if (!apiVersion) return [fieldError.required(`${path}.apiVersion`)];
  if (!fieldPath) return [fieldError.required(`${path}.fieldPath`)];
  const unknown = (why: string) => [
    fieldError.invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${why}`),
  ];
  if (apiVersion !== 'v1') return unknown(`unsupported pod version: ${apiVersion}`);
  const { map, key = '' } = SUBSCRIPT.exec(fieldPath)?.groups ?? {};
  if (map === 'metadata.annotations') return invalidEach(path, key, isQualifiedName(key.toLowerCase()));
  if (map === 'metadata.labels') return invalidEach(path, key, isQualifiedName(key));
  if (map !== undefined) return unknown(`field label does not support subscript: ${fieldPath}`);
  // An alias from before v1.
  const label = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
  if (!LABELS.includes(label)) return unknown(`field label not supported: ${fieldPath}`);
  return allowed.includes(label) ? [] : [fieldError.notSupported(`${path}.fieldPath`, label, allowed)];
}

const RESOURCES = ['limits', 'requests'].flatMap((of) =>
  ['cpu', 'ephemeral-storage', 'memory'].map((name) => `${of}.${name}`),
);
const BYTE_UNITS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const HUGE_PAGES = /^(limits|requests)\.hugepages-/;

export function resourceFieldErrors(
  { containerName, resource = '', divisor = '0' }: ResourceFieldSelector,
  path: string,
  { inVolume = false } = {},
): FieldError[] {
  const errors: FieldError[] = [];
  if (inVolume && !containerName) errors.push(fieldError.required(`${path}.containerName`));
  else if (!resource) errors.push(fieldError.required(`${path}.resource`));
  else if (!RESOURCES.includes(resource) && !HUGE_PAGES.test(resource)) {
    errors.push(fieldError.notSupported(`${path}.resource`, resource, RESOURCES));
  }
  return [...errors, ...divisorErrors(resource, divisor, `${path}.divisor`)];
}

function divisorErrors(resource: string, divisor: string, path: string): FieldError[] {
  if (isZeroQuantity(parseQuantity(divisor))) return [];
  const name = RESOURCES.includes(resource) ? resource.slice(resource.indexOf('.') + 1) : '';
  if (!name && !HUGE_PAGES.test(resource)) return [];
  const units = name === 'cpu' ? ['1m', '1'] : BYTE_UNITS;
  if (units.includes(canonicalQuantity(divisor))) return [];
  const listed = units.join(name === 'cpu' ? ' and ' : ', ');
  const told = name === 'ephemeral-storage' ? 'local ephemeral storage' : name || 'hugepages';
  return [
    fieldError.invalid(path, resource, `only divisor's values ${listed} are supported with the ${told} resource`),
  ];
}
