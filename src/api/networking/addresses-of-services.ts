// Each address of a Service is an IPAddress too, named by it and pointing at the Service; what is made for them is
// labelled (pkg/registry/core/service/ipallocator/ipallocator.go).
import { isIPv6 } from 'node:net';
import type { Service } from '../types/core/v1.ts';
import type { IPAddress } from '../types/networking/v1.ts';

const FAMILY = 'ipaddress.kubernetes.io/ip-family';
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by';
const ALLOCATOR = 'ipallocator.k8s.io';

/** Those a Service has, or wants. */
export function addressesOf({ spec }: Service): string[] {
  const all = spec?.clusterIPs?.length ? spec.clusterIPs : [spec?.clusterIP ?? ''];
  return all.filter((ip) => ip !== '' && ip !== 'None');
}

export const addressObject = ({ metadata }: Service, ip: string): IPAddress => ({
  metadata: { name: ip, labels: { [FAMILY]: isIPv6(ip) ? 'IPv6' : 'IPv4', [MANAGED_BY]: ALLOCATOR } },
  spec: {
    parentRef: {
      resource: 'services',
      ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
      name: metadata.name ?? '',
    },
  },
});

export const isOfAllocator = ({ metadata }: IPAddress): boolean => metadata.labels?.[MANAGED_BY] === ALLOCATOR;

/** Labels and the kind of what it belongs to are as the allocator makes them. */
export function isWellMade(address: IPAddress): boolean {
  const { group = '', resource } = address.spec.parentRef;
  const family = isIPv6(address.metadata.name ?? '') ? 'IPv6' : 'IPv4';
  return (
    isOfAllocator(address) && address.metadata.labels?.[FAMILY] === family && group === '' && resource === 'services'
  );
}
