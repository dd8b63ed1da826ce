// What a Service gets from the server: addresses, node ports, a health check port, IP families. Taken before
// validation and kept when the write succeeds; given back when the Service goes or no longer needs them
// (pkg/registry/core/service/storage/alloc.go). The allocators are memory, filled from the stored Services.
import type { Service } from '../../api/types/core/v1.ts';
import { fieldError, internalError, invalid } from '../../apimachinery/status-error.ts';
import type { Reservation, ResourceHooks } from '../registry/hooks.ts';
import type { IpAllocator } from './ip-allocator.ts';
import { alignAddresses, settleFamilies } from './ip-families.ts';
import type { PortAllocator } from './port-allocator.ts';
import {
  dropTypeDependentFields,
  keepAllocated,
  needsAddress,
  needsHealthCheckPort,
  needsNodePorts,
  type ServiceObject,
} from './service-types.ts';

export interface ServiceAllocators {
  addresses: IpAllocator;
  ports: PortAllocator;
}

const KIND = { group: '', kind: 'Service' };

export function serviceHooks({ addresses, ports }: ServiceAllocators): ResourceHooks {
  return {
    beginCreate(object, { dryRun }) {
      const service = object as ServiceObject;
      if (!service.spec) return NOTHING;
      alignAddresses(service, undefined);
      settleFamilies(service, undefined);
      return reserving(dryRun, (undo) => {
        takeAddresses(service, { undo, addresses });
        takePorts(service, undefined, { undo, ports });
      });
    },
    beginUpdate(object, old, { dryRun }) {
      const service = object as ServiceObject;
      const before = old as ServiceObject;
      if (!service.spec) return NOTHING;
      keepAllocated(service, before);
      alignAddresses(service, before);
      settleFamilies(service, before);
      dropTypeDependentFields(service, before);
      const reservation = reserving(dryRun, (undo) => {
        if (!clusterIPOf(before)) takeAddresses(service, { undo, addresses });
        takePorts(service, before, { undo, ports });
      });
      return {
        ...reservation,
        commit() {
          reservation.commit();
          if (!dryRun) giveBack(before, service, { addresses, ports });
        },
      };
    },
    afterDelete: (object) => giveBack(object as ServiceObject, undefined, { addresses, ports }),
  };
}

/** Takes what stored Services have, at start. */
export function fillAllocators(stored: readonly Service[], { addresses, ports }: ServiceAllocators): void {
  for (const service of stored) {
    for (const ip of addressesOf(service)) addresses.allocate(ip);
    for (const port of nodePortsOf(service)) ports.allocate(port);
  }
}

const NOTHING: Reservation = { commit: () => undefined, release: () => undefined };

type Undo = (() => void)[];

/** Runs `take`; what it took is undone when it throws, when the write fails, and after a dry run. */
function reserving(dryRun: boolean, take: (undo: Undo) => void): Reservation {
  const undo: Undo = [];
  const release = () => {
    for (const step of undo.splice(0)) step();
  };
  try {
    take(undo);
  } catch (error) {
    release();
    throw error;
  }
  return { commit: dryRun ? release : () => undefined, release };
}

const clusterIPOf = ({ spec }: ServiceObject): string => spec.clusterIP || spec.clusterIPs?.[0] || '';

function addressesOf({ spec }: Service): string[] {
  const all = spec?.clusterIPs?.length ? spec.clusterIPs : [spec?.clusterIP ?? ''];
  return all.filter((ip) => ip !== '' && ip !== 'None');
}

const nodePortsOf = ({ spec }: Service): number[] => [
  ...new Set(
    [...(spec?.ports ?? []).map(({ nodePort }) => nodePort ?? 0), spec?.healthCheckNodePort ?? 0].filter(Boolean),
  ),
];

function takeAddresses(service: ServiceObject, { undo, addresses }: { undo: Undo; addresses: IpAllocator }): void {
  const { spec } = service;
  if (!needsAddress(service)) return;
  if (spec.clusterIP === 'None') return;
  if (spec.clusterIP) {
    const wanted = spec.clusterIP;
    const result = addresses.allocate(wanted);
    if (result !== 'ok') {
      const why =
        result === 'taken'
          ? `failed to allocate IP ${wanted}: provided IP is already allocated`
          : `failed to allocate IP ${wanted}: the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${addresses.cidr}`;
      throw refused(service, 'spec.clusterIPs', spec.clusterIPs, why);
    }
    undo.push(() => addresses.release(wanted));
    return;
  }
  const next = addresses.allocateNext();
  if (!next) throw internalError(`failed to allocate a serviceIP: range is full`);
  undo.push(() => addresses.release(next));
  spec.clusterIP = next;
  spec.clusterIPs = [next];
}

/** One number serves TCP and UDP of one Service port; what the Service had before is its own. */
function takePorts(
  service: ServiceObject,
  before: ServiceObject | undefined,
  { undo, ports }: { undo: Undo; ports: PortAllocator },
): void {
  const { spec } = service;
  const own = new Set(before ? nodePortsOf(before) : []);
  const take = (port: number, field: string) => {
    if (own.has(port)) return;
    const result = ports.allocate(port);
    if (result !== 'ok') {
      const why =
        result === 'taken'
          ? 'provided port is already allocated'
          : `provided port is not in the valid range. The range of valid ports is ${ports.range}`;
      throw refused(service, field, port, why);
    }
    own.add(port);
    undo.push(() => ports.release(port));
  };
  const next = (): number => {
    const port = ports.allocateNext();
    if (port === undefined) throw internalError('failed to allocate a nodePort: range is full');
    own.add(port);
    undo.push(() => ports.release(port));
    return port;
  };
  const list = spec.ports ?? [];
  const wants = needsNodePorts(service);
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') {
    for (const [i, port] of list.entries()) if (port.nodePort) take(port.nodePort, `spec.ports[${i}].nodePort`);
  }
  if (wants) {
    for (const port of list) {
      if (port.nodePort) continue;
      const twin = list.find(
        (one) => one !== port && one.port === port.port && one.nodePort && one.protocol !== port.protocol,
      );
      port.nodePort = twin?.nodePort ?? next();
    }
  }
  if (!needsHealthCheckPort(service)) return;
  if (spec.healthCheckNodePort) take(spec.healthCheckNodePort, 'spec.healthCheckNodePort');
  else spec.healthCheckNodePort = next();
}

const refused = (service: ServiceObject, field: string, value: unknown, why: string) =>
  invalid(KIND, service.metadata.name ?? '', [fieldError.invalid(field, value, why)]);

/** Releases what `before` had and `after` has not. */
function giveBack(
  before: ServiceObject,
  after: ServiceObject | undefined,
  { addresses, ports }: ServiceAllocators,
): void {
  const keptIps = new Set(after ? addressesOf(after) : []);
  const keptPorts = new Set(after ? nodePortsOf(after) : []);
  for (const ip of addressesOf(before)) if (!keptIps.has(ip)) addresses.release(ip);
  for (const port of nodePortsOf(before)) if (!keptPorts.has(port)) ports.release(port);
}
