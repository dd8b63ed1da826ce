// Addresses for Services, out of the ServiceCIDRs there are (pkg/registry/core/service/ipallocator/cidrallocator.go).
// An address is taken by making its IPAddress: what is taken is known from the store alone, and whoever else makes one
// keeps Services from it.
import { addressObject } from '../../api/networking/addresses-of-services.ts';
import { cidrsOf, DEFAULT_SERVICE_CIDR, hasAddress, isReady } from '../../api/networking/service-blocks.ts';
import { ipAddresses, serviceCidrs } from '../../api/resources.ts';
import { hasReason, internalError } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import type { Logger } from '../../log.ts';
import type { ObjectReader } from '../reader.ts';
import { addressRange } from './address-range.ts';
import { refused } from './reserving.ts';
import type { ServiceObject } from './service-types.ts';

export interface ServiceAddresses {
  /** Rejects with 422 when the Service cannot have it. A dry run does not ask whether it is taken. */
  take(service: ServiceObject, address: string, dryRun: boolean): Promise<void>;
  /** A free one; for a dry run one that nobody has. Rejects with 500 when all are taken. */
  takeNext(service: ServiceObject, dryRun: boolean): Promise<string>;
  /** Never rejects: what stays behind by an error is found by the repair. */
  release(address: string): Promise<void>;
}

export interface ServiceAddressesOptions {
  /** The server's own, there from the first request on. */
  client(): Client;
  reader: ObjectReader;
  log: Logger;
  random(): number;
  /** The range the server was started with, for as long as no ServiceCIDR says it. */
  serviceCidr: string;
}

export function createServiceAddresses(options: ServiceAddressesOptions): ServiceAddresses {
  const { reader, log, random } = options;

  /** Blocks of IPv4, which is what this cluster has. */
  function blocks(): string[] {
    const stored = reader.list(serviceCidrs);
    const own = stored.some(({ metadata }) => metadata.name === DEFAULT_SERVICE_CIDR) ? [] : [options.serviceCidr];
    const ready = stored.filter(isReady).flatMap(cidrsOf);
    return [...new Set([...own, ...ready])].filter((cidr) => !cidr.includes(':'));
  }

  /** Why it cannot be had; undefined: it is taken now. */
  async function make(service: ServiceObject, address: string): Promise<string | undefined> {
    try {
      await options.client().create(ipAddresses, addressObject(service, address), { fieldManager: 'kube-apiserver' });
      return undefined;
    } catch (error) {
      return hasReason(error, 'AlreadyExists') ? TAKEN : (error as Error).message;
    }
  }

  const refuse = (service: ServiceObject, why: string) =>
    refused(service, 'spec.clusterIPs', service.spec.clusterIPs ?? null, why);

  return {
    async take(service, address, dryRun) {
      const all = blocks();
      const found = all.some((cidr) => hasAddress(cidr, address));
      const why = found ? !dryRun && (await make(service, address)) : dryRun ? outOf(all[0] ?? '', address) : ELSEWHERE;
      if (why) throw refuse(service, `failed to allocate IP ${address}: ${why}`);
    },
    async takeNext(service, dryRun) {
      for (const cidr of blocks()) {
        const range = addressRange(cidr);
        if (dryRun) return range.base;
        for (const address of range.candidates(random)) {
          if (reader.get(ipAddresses, undefined, address)) continue;
          const why = await make(service, address);
          if (why === undefined) return address;
          if (why !== TAKEN) throw refuse(service, `failed to allocate IP: ${why}`);
        }
      }
      const name = JSON.stringify(service.metadata.name ?? '');
      throw internalError(`failed to allocate a serviceIP for Service ${name}: range is full`);
    },
    async release(address) {
      await options
        .client()
        .delete(ipAddresses, undefined, address)
        .catch((error: unknown) => {
          if (!hasReason(error, 'NotFound')) log.warn({ err: error, address }, 'could not release an address');
        });
    },
  };
}

const TAKEN = 'provided IP is already allocated';
const ELSEWHERE = 'the provided network does not match the current range';
/** A dry run is told by one of the ranges, not by what chooses among them. */
const outOf = (cidr: string, address: string): string =>
  `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${cidr}`;
