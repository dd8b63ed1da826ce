// EndpointSlices for every Service with a selector (k8s.io/kubernetes pkg/controller/endpointslice).
import { isIPv6 } from 'node:net';
import { endpointSlices, nodes, pods, services } from '../../api/resources.ts';
import type { Node, Pod, Service } from '../../api/types/core/v1.ts';
import type { EndpointSlice } from '../../api/types/discovery/v1.ts';
import { matchesLabelMap } from '../../apimachinery/labels.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import { type Controller, type ControllerContext, watchOf } from '../../client/controller.ts';
import { keyOf, splitKey } from '../../client/indexed-store.ts';
import { controllerRef } from '../controller-ref.ts';
import { createExpectations, type Expectations } from '../expectations.ts';
import { isNamespaceTerminating } from '../namespace/terminating.ts';
import { isReady } from '../pod-state.ts';
import { sameValue } from '../same.ts';
import { type AddressType, type PlannedSlice, planSlices, type WantedEndpoint } from './plan-slices.ts';
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

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const SERVICE_NAME = 'kubernetes.io/service-name';
const HEADLESS = 'service.kubernetes.io/headless';
const ZONE = 'topology.kubernetes.io/zone';
const MANAGER = 'endpointslice-controller.k8s.io';
const BY_SERVICE = 'managedForService';

type WriteContext = Pick<ControllerContext, 'client'> & { trigger: string | undefined };

export function endpointSliceController(): Controller {
  let expectations: Expectations;
  const triggers = createTriggerTimes();

  return {
    name: 'endpointslice-controller',
    watches: [
      watchOf({ resource: services, toKeys: (service) => [keyOf(service)] }),
      watchOf({ resource: pods, toKeys: servicesOf }),
      watchOf({ resource: endpointSlices, toKeys: serviceKey }),
      watchOf({ resource: nodes, toKeys: keysOfMovedNode }),
    ],

    setup({ informers, clock }) {
      expectations = createExpectations(clock);
      const informer = informers.for(endpointSlices);
      informer.addIndex(BY_SERVICE, serviceKey);
      informer.addHandler({
        added: (slice) => {
          for (const key of serviceKey(slice)) expectations.creationObserved(key);
        },
      });
    },

    async reconcile(key, context) {
      const { namespace, name } = splitKey(key);
      const { informers, client } = context;
      const service = informers.for(services).lister.get(namespace, name);
      if (!service) {
        expectations.forget(key);
        triggers.forget(key);
      }
      if (!service || service.metadata.deletionTimestamp || isUnmanaged(service) || !expectations.fulfilled(key)) {
        return undefined;
      }
      const existing = informers.for(endpointSlices).lister.byIndex(BY_SERVICE, key);
      const selected = selectedPods(service, context);
      const wanted = wantedEndpoints(service, selected, context);
      const trigger = triggers.next(key, service, selected);
      const plan = planSlices(wanted, existing, addressTypesOf(service));
      const fresh = plan.write.filter((slice) => !slice.current).length;
      if (fresh > 0) expectations.expectCreations(key, fresh);
      for (const slice of plan.write) await write(service, slice, { ...context, trigger });
      for (const { metadata } of plan.remove) {
        await client.delete(endpointSlices, namespace, metadata.name as string).catch((error: unknown) => {
          if (!hasReason(error, 'NotFound')) throw error;
        });
      }
      return undefined;
    },
  };

  async function write(service: Service, planned: PlannedSlice, context: WriteContext): Promise<void> {
    const { client, trigger } = context;
    const { current, addressType, ports, endpoints } = planned;
    const labels = labelsFor(service);
    if (current) {
      const same = sameValue(current.endpoints, endpoints) && sameValue(current.ports, ports);
      if (same && sameValue(current.metadata.labels, labels)) return;
      const annotations = withTriggerTime(current.metadata.annotations, trigger);
      const metadata = { ...current.metadata, labels, annotations };
      await client.update(endpointSlices, { ...current, metadata, ports, endpoints });
      return;
    }
    const { name, namespace } = service.metadata;
    const ownerReferences = [controllerRef(services, service)];
    const annotations = withTriggerTime(undefined, trigger);
    const metadata = { generateName: `${name}-`, namespace, labels, annotations, ownerReferences };
    try {
      await client.create(endpointSlices, { metadata, addressType, ports, endpoints });
    } catch (error) {
      expectations.forget(keyOf(service));
      if (!isNamespaceTerminating(error)) throw error;
    }
  }
}

const serviceKey = ({ metadata }: EndpointSlice): string[] => {
  const service = metadata.labels?.[SERVICE_NAME];
  return service && metadata.labels?.[MANAGED_BY] === MANAGER ? [`${metadata.namespace}/${service}`] : [];
};

/** A node that comes with a zone, or changes it, changes the endpoints on it. */
function keysOfMovedNode(node: Node, { informers }: ControllerContext, old?: Node): string[] {
  const zone = node.metadata.labels?.[ZONE];
  return zone === old?.metadata.labels?.[ZONE] ? [] : informers.for(services).lister.list().map(keyOf);
}

function labelsFor(service: Service): Record<string, string> {
  const { [HEADLESS]: _headless, ...labels } = service.metadata.labels ?? {};
  return {
    ...labels,
    ...(isHeadless(service) ? { [HEADLESS]: '' } : {}),
    [SERVICE_NAME]: service.metadata.name as string,
    [MANAGED_BY]: MANAGER,
  };
}

function addressTypesOf({ spec }: Service): AddressType[] {
  const families = (spec.ipFamilies ?? []).filter((family) => family !== '');
  if (families.length > 0) return families;
  return [isIPv6(spec.clusterIP ?? '') ? 'IPv6' : 'IPv4'];
}

const selectedPods = (service: Service, { informers }: ControllerContext): Pod[] =>
  informers
    .for(pods)
    .lister.list(service.metadata.namespace)
    .filter((pod) => hasAddress(pod) && matchesLabelMap(service.spec.selector ?? {}, pod.metadata.labels));

function wantedEndpoints(service: Service, selected: readonly Pod[], context: ControllerContext): WantedEndpoint[] {
  const nodeLister = context.informers.for(nodes).lister;
  return selected
    .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
    .flatMap((pod) => {
      const zone = nodeLister.get(undefined, pod.spec.nodeName ?? '')?.metadata.labels?.[ZONE];
      return addressTypesOf(service).flatMap((addressType) => endpointOf(service, pod, { addressType, zone }));
    });
}

function endpointOf(service: Service, pod: Pod, at: { addressType: AddressType; zone?: string }): WantedEndpoint[] {
  const addresses = addressesOf(pod).filter((ip) => isIPv6(ip) === (at.addressType === 'IPv6'));
  const ports = portsOf(service, pod).map((port) => ({
    name: port.service.name ?? '',
    port: port.port,
    protocol: port.service.protocol ?? ('TCP' as const),
    ...(port.service.appProtocol ? { appProtocol: port.service.appProtocol } : {}),
  }));
  if (addresses.length === 0) return [];
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const hostname = hostnameFor(pod, service);
  const { namespace, name, uid } = pod.metadata;
  const endpoint = {
    addresses,
    // Never ready while it ends, unless the Service wants to know all.
    conditions: {
      ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(at.zone ? { zone: at.zone } : {}),
    ...(hostname ? { hostname } : {}),
  };
  return [{ addressType: at.addressType, ports, endpoint }];
}
