// What the type of a Service asks for, and what an update carries over or lets go because of it
// (pkg/registry/core/service/strategy.go patchAllocatedValues, dropTypeDependentFields).
import type { Service, ServicePort, ServiceSpec } from '../../api/types/core/v1.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';

export type ServiceObject = AnyObject & Service & { spec: ServiceSpec };

export const needsAddress = ({ spec }: ServiceObject): boolean => spec.type !== 'ExternalName';
export const needsNodePorts = ({ spec }: ServiceObject): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);

export const needsHealthCheckPort = ({ spec }: ServiceObject): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

/** What an update leaves out stays as it was, unless the type no longer wants it. */
export function keepAllocated(service: ServiceObject, before: ServiceObject): void {
  const { spec } = service;
  if (!needsAddress(service)) {
    if (spec.clusterIP === before.spec.clusterIP) delete spec.clusterIP;
    if (spec.clusterIPs?.join() === before.spec.clusterIPs?.join()) delete spec.clusterIPs;
    return;
  }
  if (needsAddress(before)) {
    if (!spec.clusterIP && before.spec.clusterIP) spec.clusterIP = before.spec.clusterIP;
    if (!spec.clusterIPs?.length && before.spec.clusterIPs) spec.clusterIPs = [...before.spec.clusterIPs];
  }
  if (needsNodePorts(service) && needsNodePorts(before)) keepPorts(spec.ports ?? [], before.spec.ports ?? []);
  if (needsHealthCheckPort(service) && needsHealthCheckPort(before) && !spec.healthCheckNodePort) {
    if (before.spec.healthCheckNodePort) spec.healthCheckNodePort = before.spec.healthCheckNodePort;
  }
}

function keepPorts(ports: ServicePort[], before: readonly ServicePort[]): void {
  const used = new Set(ports.map(({ nodePort }) => nodePort).filter(Boolean));
  for (const port of ports) {
    if (port.nodePort) continue;
    const same = before.find((one) => one.port === port.port && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (same?.nodePort && !used.has(same.nodePort)) {
      port.nodePort = same.nodePort;
      used.add(same.nodePort);
    }
  }
}

const isExternal = ({ spec }: ServiceObject): boolean => spec.type === 'NodePort' || spec.type === 'LoadBalancer';
const isReachable = (service: ServiceObject): boolean =>
  isExternal(service) || (service.spec.type === 'ClusterIP' && !!service.spec.externalIPs?.length);
const isLoadBalancer = ({ spec }: ServiceObject): boolean => spec.type === 'LoadBalancer';

/** Fields that the old type had and the new one cannot have go, when the client left them as they were. */
export function dropTypeDependentFields(service: ServiceObject, before: ServiceObject): void {
  const lost = (needs: (one: ServiceObject) => boolean) => needs(before) && !needs(service);
  if (lost(needsAddress)) clearUnchanged(service, before, ['ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy']);
  if (lost(isReachable)) clearUnchanged(service, before, ['externalTrafficPolicy']);
  if (lost(isExternal)) {
    if (nodePortsText(service) === nodePortsText(before)) {
      for (const port of service.spec.ports ?? []) delete port.nodePort;
    }
  }
  if (lost(needsHealthCheckPort)) clearUnchanged(service, before, ['healthCheckNodePort']);
  if (lost(isLoadBalancer)) clearUnchanged(service, before, ['allocateLoadBalancerNodePorts', 'loadBalancerClass']);
}

function clearUnchanged(service: ServiceObject, before: ServiceObject, fields: readonly (keyof ServiceSpec)[]): void {
  for (const field of fields) {
    if (JSON.stringify(service.spec[field]) === JSON.stringify(before.spec[field])) delete service.spec[field];
  }
}

const nodePortsText = ({ spec }: ServiceObject): string =>
  [...new Set((spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0))].sort((a, b) => a - b).join();
