// How much of what can run short is there, and which thresholds that meets (eviction/helpers.go). Pure.
import { type Quantity, quantityOf, subQuantity } from '../../apimachinery/quantity.ts';
import type { NodeUsage } from '../stats/node-usage.ts';
import { type PressureCondition, quantityOfValue, SIGNALS, type Signal, type Threshold } from './thresholds.ts';

export interface Observation {
  available: Quantity;
  capacity: number;
}

export type Observations = ReadonlyMap<Signal, Observation>;

/** `pods`: what all pods together use, and may use. */
export function observationsOf(usage: NodeUsage, pods?: { workingSetBytes: number; limitBytes: number }): Observations {
  const { memory, nodeFs, imageFs, processes } = usage;
  const bytes = (available: number, capacity: number): Observation => ({
    available: quantityOf(available, 'BinarySI'),
    capacity,
  });
  const count = (available: number, capacity: number): Observation => ({ available: quantityOf(available), capacity });
  const seen: [Signal, Observation][] = [
    ['memory.available', bytes(memory.availableBytes, memory.capacityBytes)],
    ['nodefs.available', bytes(nodeFs.availableBytes, nodeFs.capacityBytes)],
    ['imagefs.available', bytes(imageFs.availableBytes, imageFs.capacityBytes)],
    ['pid.available', count(processes.max - processes.running, processes.max)],
  ];
  // File systems such as btrfs have no fixed number of inodes, and tell 0.
  if (nodeFs.inodes > 0) seen.push(['nodefs.inodesFree', count(nodeFs.inodesFree, nodeFs.inodes)]);
  if (imageFs.inodes > 0) seen.push(['imagefs.inodesFree', count(imageFs.inodesFree, imageFs.inodes)]);
  if (pods) {
    const available = Math.max(0, pods.limitBytes - pods.workingSetBytes);
    seen.push(['allocatableMemory.available', bytes(available, pods.limitBytes)]);
  }
  return new Map(seen);
}

/** Whatever their grace; with `reclaim` those that are not yet better by as much as they ask for. */
export const thresholdsMet = (
  thresholds: readonly Threshold[],
  observations: Observations,
  { reclaim }: { reclaim: boolean },
): Threshold[] =>
  thresholds.filter(({ signal, value, minReclaim }) => {
    const observed = observations.get(signal);
    if (!observed) return false;
    const more = reclaim && minReclaim ? quantityOfValue(minReclaim, observed.capacity).nano : 0n;
    return subQuantity(observed.available, quantityOfValue(value, observed.capacity)).nano < more;
  });

export const conditionsOf = (thresholds: readonly Threshold[]): PressureCondition[] => [
  ...new Set(thresholds.map(({ signal }) => SIGNALS[signal].condition)),
];

const ORDER = Object.keys(SIGNALS);

/** Memory before all else. */
export const byEvictionPriority = (a: Threshold, b: Threshold): number =>
  ORDER.indexOf(a.signal) - ORDER.indexOf(b.signal);
