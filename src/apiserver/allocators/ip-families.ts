// Which families of addresses a Service has, from what its client said and what the cluster can give
// (pkg/registry/core/service/storage/alloc.go initIPFamilyFields, storage.go normalizeClusterIPs). This cluster has
// IPv4 alone; a headless Service whose endpoints somebody else writes may still speak both.
import { isIP } from 'node:net';
import { validateAddresses } from '../../api/core/service-addresses.ts';
import type { ServiceSpec } from '../../api/types/core/v1.ts';
import { type FieldError, fieldError, invalid } from '../../apimachinery/status-error.ts';
import type { ServiceObject } from './service-types.ts';

const FAMILY = 'IPv4';
const POLICY = 'spec.ipFamilyPolicy';
const KIND = { group: '', kind: 'Service' };

const same = (one: readonly string[] = [], other: readonly string[] = []): boolean => one.join() === other.join();

/** The list of addresses follows the single one, which is all that old clients know. */
export function alignAddresses({ spec }: ServiceObject, old: ServiceObject | undefined): void {
  const before = old?.spec;
  const listed = spec.clusterIPs?.length ? spec.clusterIPs : undefined;
  if (!before) {
    if (spec.clusterIP && !listed) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  if (before.clusterIPs?.length && !listed && before.clusterIP === spec.clusterIP) {
    spec.clusterIPs = [...before.clusterIPs];
  }
  if ((before.clusterIP ?? '') === (spec.clusterIP ?? '') || !same(before.clusterIPs, spec.clusterIPs)) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

/** Sets families and policy. Throws 422 for what contradicts itself or the cluster. */
export function settleFamilies(service: ServiceObject, old: ServiceObject | undefined): void {
  const { spec } = service;
  if (spec.type === 'ExternalName') return;
  const selectorless = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? (selectorless ? 'RequireDualStack' : 'SingleStack');
  refuse(service, validateAddresses(spec, old?.spec));
  refuse(service, [...(old ? reductions(spec, old.spec) : []), ...tooMany(spec), ...inferFamilies(spec)]);
  if (selectorless) {
    spec.ipFamilies = spec.ipFamilies?.length ? spec.ipFamilies : [FAMILY];
    if (spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') {
      spec.ipFamilies = [...spec.ipFamilies, spec.ipFamilies[0] === 'IPv4' ? 'IPv6' : 'IPv4'];
    }
    return;
  }
  refuse(service, unavailable(spec));
  if (!spec.ipFamilies?.length) spec.ipFamilies = [FAMILY];
}

function refuse({ metadata }: ServiceObject, errors: FieldError[]): void {
  if (errors.length > 0) throw invalid(KIND, metadata.name ?? '', errors);
}

/** Only the policy says that a second address or family goes. */
function reductions(spec: ServiceSpec, before: ServiceSpec): FieldError[] {
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (same(before.clusterIPs, spec.clusterIPs) && spec.clusterIPs) spec.clusterIPs = spec.clusterIPs.slice(0, 1);
    if (same(before.ipFamilies, spec.ipFamilies) && spec.ipFamilies) spec.ipFamilies = spec.ipFamilies.slice(0, 1);
    return [];
  }
  const reduced = (now: readonly string[] = [], then: readonly string[] = []) =>
    now.length > 0 && now.length < then.length && now.every((one, i) => one === then[i]);
  const text = (what: string) => `must be 'SingleStack' to release the secondary ${what}`;
  return [
    ...(reduced(spec.clusterIPs, before.clusterIPs) ? [policyError(spec, text('cluster IP'))] : []),
    ...(reduced(spec.ipFamilies, before.ipFamilies) ? [policyError(spec, text('IP family'))] : []),
  ];
}

const policyError = ({ ipFamilyPolicy }: ServiceSpec, text: string): FieldError =>
  fieldError.invalid(POLICY, ipFamilyPolicy, text);

function tooMany(spec: ServiceSpec): FieldError[] {
  if (spec.ipFamilyPolicy !== 'SingleStack') return [];
  const text = (what: string) => `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
  return [
    ...(spec.clusterIPs?.length === 2 ? [policyError(spec, text('cluster IPs'))] : []),
    ...(spec.ipFamilies?.length === 2 ? [policyError(spec, text('IP families'))] : []),
  ];
}

function inferFamilies(spec: ServiceSpec): FieldError[] {
  const { clusterIPs = [] } = spec;
  if (clusterIPs[0] === 'None') return [];
  return clusterIPs.flatMap((ip, i) => {
    if (i < (spec.ipFamilies?.length ?? 0)) return [];
    const family = isIP(ip) === 6 ? 'IPv6' : 'IPv4';
    if (family !== FAMILY) {
      const text = `${family} is not configured on this cluster`;
      return [fieldError.invalid(`spec.clusterIPs[${i}]`, clusterIPs, text)];
    }
    spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    return [];
  });
}

const unavailable = (spec: ServiceSpec): FieldError[] => [
  ...(spec.ipFamilyPolicy === 'RequireDualStack'
    ? [policyError(spec, 'this cluster is not configured for dual-stack services')]
    : []),
  ...(spec.ipFamilies ?? []).flatMap((family, i) =>
    family === FAMILY ? [] : [fieldError.invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster')],
  ),
];
