// Services and their IPAddresses belong together (pkg/registry/core/service/ipallocator/controller/repairip.go). At start
// what a crash or an older version left is put right; later only somebody who deletes or changes an IPAddress parts them.
import { addressesOf, addressObject, isOfAllocator, isWellMade } from '../../api/networking/addresses-of-services.ts';
import { ipAddresses, services } from '../../api/resources.ts';
import type { Service } from '../../api/types/core/v1.ts';
import type { IPAddress } from '../../api/types/networking/v1.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import type { Logger } from '../../log.ts';
import type { ObjectReader } from '../reader.ts';

export interface AddressRepairOptions {
  client: Client;
  reader: ObjectReader;
  log: Logger;
}

export interface AddressRepair {
  /** Repairs all, and then each as it is broken. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createAddressRepair({ client, reader, log }: AddressRepairOptions): AddressRepair {
  const repairing = new Set<Promise<void>>();
  let unsubscribe = () => {};

  async function remove(name: string): Promise<void> {
    await client.delete(ipAddresses, undefined, name).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound')) throw error;
    });
  }

  async function make(service: Service, ip: string): Promise<void> {
    await client
      .create(ipAddresses, addressObject(service, ip), { fieldManager: 'kube-apiserver' })
      .catch((error: unknown) => {
        if (!hasReason(error, 'AlreadyExists')) throw error;
      });
  }

  const ownerOf = ({ spec, metadata }: IPAddress): Service | undefined => {
    const { namespace, name } = spec.parentRef;
    const service = reader.get(services, namespace, name);
    return service && addressesOf(service).includes(metadata.name ?? '') ? service : undefined;
  };

  /** Of two Services with one address the IPAddress is the one's that it names. */
  async function repair(service: Service, ip: string): Promise<void> {
    const address = reader.get(ipAddresses, undefined, ip);
    if (address && isWellMade(address) && ownerOf(address)) return;
    log.warn({ service: service.metadata.name, namespace: service.metadata.namespace, ip }, 'repairing its IPAddress');
    if (address) await remove(ip);
    await make(service, ip);
  }

  function follow(address: IPAddress, deleted: boolean): void {
    const name = address.metadata.name ?? '';
    if (!deleted && isWellMade(address)) return;
    const owner = ownerOf(address) ?? reader.list(services).find((service) => addressesOf(service).includes(name));
    if (!owner) return;
    const work = repair(owner, name)
      .catch((error: unknown) => log.warn({ err: error, address: name }, 'could not repair an IPAddress'))
      .finally(() => repairing.delete(work));
    repairing.add(work);
  }

  return {
    async start() {
      const all = reader.list(services);
      for (const service of all) for (const ip of addressesOf(service)) await repair(service, ip);
      // Nobody asks anything yet: one that has no Service is no Service's that is being made.
      const leaked = reader.list(ipAddresses).filter((address) => isOfAllocator(address) && !ownerOf(address));
      for (const { metadata } of leaked) await remove(metadata.name ?? '');
      unsubscribe = reader.subscribe(ipAddresses, (object, deleted) => follow(object as IPAddress, deleted));
    },
    async stop() {
      unsubscribe();
      await Promise.all(repairing);
    },
  };
}
