// What this machine has, and what of it pods may have: less what is reserved and what evictions keep free
// (pkg/kubelet/cm/node_container_manager_linux.go, nodestatus/setters.go MachineInfo). Pure.
import {
  addQuantity,
  formatQuantity,
  milliValue,
  parseQuantity,
  type Quantity,
  quantityOf,
  subQuantity,
  value,
  ZERO,
} from '../../apimachinery/quantity.ts';
import type { CgroupSettings } from '../cgroups/settings.ts';
import { isHard, quantityOfValue, type Signal } from '../eviction/thresholds.ts';
import { sharesOf } from '../resources.ts';
import type { Machine } from './machine.ts';
import type { NodeSettings, Reservation } from './node-settings.ts';

type Limits = Pick<NodeSettings, 'maxPods' | 'kubeReserved' | 'systemReserved' | 'eviction'>;

interface Amounts {
  cpu: string;
  memory: string;
  'ephemeral-storage': string;
}

const PIDS = 'pid';

export function capacityOf(machine: Machine, { maxPods }: Pick<NodeSettings, 'maxPods'>): Record<string, string> {
  const pages = machine.hugePages.map(({ size, bytes }) => [`hugepages-${binary(size)}`, binary(bytes)]);
  return {
    cpu: String(machine.cpus),
    'ephemeral-storage': binary(machine.diskBytes),
    ...Object.fromEntries(pages),
    memory: binary(machine.memoryBytes),
    pods: String(maxPods),
  };
}

export function allocatableOf(machine: Machine, limits: Limits): Record<string, string> & Amounts {
  const capacity = capacityOf(machine, limits);
  const kept = (name: string, signal: Signal): Quantity => {
    const threshold = limits.eviction.thresholds.find((one) => one.signal === signal && isHard(one));
    return threshold ? quantityOfValue(threshold.value, value(parseQuantity(capacity[name] as string))) : ZERO;
  };
  const left = (name: string, evictions = ZERO) =>
    positive(subQuantity(parseQuantity(capacity[name] as string), addQuantity(reserved(limits, name), evictions)));
  const pages = machine.hugePages.reduce((sum, { bytes }) => sum + bytes, 0);
  const memory = subQuantity(left('memory', kept('memory', 'memory.available')), quantityOf(pages));
  return {
    ...capacity,
    cpu: formatQuantity(left('cpu')),
    'ephemeral-storage': formatQuantity(left('ephemeral-storage', kept('ephemeral-storage', 'nodefs.available'))),
    memory: formatQuantity(positive(memory)),
  };
}

/** What all pods together are held to; evictions come before the memory's end, and so are not taken off. */
export function podsCgroupSettings(machine: Machine, limits: Limits): CgroupSettings {
  const left = (capacity: number, name: string) =>
    positive(subQuantity(quantityOf(capacity, 'BinarySI'), reserved(limits, name)));
  return {
    cpuShares: sharesOf(milliValue(left(machine.cpus, 'cpu'))),
    memoryLimitBytes: value(left(machine.memoryBytes, 'memory')),
    pidsLimit: value(left(machine.maxPids, PIDS)),
  };
}

/** What is wrong with them for this machine; undefined when nothing is (validateNodeAllocatable). */
export function reservationProblem(machine: Machine, limits: Limits): string | undefined {
  const allocatable = allocatableOf(machine, limits);
  const problems = (['cpu', 'memory', 'ephemeral-storage'] as const)
    .filter((name) => parseQuantity(allocatable[name] as string).nano === 0n)
    .map((name) => {
      const asked = formatQuantity(reserved(limits, name));
      const capacity = capacityOf(machine, limits)[name];
      return `Resource "${name}" has a reservation of ${asked} but capacity of ${capacity}. Expected capacity >= reservation.`;
    });
  return problems.length === 0 ? undefined : `invalid Node Allocatable configuration. ${problems.join(' ')}`;
}

const reserved = ({ kubeReserved, systemReserved }: Limits, name: string): Quantity => {
  const amount = (reservation: Reservation) =>
    reservation[name] === undefined ? ZERO : parseQuantity(reservation[name]);
  return addQuantity(amount(kubeReserved), amount(systemReserved));
};

const positive = (quantity: Quantity): Quantity => (quantity.nano < 0n ? { ...quantity, nano: 0n } : quantity);

const binary = (bytes: number): string => formatQuantity(quantityOf(bytes, 'BinarySI'));
