// Names of resources that can be counted (pkg/apis/core/helper/helpers.go, pkg/apis/core/validation
// validateResourceName and its kin) and what an amount of each may be.
import { isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { invalidEach, isWhole, nonNegativeQuantity } from './rules.ts';

/** Objects that a quota counts; there are no halves of them. */
const COUNTED = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const QUOTA = [
  ...COMPUTE,
  ...COMPUTE.map((name) => `requests.${name}`),
  ...COMPUTE.map((name) => `limits.${name}`),
  ...COUNTED,
  'requests.storage',
];
const STANDARD = [...QUOTA, 'storage'];
const POD_LEVEL = ['cpu', 'memory'];
const TOLD_POD_LEVEL = ['cpu', 'hugepages-', 'memory'];
const HUGE_PAGES = 'hugepages-';
const REQUESTS = 'requests.';

export const isHugePages = (name: string): boolean => name.startsWith(HUGE_PAGES);
const isQuotaHugePages = (name: string): boolean => isHugePages(name) || name.startsWith(`${REQUESTS}${HUGE_PAGES}`);

/** Kubernetes' own, as opposed to what a device plugin counts. */
export const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');

export const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith(REQUESTS) && isQualifiedName(`${REQUESTS}${name}`).length === 0;

/** A request may be less than its limit. */
export const isOvercommitAllowed = (name: string): boolean => isNative(name) && !isHugePages(name);

export const isStandardQuota = (name: string): boolean => QUOTA.includes(name) || isQuotaHugePages(name);

export function resourceName(name: string, path: string): FieldError[] {
  const errors = invalidEach(path, name, isQualifiedName(name));
  if (errors.length > 0 || name.includes('/') || STANDARD.includes(name) || isQuotaHugePages(name)) return errors;
  return [fieldError.invalid(path, name, 'must be a standard resource type or fully qualified')];
}

export function containerResourceName(name: string, path: string): FieldError[] {
  const errors = resourceName(name, path);
  if (!name.includes('/')) {
    return COMPUTE.includes(name) || isHugePages(name)
      ? errors
      : [...errors, fieldError.invalid(path, name, 'must be a standard resource for containers')];
  }
  return isNative(name) || isExtended(name)
    ? errors
    : [...errors, fieldError.invalid(path, name, "doesn't follow extended resource name standard")];
}

export function podResourceName(name: string, path: string): FieldError[] {
  const errors = resourceName(name, path);
  if (errors.length > 0 || POD_LEVEL.includes(name) || isHugePages(name)) return errors;
  return [fieldError.notSupported(path, name, TOLD_POD_LEVEL)];
}

export function quotaResourceName(name: string, path: string): FieldError[] {
  const errors = resourceName(name, path);
  if (name.includes('/') || isStandardQuota(name)) return errors;
  return [...errors, fieldError.invalid(path, name, 'must be a standard resource for quota')];
}

export const resourceAmount = (name: string, text: string, path: string): FieldError[] => [
  ...nonNegativeQuantity(text, path),
  ...((COUNTED.includes(name) || isExtended(name)) && !isWhole(text)
    ? [fieldError.invalid(path, text, 'must be an integer')]
    : []),
];
