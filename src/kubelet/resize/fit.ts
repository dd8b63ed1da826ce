// Whether the node has room for what a pod asks for, beside what other pods were given
// (lifecycle/predicate.go, scheduler AdmissionCheck). Pure.
import { podRequests } from '../../api/quota/pod-resources.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import { milliValue, parseQuantity, type Quantity, value } from '../../apimachinery/quantity.ts';

export interface Shortage {
  reason: 'OutOfcpu' | 'OutOfmemory';
  message: string;
}

/** Pods are counted as their specs say, which are to be those of their allocations. */
export function shortageOf(
  pod: Pod,
  others: readonly Pod[],
  allocatable: { cpu: string; memory: string },
): Shortage | undefined {
  const asked = (one: Pod, name: string) => podRequests({ ...one, status: {} }).get(name);
  const check = (name: 'cpu' | 'memory', count: (quantity: Quantity) => number): Shortage | undefined => {
    const numberOf = (quantity: Quantity | undefined) => (quantity ? count(quantity) : 0);
    const requested = numberOf(asked(pod, name));
    const used = others.reduce((sum, other) => sum + numberOf(asked(other, name)), 0);
    const capacity = count(parseQuantity(allocatable[name]));
    if (requested === 0 || requested <= capacity - used) return undefined;
    const message = `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
    return { reason: `OutOf${name}`, message };
  };
  return check('cpu', milliValue) ?? check('memory', value);
}
