// Which resources a pod has been given on this node, as against those that its spec asks for
// (pkg/kubelet/allocation). Pure.
import { isDeepStrictEqual } from 'node:util';
import type { Container, Pod, ResourceRequirements } from '../../api/types/core/v1.ts';
import { milliValue, parseQuantity, value } from '../../apimachinery/quantity.ts';
import { isSidecar, specOf } from '../pod-record.ts';

export interface Allocation {
  /** Of containers and sidecars, by name. */
  containers: Readonly<Record<string, ResourceRequirements>>;
  /** Of the pod itself. */
  pod?: ResourceRequirements;
}

/** What can be changed of a container; 0 for no limit. Limits are the pod's own where a container has none. */
export interface ContainerAmounts {
  cpuRequest: number;
  cpuLimit: number;
  memoryRequest: number;
  memoryLimit: number;
}

export const resizable = (pod: Pod): Container[] => [
  ...(specOf(pod).initContainers ?? []).filter(isSidecar),
  ...specOf(pod).containers,
];

export function allocationOf(pod: Pod): Allocation {
  const { resources } = specOf(pod);
  return {
    containers: Object.fromEntries(resizable(pod).map((c) => [c.name, c.resources ?? {}])),
    ...(resources ? { pod: resources } : {}),
  };
}

/** The pod as this node runs it; the same object when nothing differs. */
export function withAllocation(pod: Pod, allocation: Allocation): Pod {
  if (isDeepStrictEqual(allocationOf(pod), allocation)) return pod;
  const spec = specOf(pod);
  const given = (container: Container): Container => {
    const resources = allocation.containers[container.name];
    return resources ? { ...container, resources } : container;
  };
  const { resources: _, ...rest } = spec;
  return {
    ...pod,
    spec: {
      ...rest,
      ...(allocation.pod ? { resources: allocation.pod } : {}),
      containers: spec.containers.map(given),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map((c) => (isSidecar(c) ? given(c) : c)) } : {}),
    },
  };
}

export function containerAmounts(
  own: ResourceRequirements | undefined,
  pod: ResourceRequirements | undefined,
): ContainerAmounts {
  const limit = (name: 'cpu' | 'memory') => own?.limits?.[name] ?? pod?.limits?.[name];
  const milli = (text: string | undefined) => (text === undefined ? 0 : milliValue(parseQuantity(text)));
  const bytes = (text: string | undefined) => (text === undefined ? 0 : value(parseQuantity(text)));
  return {
    cpuRequest: milli(own?.requests?.cpu),
    cpuLimit: milli(limit('cpu')),
    memoryRequest: bytes(own?.requests?.memory),
    memoryLimit: bytes(limit('memory')),
  };
}
