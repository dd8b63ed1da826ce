// What the proxy knows of Services: a pure function from Services and EndpointSlices to one value per port,
// independent of how it is put into the kernel. IPv4 only.
import { isIPv4 } from 'node:net';
import type { ServicePort as ApiServicePort, Service } from '../api/types/core/v1.ts';
import type { EndpointSlice } from '../api/types/discovery/v1.ts';

export interface EndpointAddress {
  ip: string;
  port: number;
  /** On this node. */
  local: boolean;
}

export interface ServicePort {
  /** namespace/service:port, as it is named in rules and logs. */
  name: string;
  protocol: 'tcp' | 'udp' | 'sctp';
  clusterIP: string;
  port: number;
  nodePort: number | undefined;
  /** spec.externalIPs and the load balancer's addresses. */
  externalIPs: readonly string[];
  /** Seconds of ClientIP affinity. */
  affinitySeconds: number | undefined;
  /** Only endpoints of this node take traffic from outside, and the client's address is kept. */
  externalLocal: boolean;
  internalLocal: boolean;
  /** Where new connections go, ordered; see `usable`. */
  endpoints: readonly EndpointAddress[];
}

/** Sorted by name and protocol, so that equal input gives equal rules. */
export function servicePorts(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  nodeName: string,
): ServicePort[] {
  const slicesOf = Map.groupBy(slices, (slice) => {
    const service = slice.metadata.labels?.['kubernetes.io/service-name'] ?? '';
    return `${slice.metadata.namespace}/${service}`;
  });
  const result = services.filter(isProxied).flatMap((service) => {
    const name = `${service.metadata.namespace}/${service.metadata.name}`;
    return (service.spec.ports ?? []).map((port) => toServicePort(service, port, slicesOf.get(name) ?? [], nodeName));
  });
  return result.sort((a, b) => compare(a.name, b.name) || compare(a.protocol, b.protocol));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Headless Services and aliases have nothing to proxy; other proxies take those labelled for them. */
function isProxied(service: Service): boolean {
  const ip = service.spec.clusterIP;
  return (
    service.spec.type !== 'ExternalName' &&
    ip !== undefined &&
    isIPv4(ip) &&
    service.metadata.labels?.['service.kubernetes.io/service-proxy-name'] === undefined
  );
}

function toServicePort(
  service: Service,
  port: ApiServicePort,
  slices: readonly EndpointSlice[],
  nodeName: string,
): ServicePort {
  const { spec, status, metadata } = service;
  const balancer = (status?.loadBalancer?.ingress ?? []).filter((i) => i.ipMode !== 'Proxy').map((i) => i.ip ?? '');
  return {
    name: `${metadata.namespace}/${metadata.name}${port.name ? `:${port.name}` : ''}`,
    protocol: (port.protocol ?? 'TCP').toLowerCase() as ServicePort['protocol'],
    clusterIP: spec.clusterIP as string,
    port: port.port,
    nodePort: port.nodePort || undefined,
    externalIPs: [...(spec.externalIPs ?? []), ...balancer].filter(isIPv4),
    affinitySeconds:
      spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800) : undefined,
    externalLocal: spec.externalTrafficPolicy === 'Local',
    internalLocal: spec.internalTrafficPolicy === 'Local',
    endpoints: usable(slices, port, nodeName),
  };
}

/** The ready endpoints; when there is none, those that still serve while they terminate (KEP-1669). */
function usable(slices: readonly EndpointSlice[], port: ApiServicePort, nodeName: string): EndpointAddress[] {
  const ready = new Map<string, EndpointAddress>();
  const terminating = new Map<string, EndpointAddress>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const target = slice.ports?.find(
      (p) => (p.name ?? '') === (port.name ?? '') && (p.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    );
    if (target?.port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const [ip] = endpoint.addresses;
      if (ip === undefined) continue;
      const address = { ip, port: target.port, local: endpoint.nodeName === nodeName };
      const key = `${ip}:${target.port}`;
      if (endpoint.conditions?.ready ?? true) ready.set(key, address);
      else if (endpoint.conditions?.serving && endpoint.conditions.terminating) terminating.set(key, address);
    }
  }
  const chosen = ready.size > 0 ? ready : terminating;
  return [...chosen].sort(([a], [b]) => compare(a, b)).map(([, address]) => address);
}
