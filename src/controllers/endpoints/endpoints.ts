// The older Endpoints object of every Service with a selector (k8s.io/kubernetes pkg/controller/endpoint).
import { isIPv6 } from 'node:net';
import { endpoints, pods, services } from '../../api/resources.ts';
import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from '../../api/types/core/v1.ts';
import { matchesLabelMap } from '../../apimachinery/labels.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import { type Controller, watchOf } from '../../client/controller.ts';
import { keyOf, splitKey } from '../../client/indexed-store.ts';
import { isNamespaceTerminating } from '../namespace/terminating.ts';
import { isReady } from '../pod-state.ts';
import { canonical, sameValue } from '../same.ts';
import {
  addressesOf,
  hasAddress,
  hostnameFor,
  isHeadless,
  isUnmanaged,
  portsOf,
  servicesOf,
} from './pods-of-service.ts';
import { createTriggerTimes, withTriggerTime } from './trigger-times.ts';

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
const HEADLESS = 'service.kubernetes.io/headless';
const MAX_ADDRESSES = 1000;

export function endpointsController(): Controller {
  const triggers = createTriggerTimes();
  return {
    name: 'endpoint-controller',
    watches: [
      watchOf({ resource: services, toKeys: (service) => [keyOf(service)] }),
      watchOf({ resource: pods, toKeys: servicesOf }),
      watchOf({ resource: endpoints, toKeys: (object) => [keyOf(object)] }),
    ],

    async reconcile(key, { client, informers }) {
      const { namespace, name } = splitKey(key);
      const service = informers.for(services).lister.get(namespace, name);
      const current = informers.for(endpoints).lister.get(namespace, name);
      if (!service) {
        triggers.forget(key);
        if (current?.metadata.labels?.[MANAGED_BY]) await remove();
        return undefined;
      }
      if (isUnmanaged(service)) return undefined;
      const selected = informers
        .for(pods)
        .lister.list(namespace)
        .filter((pod) => matchesLabelMap(service.spec.selector ?? {}, pod.metadata.labels));
      const trigger = triggers.next(key, service, selected);
      const { subsets, truncated } = truncate(subsetsOf(service, selected));
      const labels = {
        ...service.metadata.labels,
        ...(isHeadless(service) ? { [HEADLESS]: '' } : {}),
        [MANAGED_BY]: 'endpoint-controller',
      };
      const { [OVER_CAPACITY]: _, ...annotations } = current?.metadata.annotations ?? {};
      if (truncated) annotations[OVER_CAPACITY] = 'truncated';
      const metadata = { ...current?.metadata, name, namespace, labels };
      const written = { ...metadata, annotations: withTriggerTime(annotations, trigger) };
      if (!current) {
        await client.create(endpoints, { metadata: written, subsets }).catch((error: unknown) => {
          if (!isNamespaceTerminating(error)) throw error;
        });
        return undefined;
      }
      // The time of the last change is no change by itself.
      const same = sameValue(current.subsets, subsets) && sameValue(current.metadata, { ...metadata, annotations });
      if (!same) await client.update(endpoints, { ...current, metadata: written, subsets });
      return undefined;

      async function remove(): Promise<void> {
        await client.delete(endpoints, namespace, name).catch((error: unknown) => {
          if (!hasReason(error, 'NotFound')) throw error;
        });
      }
    },
  };
}

interface Known {
  address: EndpointAddress;
  ready: boolean;
}

/** Ports with the same addresses share a subset. */
function subsetsOf(service: Service, selected: readonly Pod[]): EndpointSubset[] {
  const publishAll = service.spec.publishNotReadyAddresses === true;
  const family = service.spec.ipFamilies?.[0] ?? (isIPv6(service.spec.clusterIP ?? '') ? 'IPv6' : 'IPv4');
  const byPort = new Map<string, { port?: EndpointPort; known: Known[] }>();
  const note = (port: EndpointPort | undefined, known: Known) => {
    const entry = byPort.get(canonical(port));
    if (entry) entry.known.push(known);
    else byPort.set(canonical(port), { port, known: [known] });
  };
  for (const pod of selected.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))) {
    const ip = addressesOf(pod).find((address) => isIPv6(address) === (family === 'IPv6'));
    if (!ip || !hasAddress(pod) || (pod.metadata.deletionTimestamp && !publishAll)) continue;
    const known = { address: addressOf(service, pod, ip), ready: publishAll || isReady(pod) };
    if ((service.spec.ports ?? []).length === 0 && isHeadless(service)) note(undefined, known);
    for (const { service: servicePort, port } of portsOf(service, pod)) {
      const { name, appProtocol, protocol = 'TCP' } = servicePort;
      note({ ...(name ? { name } : {}), port, protocol, ...(appProtocol ? { appProtocol } : {}) }, known);
    }
  }
  const bySet = Map.groupBy(byPort.values(), ({ known }) => canonical(known));
  return [...bySet.values()].map((entries) => {
    const all = entries[0]?.known ?? [];
    const of = (ready: boolean) => all.filter((known) => known.ready === ready).map((known) => known.address);
    return {
      ...(of(true).length > 0 ? { addresses: of(true) } : {}),
      ...(of(false).length > 0 ? { notReadyAddresses: of(false) } : {}),
      ports: entries.flatMap(({ port }) => (port ? [port] : [])),
    };
  });
}

function addressOf(service: Service, pod: Pod, ip: string): EndpointAddress {
  const { namespace, name, uid } = pod.metadata;
  const hostname = hostnameFor(pod, service);
  return {
    ip,
    ...(hostname ? { hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

/** The object cannot grow without end: ready addresses are kept first. */
function truncate(subsets: EndpointSubset[]): { subsets: EndpointSubset[]; truncated: boolean } {
  const total = subsets.reduce((n, s) => n + (s.addresses?.length ?? 0) + (s.notReadyAddresses?.length ?? 0), 0);
  if (total <= MAX_ADDRESSES) return { subsets, truncated: false };
  let room = MAX_ADDRESSES;
  const take = (addresses: EndpointAddress[] | undefined) => {
    const taken = addresses?.slice(0, room);
    room -= taken?.length ?? 0;
    return taken;
  };
  const ready = subsets.map((subset) => ({ ...subset, addresses: take(subset.addresses) }));
  return { subsets: ready.map((s) => ({ ...s, notReadyAddresses: take(s.notReadyAddresses) })), truncated: true };
}
