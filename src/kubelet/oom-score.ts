// The score for the kernel's out-of-memory killer (pkg/kubelet/qos/policy.go). Pure.
import { qosClass } from '../api/core/qos.ts';
import { podRequests } from '../api/quota/pod-resources.ts';
import type { Container, Pod } from '../api/types/core/v1.ts';
import { parseQuantity, value, ZERO } from '../apimachinery/quantity.ts';
import { isNodeCritical } from './critical-pods.ts';
import { isSidecar, specOf } from './pod-record.ts';

const GUARANTEED = -997;
const BEST_EFFORT = 1000;

/** Guaranteed: -997, best effort: 1000, in between the less the more memory is asked for. */
export function oomScoreAdj(container: Container, pod: Pod, nodeMemoryBytes: number): number {
  if (isNodeCritical(pod)) return GUARANTEED;
  const spec = specOf(pod);
  const qos = qosClass(spec);
  if (qos === 'Guaranteed') return GUARANTEED;
  if (qos === 'BestEffort') return BEST_EFFORT;
  const score = (bytes: number) => 1000 - Math.floor((1000 * (bytes + shareOfPod(pod))) / nodeMemoryBytes);
  const own = score(requestOf(container));
  // A sidecar goes no earlier than any container that it serves.
  const serves = isSidecar(container) && (spec.initContainers ?? []).some(({ name }) => name === container.name);
  const least = serves ? Math.min(own, score(Math.min(...spec.containers.map(requestOf)))) : own;
  return Math.min(BEST_EFFORT - 1, Math.max(1000 + GUARANTEED, least));
}

/** Of the memory that the pod asks for beside its containers, an equal part for each. */
function shareOfPod(pod: Pod): number {
  const { resources, containers, initContainers = [] } = specOf(pod);
  const asked = memoryOf(resources?.requests);
  if (asked === 0) return 0;
  const { overhead: _, resources: __, ...rest } = specOf(pod);
  const ofContainers = value(podRequests({ metadata: {}, spec: rest } as Pod).get('memory') ?? ZERO);
  return Math.floor(Math.max(0, asked - ofContainers) / (containers.length + initContainers.length));
}

const requestOf = ({ resources }: Container): number => memoryOf(resources?.requests);

const memoryOf = (list: Record<string, string> | undefined): number =>
  list?.memory === undefined ? 0 : value(parseQuantity(list.memory));
