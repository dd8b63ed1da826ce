// What a Service gets from the server: addresses, node ports, a health check port, IP families. Taken before
// validation and kept when the write succeeds; given back when the Service goes or no longer needs them
// (pkg/registry/core/service/storage/alloc.go). The allocator of ports is memory, filled from the stored Services.
import { addressesOf } from '../../api/networking/addresses-of-services.ts';
import type { Service } from '../../api/types/core/v1.ts';
import type { Reservation, ResourceHooks } from '../registry/hooks.ts';
import { alignAddresses, settleFamilies } from './ip-families.ts';
import { nodePortsOf, takePorts } from './node-ports.ts';
import { type PortAllocator, rehearsing } from './port-allocator.ts';
import { reserving, type Undo } from './reserving.ts';
import type { ServiceAddresses } from './service-addresses.ts';
import { dropTypeDependentFields, keepAllocated, needsAddress, type ServiceObject } from './service-types.ts';

export interface ServiceAllocators {
  addresses: ServiceAddresses;
  ports: PortAllocator;
}

export function serviceHooks({ addresses, ports }: ServiceAllocators): ResourceHooks {
  return {
    beginCreate(object, { dryRun }) {
      const service = object as ServiceObject;
      if (!service.spec) return NOTHING;
      alignAddresses(service, undefined);
      settleFamilies(service, undefined);
      return reserving(dryRun, async (undo) => {
        await takeAddresses(service, { undo, addresses, dryRun });
        takePorts(service, undefined, { undo, ports: dryRun ? rehearsing(ports) : ports });
      });
    },
    async beginUpdate(object, old, { dryRun }) {
      const service = object as ServiceObject;
      const before = old as ServiceObject;
      if (!service.spec) return NOTHING;
      keepAllocated(service, before);
      alignAddresses(service, before);
      settleFamilies(service, before);
      dropTypeDependentFields(service, before);
      const reservation = await reserving(dryRun, async (undo) => {
        if (!clusterIPOf(before)) await takeAddresses(service, { undo, addresses, dryRun });
        takePorts(service, before, { undo, ports: dryRun ? rehearsing(ports) : ports });
      });
      return {
        ...reservation,
        async commit() {
          await reservation.commit();
          if (!dryRun) await giveBack(before, service, { addresses, ports });
        },
      };
    },
    afterDelete: (object) => giveBack(object as ServiceObject, undefined, { addresses, ports }),
  };
}

/** Takes the ports of stored Services, at start. */
export function fillPorts(stored: readonly Service[], ports: PortAllocator): void {
  for (const service of stored) {
    for (const port of nodePortsOf(service)) ports.allocate(port);
  }
}

const NOTHING: Reservation = { commit: () => undefined, release: () => undefined };

const clusterIPOf = ({ spec }: ServiceObject): string => spec.clusterIP || spec.clusterIPs?.[0] || '';

interface Taking {
  undo: Undo;
  addresses: ServiceAddresses;
  dryRun: boolean;
}

async function takeAddresses(service: ServiceObject, { undo, addresses, dryRun }: Taking): Promise<void> {
  const { spec } = service;
  if (!needsAddress(service) || spec.clusterIP === 'None') return;
  const address = spec.clusterIP || (await addresses.takeNext(service, dryRun));
  if (spec.clusterIP) await addresses.take(service, address, dryRun);
  if (!dryRun) undo.push(() => addresses.release(address));
  spec.clusterIP = address;
  spec.clusterIPs ??= [address];
}

/** Releases what `before` had and `after` has not. */
async function giveBack(
  before: ServiceObject,
  after: ServiceObject | undefined,
  { addresses, ports }: ServiceAllocators,
): Promise<void> {
  const keptIps = new Set(after ? addressesOf(after) : []);
  const keptPorts = new Set(after ? nodePortsOf(after) : []);
  for (const port of nodePortsOf(before)) if (!keptPorts.has(port)) ports.release(port);
  for (const ip of addressesOf(before)) if (!keptIps.has(ip)) await addresses.release(ip);
}
