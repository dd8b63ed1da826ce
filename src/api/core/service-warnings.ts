// Fields of a Service that are ignored or on their way out (pkg/api/service/warnings.go). A change of its status is
// held against the addresses there.
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { ServiceSpec } from '../types/core/v1.ts';
import { cidrWarnings, ipWarnings } from '../validation/address.ts';

const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';

export function serviceWarnings(service: AnyObject, old: AnyObject | undefined): string[] {
  if (old && isStatusChange(service, old)) return [];
  const spec = (service.spec ?? {}) as ServiceSpec;
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  return [
    ...(service.metadata.annotations?.[TOPOLOGY_HINTS] === undefined
      ? []
      : [`annotation ${TOPOLOGY_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`]),
    ...(headless ? [] : (spec.clusterIPs ?? []).flatMap((ip, i) => ipWarnings(ip, `spec.clusterIPs[${i}]`))),
    ...(headless ? ignoredWithoutAddress(spec) : []),
    ...externalWarnings(spec, headless),
    ...(spec.loadBalancerIP ? ipWarnings(spec.loadBalancerIP, 'spec.loadBalancerIP') : []),
    ...(spec.loadBalancerSourceRanges ?? []).flatMap((range, i) =>
      cidrWarnings(range, `spec.loadBalancerSourceRanges[${i}]`),
    ),
    ...(spec.type !== 'ExternalName' && spec.externalName
      ? ['spec.externalName is ignored when spec.type is not "ExternalName"']
      : []),
    ...(spec.trafficDistribution === 'PreferClose'
      ? ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"']
      : []),
  ];
}

const isStatusChange = (service: AnyObject, old: AnyObject): boolean =>
  !isDeepStrictEqual(service.status ?? {}, old.status ?? {});

const ignoredWithoutAddress = ({ loadBalancerIP, externalIPs, sessionAffinity }: ServiceSpec): string[] => [
  ...(loadBalancerIP ? ['spec.loadBalancerIP is ignored for headless services'] : []),
  ...(externalIPs?.length ? ['spec.externalIPs is ignored for headless services'] : []),
  ...(sessionAffinity === 'None' ? [] : ['spec.SessionAffinity is ignored for headless services']),
];

function externalWarnings({ type, externalIPs = [] }: ServiceSpec, headless: boolean): string[] {
  if (externalIPs.length === 0) return [];
  const spelling = externalIPs.flatMap((ip, i) => ipWarnings(ip, `spec.externalIPs[${i}]`));
  if (type === 'ExternalName') return [...spelling, 'spec.externalIPs is ignored when spec.type is "ExternalName"'];
  return headless
    ? spelling
    : [...spelling, 'spec.externalIPs is deprecated and may no longer be implemented in some clusters'];
}
