// Which Pods stand behind a Service, and at which ports (k8s.io/endpointslice util, k8s.io/kubernetes pkg/api/v1/pod).
import { services } from '../../api/resources.ts';
import type { Pod, Service, ServicePort } from '../../api/types/core/v1.ts';
import { matchesLabelMap } from '../../apimachinery/labels.ts';
import type { ControllerContext } from '../../client/controller.ts';
import { keyOf } from '../../client/indexed-store.ts';
import { isFinished } from '../pod-state.ts';

export const isHeadless = (service: Service): boolean => !service.spec.clusterIP || service.spec.clusterIP === 'None';

/** Services whose endpoints are somebody else's: made by hand, or none at all. */
export const isUnmanaged = (service: Service): boolean =>
  !service.spec.selector || service.spec.type === 'ExternalName';

export const hasAddress = (pod: Pod): boolean => !isFinished(pod) && addressesOf(pod).length > 0;

export const addressesOf = (pod: Pod): string[] => {
  const all = (pod.status?.podIPs ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  return all.length > 0 || !pod.status?.podIP ? all : [pod.status.podIP];
};

export const hostnameFor = (pod: Pod, service: Service): string | undefined =>
  pod.spec.subdomain === service.metadata.name ? pod.spec.hostname || undefined : undefined;

export interface ResolvedPort {
  service: ServicePort;
  port: number;
}

/** The ports of the Service as this Pod has them; a name that the Pod does not know is left out. */
export const portsOf = (service: Service, pod: Pod): ResolvedPort[] =>
  (service.spec.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    return number === undefined ? [] : [{ service: port, port: number }];
  });

function targetPort(port: ServicePort, pod: Pod): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target || port.port;
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return [...pod.spec.containers, ...sidecars]
    .flatMap((container) => container.ports ?? [])
    .find((known) => known.name === target && (known.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))?.containerPort;
}

/** Keys of the Services that select the pod now or did before. */
export const servicesOf = (pod: Pod, { informers }: ControllerContext, old?: Pod): string[] =>
  informers
    .for(services)
    .lister.list(pod.metadata.namespace)
    .filter(({ spec: { selector } }) => {
      if (!selector) return false;
      const before = old !== undefined && matchesLabelMap(selector, old.metadata.labels);
      return before || matchesLabelMap(selector, pod.metadata.labels);
    })
    .map(keyOf);
