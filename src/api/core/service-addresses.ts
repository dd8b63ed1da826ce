// The addresses of a Service and their families (pkg/apis/core/validation ValidateServiceClusterIPsRelatedFields,
// validateUpgradeDowngradeClusterIPs, validateUpgradeDowngradeIPFamilies).
import { isIP } from 'node:net';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { ServiceSpec } from '../types/core/v1.ts';
import { validIp } from '../validation/ip.ts';
import { oneOf } from '../validation/rules.ts';

const IPS = 'spec.clusterIPs';
const FAMILIES = 'spec.ipFamilies';
const POLICY = 'spec.ipFamilyPolicy';
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

export const isHeadless = ({ clusterIPs = [] }: ServiceSpec): boolean =>
  clusterIPs.length === 1 && clusterIPs[0] === 'None';

export function validateAddresses(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const { clusterIPs = [], ipFamilyPolicy } = spec;
  const errors = [...agreement(spec), ...families(spec.ipFamilies ?? [])];
  if (ipFamilyPolicy !== undefined) errors.push(...oneOf(ipFamilyPolicy, POLICIES, POLICY));
  const wrong = clusterIPs.flatMap((ip, i) => {
    if (i > 0 || ip !== 'None') return old?.clusterIPs?.includes(ip) ? [] : validIp(ip, `${IPS}[${i}]`);
    return clusterIPs.length > 1
      ? [fieldError.invalid(IPS, clusterIPs, "'None' must be the first and only value")]
      : [];
  });
  errors.push(...wrong);
  if (clusterIPs.length > 2) errors.push(fieldError.invalid(IPS, clusterIPs, 'may only hold up to 2 values'));
  // Of addresses that are none nothing more can be said.
  return wrong.length > 0 ? errors : [...errors, ...stacks(spec)];
}

function agreement({ clusterIP, clusterIPs = [] }: ServiceSpec): FieldError[] {
  if (!clusterIP) {
    if (clusterIPs.length === 0) return [];
    return [fieldError.invalid(IPS, clusterIPs, 'must be empty when `clusterIP` is not specified')];
  }
  if (clusterIPs.length === 0) return [fieldError.required(IPS)];
  return clusterIPs[0] === clusterIP ? [] : [fieldError.invalid(IPS, clusterIPs, 'first value must match `clusterIP`')];
}

function families(list: readonly string[]): FieldError[] {
  return list.flatMap((family, i) => [
    ...oneOf(family, ['IPv4', 'IPv6'], `${FAMILIES}[${i}]`),
    ...(list.indexOf(family) < i ? [fieldError.duplicate(`${FAMILIES}[${i}]`, family)] : []),
  ]);
}

function stacks(spec: ServiceSpec): FieldError[] {
  const { clusterIPs = [], ipFamilies = [] } = spec;
  const errors: FieldError[] = [];
  const kinds = new Set(clusterIPs.map((ip) => isIP(ip)));
  if (clusterIPs.length > 1 && kinds.size < 2) {
    errors.push(fieldError.invalid(IPS, clusterIPs, 'may specify no more than one IP for each IP family'));
  }
  if (isHeadless(spec)) return errors;
  for (const [i, ip] of clusterIPs.slice(0, ipFamilies.length).entries()) {
    const family: string | undefined = ipFamilies[i];
    const mismatch = family === 'IPv4' ? isIP(ip) === 6 : family === 'IPv6' && isIP(ip) !== 6;
    if (!mismatch) continue;
    const text = `expected an ${family} value as indicated by \`ipFamilies[${i}]\``;
    errors.push(fieldError.invalid(`${IPS}[${i}]`, ip, text));
  }
  return errors;
}

const FIXED = 'may not change once set';

/** A second address comes and goes; the first stays as long as the type has addresses. */
export function validateAddressChange(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return [];
  const both = [isHeadless(spec), isHeadless(old)];
  return [
    ...(both.every(Boolean) ? [] : ipChanges(spec, old.clusterIPs ?? [])),
    ...(both.some(Boolean) ? [] : familyChanges(spec, old.ipFamilies ?? [])),
  ];
}

const releases = (spec: ServiceSpec, what: string): FieldError[] =>
  spec.ipFamilyPolicy === 'SingleStack'
    ? []
    : [
        fieldError.invalid(
          POLICY,
          spec.ipFamilyPolicy ?? null,
          `must be set to 'SingleStack' when releasing the secondary ${what}`,
        ),
      ];

function ipChanges(spec: ServiceSpec, before: readonly string[]): FieldError[] {
  const now = spec.clusterIPs ?? [];
  if (before.length === now.length) {
    return before.flatMap((ip, i) => (ip === now[i] ? [] : [fieldError.invalid(`${IPS}[${i}]`, now, FIXED)]));
  }
  if (before.length > 0 && now.length === 0) {
    return [fieldError.invalid(`${IPS}[0]`, now, 'primary clusterIP can not be unset')];
  }
  const errors = before.length > 0 && now[0] !== before[0] ? [fieldError.invalid(`${IPS}[0]`, now, FIXED)] : [];
  return before.length > now.length && now.length === 1 ? [...errors, ...releases(spec, 'clusterIP')] : errors;
}

/** All are reported as the first. */
function familyChanges(spec: ServiceSpec, before: readonly string[]): FieldError[] {
  const now: readonly string[] = spec.ipFamilies ?? [];
  const changed = () => fieldError.invalid(`${FAMILIES}[0]`, now, FIXED);
  if (before.length === now.length) return before.flatMap((family, i) => (family === now[i] ? [] : [changed()]));
  const errors: FieldError[] = [];
  if (before.length > now.length && !spec.clusterIPs?.length) {
    errors.push(fieldError.invalid(`${FAMILIES}[0]`, now, 'primary ipFamily can not be unset'));
  }
  if (before.length > 0 && now.length > 0 && now[0] !== before[0]) errors.push(changed());
  return before.length > now.length && now.length === 1 ? [...errors, ...releases(spec, 'ipFamily')] : errors;
}
