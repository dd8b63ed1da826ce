// The quality-of-service class of a Pod, after pkg/apis/core/helper/qos/qos.go.
import { parseQuantity } from '../../apimachinery/quantity.ts';
import type { Container, PodSpec, ResourceRequirements } from '../types/core/v1.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COMPUTE = ['cpu', 'memory'] as const;
type Part = Pick<Container, 'resources'>;

/** Of the pod's own resources where it has any, of those of its containers elsewhere. */
export function qosClass(spec: PodSpec): QosClass {
  const parts: Part[] = spec.resources
    ? [{ resources: spec.resources }]
    : [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const requests = totals(parts, 'requests');
  const limits = totals(parts, 'limits');
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  const areLimited = parts.every((part) => COMPUTE.every((name) => amount(part.resources, 'limits', name) > 0n));
  const areEqual = requests.size === limits.size && [...requests].every(([name, sum]) => limits.get(name) === sum);
  return areLimited && areEqual ? 'Guaranteed' : 'Burstable';
}

/** What is asked for at all, of each resource that counts. */
function totals(parts: readonly Part[], kind: 'requests' | 'limits'): ReadonlyMap<string, bigint> {
  const sums = COMPUTE.map((name) => {
    const sum = parts.reduce((total, { resources }) => total + amount(resources, kind, name), 0n);
    return [name, sum] as const;
  });
  return new Map(sums.filter(([, sum]) => sum > 0n));
}

/** In billionths; nothing and less than nothing are nothing. */
function amount(resources: ResourceRequirements | undefined, kind: 'requests' | 'limits', name: string): bigint {
  const text = resources?.[kind]?.[name];
  const nano = text === undefined ? 0n : parseQuantity(text).nano;
  return nano > 0n ? nano : 0n;
}
