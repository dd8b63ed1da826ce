// The cluster's own names as a pure function: a question in, an answer out, over a small view of Services and
// endpoints. The schema is github.com/kubernetes/dns docs/specification.md (version 1.1.0). IPv4 only.
import type { Service } from '../api/types/core/v1.ts';
import type { EndpointSlice } from '../api/types/discovery/v1.ts';

/** What the zone looks things up in; all keys are lower-case. */
export interface ZoneView {
  namespaceExists(namespace: string): boolean;
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  serviceByIP(ip: string): Service | undefined;
  slicesByIP(ip: string): readonly EndpointSlice[];
}

export type ZoneRecord =
  | { type: 'A'; name: string; data: string }
  | { type: 'CNAME' | 'PTR'; name: string; data: string }
  | { type: 'SRV'; name: string; data: { priority: number; weight: number; port: number; target: string } }
  | { type: 'TXT'; name: string; data: string };

export interface ZoneAnswer {
  /** False: NXDOMAIN. With no records: the name is there, but nothing of the asked type. */
  exists: boolean;
  records: ZoneRecord[];
  /** Addresses of the targets of SRV records. */
  additional?: ZoneRecord[];
}

const NONE: ZoneAnswer = { exists: false, records: [] };

interface Endpoint {
  ip: string;
  /** The label before the Service's name: its hostname, else the address with dashes. */
  label: string;
  named: boolean;
  ports: readonly { name: string; protocol: string; port: number }[];
}

/** undefined: the name is not of this cluster. */
export function answerZone(
  name: string,
  type: string,
  options: { domain: string; view: ZoneView },
): ZoneAnswer | undefined {
  const { domain, view } = options;
  const query = name.toLowerCase().replace(/\.$/, '');
  const reverse = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(query);
  if (reverse) return answerReverse(query, reverse.slice(1, 5).reverse().join('.'), { type, ...options });
  if (query === domain) return { exists: true, records: [] };
  if (!query.endsWith(`.${domain}`)) return undefined;
  const labels = query
    .slice(0, -domain.length - 1)
    .split('.')
    .reverse();
  const [kind, namespace, ...rest] = labels as [string, ...string[]];
  if (kind === 'dns-version' && labels.length === 1) {
    return { exists: true, records: type === 'TXT' ? [{ type, name: query, data: '1.1.0' }] : [] };
  }
  if (kind !== 'svc' && kind !== 'pod') return NONE;
  if (namespace === undefined) return { exists: true, records: [] };
  if (!view.namespaceExists(namespace)) return NONE;
  if (rest.length === 0) return { exists: true, records: [] };
  if (kind === 'pod') return answerPod(query, rest, type);
  return answerService(query, { namespace, rest, type, ...options });
}

/** a-b-c-d.<namespace>.pod: any address, as CoreDNS answers with "pods insecure". */
function answerPod(query: string, rest: readonly string[], type: string): ZoneAnswer {
  const ip = rest[0]?.replaceAll('-', '.') ?? '';
  if (rest.length > 1 || !/^\d{1,3}(\.\d{1,3}){3}$/.test(ip) || ip.split('.').some((part) => Number(part) > 255))
    return NONE;
  return { exists: true, records: type === 'A' ? [{ type, name: query, data: ip }] : [] };
}

interface ServiceQuery {
  namespace: string;
  /** Labels before the namespace, nearest first: service, then endpoint or _protocol, then _port. */
  rest: readonly string[];
  type: string;
  domain: string;
  view: ZoneView;
}

function answerService(query: string, { namespace, rest, type, domain, view }: ServiceQuery): ZoneAnswer {
  const [serviceName, second, third, ...more] = rest as [string, ...string[]];
  const service = view.service(namespace, serviceName);
  if (!service || more.length > 0) return NONE;
  const base = `${serviceName}.${namespace}.svc.${domain}`;
  const { spec } = service;

  if (spec.type === 'ExternalName') {
    if (second !== undefined || !spec.externalName) return NONE;
    return { exists: true, records: [{ type: 'CNAME', name: query, data: spec.externalName }] };
  }
  const headless = spec.clusterIP === 'None';
  const endpoints = headless ? endpointsOf(view.slices(namespace, serviceName), service) : [];

  if (second === undefined) {
    const ips = headless ? endpoints.map((endpoint) => endpoint.ip) : [spec.clusterIP as string];
    if (headless && ips.length === 0) return { exists: true, records: [] };
    if (type === 'A') return { exists: true, records: ips.map((data) => ({ type, name: query, data })) };
    if (type === 'SRV') return srv(query, { base, service, endpoints, wanted: () => true });
    return { exists: true, records: [] };
  }
  if (second.startsWith('_')) {
    const portLabel = third?.startsWith('_') ? third.slice(1) : undefined;
    if (third !== undefined && portLabel === undefined) return NONE;
    const wanted = (port: string, protocol: string) =>
      protocol.toLowerCase() === second.slice(1) && (portLabel === undefined || port === portLabel);
    const answer = srv(query, { base, service, endpoints, wanted });
    if (answer.records.length === 0) return NONE;
    return type === 'SRV' ? answer : { exists: true, records: [] };
  }
  const matching = endpoints.filter((endpoint) => endpoint.label === second);
  if (third !== undefined || matching.length === 0) return NONE;
  return { exists: true, records: type === 'A' ? matching.map(({ ip }) => ({ type, name: query, data: ip })) : [] };
}

function srv(
  query: string,
  options: {
    base: string;
    service: Service;
    endpoints: readonly Endpoint[];
    wanted(port: string, protocol: string): boolean;
  },
): ZoneAnswer {
  const { base, service, endpoints, wanted } = options;
  const targets =
    service.spec.clusterIP === 'None'
      ? endpoints.map((e) => ({ target: `${e.label}.${base}`, ip: e.ip, ports: e.ports }))
      : [
          {
            target: base,
            ip: service.spec.clusterIP as string,
            ports: (service.spec.ports ?? []).map((p) => ({
              name: p.name ?? '',
              protocol: p.protocol ?? 'TCP',
              port: p.port,
            })),
          },
        ];
  const hits = targets.flatMap((t) =>
    t.ports.filter((p) => wanted(p.name, p.protocol)).map((p) => ({ ...t, port: p.port })),
  );
  const weight = Math.max(1, Math.floor(100 / Math.max(1, hits.length)));
  return {
    exists: true,
    records: hits.map(({ target, port }) => ({
      type: 'SRV',
      name: query,
      data: { priority: 0, weight, port, target },
    })),
    additional: [...new Map(hits.map(({ target, ip }) => [target, ip]))].map(([name, data]) => ({
      type: 'A',
      name,
      data,
    })),
  };
}

function answerReverse(
  query: string,
  ip: string,
  { type, domain, view }: { type: string; domain: string; view: ZoneView },
): ZoneAnswer | undefined {
  const named = (data: string): ZoneAnswer => ({
    exists: true,
    records: type === 'PTR' ? [{ type, name: query, data }] : [],
  });
  const service = view.serviceByIP(ip);
  if (service) return named(`${service.metadata.name}.${service.metadata.namespace}.svc.${domain}`);
  for (const slice of view.slicesByIP(ip)) {
    const { namespace, labels } = slice.metadata;
    const name = labels?.['kubernetes.io/service-name'];
    const parent = name === undefined ? undefined : view.service(namespace as string, name);
    const endpoint = parent && endpointsOf([slice], parent).find((e) => e.ip === ip && e.named);
    if (endpoint) return named(`${endpoint.label}.${name}.${namespace}.svc.${domain}`);
  }
  return undefined; // not ours: another server may know
}

/** One per address, ready ones only (or all, as the Service asks), in the order of the slices. */
function endpointsOf(slices: readonly EndpointSlice[], service: Service): Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const ports = (slice.ports ?? []).map((p) => ({
      name: p.name ?? '',
      protocol: p.protocol ?? 'TCP',
      port: p.port ?? 0,
    }));
    for (const endpoint of slice.endpoints ?? []) {
      if (!(endpoint.conditions?.ready ?? true) && !service.spec.publishNotReadyAddresses) continue;
      for (const ip of endpoint.addresses) {
        const label = endpoint.hostname?.toLowerCase() || ip.replaceAll('.', '-');
        const known = found.get(ip);
        found.set(ip, { ip, label, named: Boolean(endpoint.hostname), ports: [...(known?.ports ?? []), ...ports] });
      }
    }
  }
  return [...found.values()];
}
