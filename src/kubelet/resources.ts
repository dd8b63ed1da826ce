// Requests and limits as numbers for the runtime (cm/helpers_linux.go), quality of service (component-helpers qos) and
// the score for the kernel's out-of-memory killer (pkg/kubelet/qos/policy.go). Pure.
import type { Container, Pod, PodSpec } from '../api/types/core/v1.ts';
import { milliValue, parseQuantity, value } from '../apimachinery/quantity.ts';
import type { ContainerConfig } from './cri/runtime.ts';
import { specOf } from './pod-record.ts';

export type QosClass = 'BestEffort' | 'Burstable' | 'Guaranteed';

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const QUOTA_PERIOD = 100_000;
const MIN_QUOTA = 1000;

const cpuMilli = (list: Record<string, string> | undefined): number | undefined =>
  list?.cpu === undefined ? undefined : milliValue(parseQuantity(list.cpu));
const bytes = (list: Record<string, string> | undefined, name: string): number | undefined =>
  list?.[name] === undefined ? undefined : value(parseQuantity(list[name]));

export const sharesOf = (milliCpu: number): number =>
  milliCpu === 0 ? MIN_SHARES : Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((milliCpu * 1024) / 1000)));

export const quotaOf = (milliCpu: number): number | undefined =>
  milliCpu === 0 ? undefined : Math.max(MIN_QUOTA, Math.floor((milliCpu * QUOTA_PERIOD) / 1000));

export function runtimeResources(
  container: Container,
  pod: Pod,
  nodeMemoryBytes: number,
): ContainerConfig['resources'] {
  const { requests, limits } = container.resources ?? {};
  const cpuLimit = cpuMilli(limits);
  const cpuRequest = cpuMilli(requests) ?? cpuLimit ?? 0;
  const quota = cpuLimit === undefined ? undefined : quotaOf(cpuLimit);
  const memory = bytes(limits, 'memory');
  return {
    cpuShares: sharesOf(cpuRequest),
    ...(quota === undefined ? {} : { cpuQuota: quota }),
    ...(memory === undefined ? {} : { memoryLimitBytes: memory }),
    oomScoreAdj: oomScoreAdj(container, pod, nodeMemoryBytes),
  };
}

/** Guaranteed: -997, best effort: 1000, in between the less the more memory is asked for. */
export function oomScoreAdj(container: Container, pod: Pod, nodeMemoryBytes: number): number {
  const spec = specOf(pod);
  // system-node-critical and system-cluster-critical
  if ((spec.priority ?? 0) >= 2_000_001_000) return -997;
  const qos = qosClass(spec);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const request = bytes(container.resources?.requests, 'memory') ?? 0;
  const score = 1000 - Math.floor((1000 * request) / nodeMemoryBytes);
  return Math.min(999, Math.max(3, score));
}

export function qosClass(spec: PodSpec): QosClass {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const asked = (list: Record<string, string> | undefined, name: 'cpu' | 'memory') => {
    const text = list?.[name];
    const amount = text === undefined ? 0n : parseQuantity(text).nano;
    return amount === 0n ? undefined : amount;
  };
  let any = false;
  let guaranteed = true;
  for (const { resources } of containers) {
    for (const name of ['cpu', 'memory'] as const) {
      const limit = asked(resources?.limits, name);
      const request = asked(resources?.requests, name) ?? limit;
      if (request !== undefined || limit !== undefined) any = true;
      if (limit === undefined || request !== limit) guaranteed = false;
    }
  }
  return !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable';
}
