// PodResizeValidator: no pod asks for more than its node has (plugin/pkg/admission/podresize/admission.go).
import { podRequests } from '../../api/quota/pod-resources.ts';
import { nodes } from '../../api/resources.ts';
import type { Node, Pod } from '../../api/types/core/v1.ts';
import { compareQuantity, milliValue, parseQuantity, type Quantity, value, ZERO } from '../../apimachinery/quantity.ts';
import { StatusError } from '../../apimachinery/status-error.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { refuse, resourceOf } from './request.ts';

export const podResizeValidator = (reader: ObjectReader): AdmissionPlugin => ({
  name: 'PodResizeValidator',
  validate(request) {
    if (request.operation !== 'UPDATE' || request.subresource !== 'resize' || resourceOf(request) !== 'pods') return;
    const pod = request.object as unknown as Pod;
    const { nodeName } = pod.spec;
    // Generations count changes of the spec.
    if (!nodeName || pod.metadata.generation === request.oldObject?.metadata.generation) return;
    const node = reader.get(nodes, undefined, nodeName);
    if (!node) throw refuse(request, `node ${JSON.stringify(nodeName)} not found`);
    const system = node.metadata.labels?.['kubernetes.io/os'] ?? 'linux';
    if (system !== 'linux') {
      const told = `pod resize is only supported on linux nodes, node "${nodeName}" is "${system}"`;
      throw withCause(request, told, 'UnsupportedPlatform');
    }
    const lacking = tooMuch(pod, node);
    if (lacking.length > 0) {
      const told = `node didn't have enough allocatable resources: ${lacking.join('; ')}`;
      throw withCause(request, told, 'NodeCapacity');
    }
  },
});

function withCause(request: AdmissionRequest, told: string, reason: string): StatusError {
  const { status } = refuse(request, told);
  return new StatusError({ ...status, details: { ...status.details, causes: [{ reason }] } });
}

function tooMuch(pod: Pod, node: Node): string[] {
  const requests = podRequests(pod);
  const compare = (name: 'cpu' | 'memory', amount: (quantity: Quantity) => number | bigint): string[] => {
    const wanted = requests.get(name) ?? ZERO;
    const there = parseQuantity(node.status?.allocatable?.[name] ?? '0');
    if (compareQuantity(wanted, there) <= 0) return [];
    return [`${name}, requested: ${amount(wanted)}, allocatable: ${amount(there)}`];
  };
  return [...compare('cpu', milliValue), ...compare('memory', value)];
}
