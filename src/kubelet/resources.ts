// Requests and limits as numbers for the runtime (kuberuntime_container_linux.go) and for the control group of the
// whole pod (cm/helpers_linux.go, ResourceConfigForPod). Pure.
import { qosClass } from '../api/core/qos.ts';
import { hasPodLevelResources, podLimits, podRequests } from '../api/quota/pod-resources.ts';
import type { Container, Pod } from '../api/types/core/v1.ts';
import { milliValue, parseQuantity, type Quantity, value, ZERO } from '../apimachinery/quantity.ts';
import { type CgroupSettings, CPU_PERIOD } from './cgroups/settings.ts';
import type { ContainerResources } from './cri/runtime.ts';
import { oomScoreAdj } from './oom-score.ts';
import { isSidecar, specOf } from './pod-record.ts';

export const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const MIN_QUOTA = 1000;

type Amount = 'cpu' | 'memory';
type Texts = Readonly<Record<string, string>> | undefined;

export const sharesOf = (milliCpu: number): number =>
  milliCpu === 0 ? MIN_SHARES : Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((milliCpu * 1024) / 1000)));

export const quotaOf = (milliCpu: number): number | undefined =>
  milliCpu === 0 ? undefined : Math.max(MIN_QUOTA, Math.floor((milliCpu * CPU_PERIOD) / 1000));

export function runtimeResources(container: Container, pod: Pod, nodeMemoryBytes: number): ContainerResources {
  const request = quantityOf(container.resources?.requests, 'cpu');
  const cpuLimit = limitOf(container, pod, 'cpu');
  const quota = cpuLimit && quotaOf(milliValue(cpuLimit));
  const memory = limitOf(container, pod, 'memory');
  return {
    cpuShares: sharesOf(milliValue(request ?? cpuLimit ?? ZERO)),
    ...(quota === undefined ? {} : { cpuQuota: quota }),
    ...(memory === undefined ? {} : { memoryLimitBytes: value(memory) }),
    oomScoreAdj: oomScoreAdj(container, pod, nodeMemoryBytes),
  };
}

/** A container without a limit has that of its pod, if there is one. */
function limitOf({ resources }: Container, pod: Pod, name: Amount): Quantity | undefined {
  const own = quantityOf(resources?.limits, name);
  const limit = own ?? (hasPodLevelResources(pod) ? quantityOf(specOf(pod).resources?.limits, name) : undefined);
  return limit && limit.nano > 0n ? limit : undefined;
}

/** What the pod's control group is set to; `pidsLimit` of the node's settings, -1 for none. */
export function podCgroupSettings(pod: Pod, { pidsLimit }: { pidsLimit: number }): CgroupSettings {
  const { status: _, ...wanted } = pod; // what the spec says, not what runs
  const spec = specOf(pod);
  const qos = qosClass(spec);
  const pids = pidsLimit > 0 ? { pidsLimit } : {};
  if (qos === 'BestEffort') return { cpuShares: MIN_SHARES, ...pids };
  const requests = podRequests(wanted);
  const limits = podLimits(wanted);
  // Only where every container has a limit does the pod have one.
  const isLimited = (name: Amount) =>
    qos === 'Guaranteed' ||
    (hasPodLevelResources(pod) && isAsked(spec.resources?.limits, name)) ||
    isLimitedByContainers(pod, name);
  const quota = isLimited('cpu') ? quotaOf(milliValue(limits.get('cpu') ?? ZERO)) : undefined;
  const memory = isLimited('memory') ? value(limits.get('memory') ?? ZERO) : 0;
  return {
    cpuShares: sharesOf(milliValue(requests.get('cpu') ?? ZERO)),
    ...(quota === undefined ? {} : { cpuQuota: quota }),
    ...(memory > 0 ? { memoryLimitBytes: memory } : {}),
    ...pids,
  };
}

/** Upstream sums an init container with the sidecars started before it, and so counts it as limited as any of them. */
function isLimitedByContainers(pod: Pod, name: Amount): boolean {
  const { containers, initContainers = [] } = specOf(pod);
  const isLimited = ({ resources }: Container) => isAsked(resources?.limits, name);
  const sidecar = initContainers.findIndex((one) => isSidecar(one) && isLimited(one));
  return (
    containers.every(isLimited) &&
    initContainers.every((one, index) => isLimited(one) || (sidecar !== -1 && sidecar < index))
  );
}

const quantityOf = (list: Texts, name: Amount): Quantity | undefined =>
  list?.[name] === undefined ? undefined : parseQuantity(list[name]);

const isAsked = (list: Texts, name: Amount): boolean => (quantityOf(list, name)?.nano ?? 0n) > 0n;
