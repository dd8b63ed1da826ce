// The zone's view over the shared informers: look-ups by index, no copy of anything.
import { endpointSlices, namespaces, services } from '../api/resources.ts';
import type { Informers } from '../client/informer.ts';
import type { ZoneView } from './zone.ts';

const BY_IP = 'dns/ip';
const BY_SERVICE = 'dns/service';

/** Adds its indexes at once; answers are right when the three informers have synced. */
export function informerView(informers: Informers): ZoneView & { synced: Promise<unknown> } {
  const service = informers.for(services);
  const slice = informers.for(endpointSlices);
  const namespace = informers.for(namespaces);
  service.addIndex(BY_IP, ({ spec }) => (spec.clusterIP && spec.clusterIP !== 'None' ? [spec.clusterIP] : []));
  slice.addIndex(BY_IP, (s) => (s.endpoints ?? []).flatMap((endpoint) => endpoint.addresses));
  slice.addIndex(BY_SERVICE, ({ metadata }) => {
    const name = metadata.labels?.['kubernetes.io/service-name'];
    return name === undefined ? [] : [`${metadata.namespace}/${name}`];
  });
  return {
    synced: Promise.all([service.synced, slice.synced, namespace.synced]),
    namespaceExists: (name) => namespace.lister.get(undefined, name) !== undefined,
    service: (ns, name) => service.lister.get(ns, name),
    slices: (ns, name) => slice.lister.byIndex(BY_SERVICE, `${ns}/${name}`),
    serviceByIP: (ip) => service.lister.byIndex(BY_IP, ip)[0],
    slicesByIP: (ip) => slice.lister.byIndex(BY_IP, ip),
  };
}
