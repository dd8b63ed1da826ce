// What a Service gets from the server: addresses, node ports, a health check port, IP families. Taken before
// validation and kept when the write succeeds; given back when the Service goes or no longer needs them
// (pkg/registry/core/service/storage/alloc.go). The allocators are memory, filled from the stored Services.
import type { Service } from '../../api/types/core/v1.ts';
import { nameIsPathSegment } from '../../apimachinery/names.ts';
import { internalError } from '../../apimachinery/status-error.ts';
import type { Reservation, ResourceHooks } from '../registry/hooks.ts';
import type { IpAllocator } from './ip-allocator.ts';
import { alignAddresses, settleFamilies } from './ip-families.ts';
import { nodePortsOf, takePorts } from './node-ports.ts';
import { type PortAllocator, rehearsing } from './port-allocator.ts';
import { refused, reserving, type Undo } from './reserving.ts';
import { dropTypeDependentFields, keepAllocated, needsAddress, type ServiceObject } from './service-types.ts';

export interface ServiceAllocators {
  addresses: IpAllocator;
  ports: PortAllocator;
}

export function serviceHooks({ addresses, ports }: ServiceAllocators): ResourceHooks {
  return {
    beginCreate(object, { dryRun }) {
      const service = object as ServiceObject;
      if (!service.spec) return NOTHING;
      alignAddresses(service, undefined);
      settleFamilies(service, undefined);
      return reserving(dryRun, (undo) => {
        takeAddresses(service, { undo, addresses, dryRun });
        takePorts(service, undefined, { undo, ports: dryRun ? rehearsing(ports) : ports });
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
        if (!clusterIPOf(before)) takeAddresses(service, { undo, addresses, dryRun });
        takePorts(service, before, { undo, ports: dryRun ? rehearsing(ports) : ports });
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

const ownerNameProblems = (name: string): string[] =>
  name === '' ? ['spec.parentRef.name: Required value'] : nameIsPathSegment(name, false);

const clusterIPOf = ({ spec }: ServiceObject): string => spec.clusterIP || spec.clusterIPs?.[0] || '';

function addressesOf({ spec }: Service): string[] {
  const all = spec?.clusterIPs?.length ? spec.clusterIPs : [spec?.clusterIP ?? ''];
  return all.filter((ip) => ip !== '' && ip !== 'None');
}

interface Taking {
  undo: Undo;
  addresses: IpAllocator;
  dryRun: boolean;
}

function takeAddresses(service: ServiceObject, { undo, addresses, dryRun }: Taking): void {
  const { spec } = service;
  if (!needsAddress(service)) return;
  if (spec.clusterIP === 'None') return;
  // Upstream writes an IPAddress that names the Service, and gives no address when that has no name it can bear.
  const [problem] = dryRun ? [] : ownerNameProblems(service.metadata.name ?? '');
  if (problem) throw refused(service, 'spec.clusterIPs', spec.clusterIPs ?? null, `failed to allocate IP: ${problem}`);
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
