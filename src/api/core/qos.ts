// The quality-of-service class of a Pod, after pkg/apis/core/helper/qos/qos.go.
import { compareQuantity, isZeroQuantity, parseQuantity } from '../../apimachinery/quantity.ts';
import type { Container, PodSpec, ResourceRequirements } from '../types/core/v1.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COMPUTE = ['cpu', 'memory'] as const;
type Part = Pick<Container, 'resources'>;

/** `spec` has its defaults: a limit without a request is a request too. */
export function qosClass(spec: PodSpec): QosClass {
  const parts: Part[] = spec.resources
    ? [{ resources: spec.resources }]
    : [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const asks = (part: Part, kind: 'requests' | 'limits') =>
    COMPUTE.filter((name) => amount(part.resources, kind, name));
  if (parts.every((part) => asks(part, 'requests').length === 0 && asks(part, 'limits').length === 0)) {
    return 'BestEffort';
  }
  return parts.every((part) => COMPUTE.every((name) => isGuaranteed(part.resources, name)))
    ? 'Guaranteed'
    : 'Burstable';
}

function amount(resources: ResourceRequirements | undefined, kind: 'requests' | 'limits', name: string) {
  const text = resources?.[kind]?.[name];
  if (text === undefined) return undefined;
  const quantity = parseQuantity(text);
  return isZeroQuantity(quantity) ? undefined : quantity;
}

function isGuaranteed(resources: ResourceRequirements | undefined, name: string): boolean {
  const limit = amount(resources, 'limits', name);
  const request = amount(resources, 'requests', name);
  return limit !== undefined && (request === undefined || compareQuantity(limit, request) === 0);
}
