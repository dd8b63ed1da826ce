// Rows of Services, what stands behind them, and the networking group.
import { isIPv6 } from 'node:net';
import { printLabelSelector } from '../../apimachinery/labels.ts';
import type { Cells } from '../behaviour.ts';
import type { Endpoints, Service, ServicePort } from '../types/core/v1.ts';
import type { EndpointSlice } from '../types/discovery/v1.ts';
import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from '../types/networking/v1.ts';
import { labelsText, listWithMore, row } from './cell.ts';

const MAX_LISTED = 3;

/** Addresses of a load balancer, each once, sorted. */
const ingressText = (ingress: readonly { ip?: string; hostname?: string }[] | undefined): string =>
  [...new Set((ingress ?? []).map(({ ip, hostname }) => ip || hostname || ''))].filter(Boolean).toSorted().join(',');

function externalIp({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.join(',') || '<none>';
    case 'LoadBalancer':
      return [ingressText(status?.loadBalancer?.ingress), ...external].filter(Boolean).join(',') || '<pending>';
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

const portText = ({ port, nodePort, protocol }: ServicePort): string =>
  nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;

const service = row<Service>((object, { name, age }) => [
  name,
  object.spec?.type ?? '',
  object.spec?.clusterIPs?.[0] ?? '<none>',
  externalIp(object),
  (object.spec?.ports ?? []).map(portText).join(',') || '<none>',
  age,
  labelsText(object.spec?.selector),
]);

const hostPort = (host: string, port: number): string => (isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`);

const endpoints = row<Endpoints>(({ subsets = [] }, { name, age }) => {
  const addresses = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  );
  return [name, subsets.length === 0 ? '<none>' : listWithMore(addresses, MAX_LISTED), age];
});

const endpointSlice = row<EndpointSlice>(({ addressType, ports, endpoints: slices }, { name, age }) => [
  name,
  addressType,
  listWithMore(
    (ports ?? []).map((port) => String(port.port ?? port.name ?? '*')),
    MAX_LISTED,
  ) || '<unset>',
  listWithMore(
    (slices ?? []).flatMap(({ addresses }) => addresses ?? []),
    MAX_LISTED,
  ) || '<unset>',
  age,
]);

function hostsText(rules: readonly { host?: string }[]): string {
  const hosts: string[] = [];
  let more = false;
  for (const { host } of rules) {
    if (hosts.length === MAX_LISTED) more = true;
    if (!more && host) hosts.push(host);
  }
  if (hosts.length === 0) return '*';
  return more ? `${hosts.join(',')} + ${rules.length - MAX_LISTED} more...` : hosts.join(',');
}

const ingress = row<Ingress>(({ spec, status }, { name, age }) => [
  name,
  spec?.ingressClassName ?? '<none>',
  hostsText(spec?.rules ?? []),
  ingressText(status?.loadBalancer?.ingress),
  spec?.tls?.length ? '80, 443' : '80',
  age,
]);

const ingressClass = row<IngressClass>(({ metadata, spec }, { name, age }) => {
  const isDefault = metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true';
  const { kind, apiGroup, name: parameters } = spec?.parameters ?? {};
  return [
    isDefault ? `${name} (default)` : name,
    spec?.controller ?? '',
    kind ? `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${parameters}` : '<none>',
    age,
  ];
});

const networkPolicy = row<NetworkPolicy>(({ spec }, { name, age }) => [
  name,
  printLabelSelector(spec?.podSelector ?? {}),
  age,
]);

const serviceCidr = row<ServiceCIDR>(({ spec }, { name, age }) => [name, (spec?.cidrs ?? []).join(','), age]);

const ipAddress = row<IPAddress>(({ spec }, { name, age }) => {
  const { group, resource, namespace, name: parent } = spec?.parentRef ?? {};
  const type = resource ? `${resource}${group ? `.${group}` : ''}/` : '';
  // One cell more than there are columns.
  return [name, parent ? `${type}${namespace ? `${namespace}/` : ''}${parent}` : '<none>', age];
});

export const networkCells: Readonly<Record<string, Cells>> = {
  Service: service,
  Endpoints: endpoints,
  'EndpointSlice.discovery.k8s.io': endpointSlice,
  'Ingress.networking.k8s.io': ingress,
  'IngressClass.networking.k8s.io': ingressClass,
  'NetworkPolicy.networking.k8s.io': networkPolicy,
  'ServiceCIDR.networking.k8s.io': serviceCidr,
  'IPAddress.networking.k8s.io': ipAddress,
};
