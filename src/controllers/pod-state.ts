// What controllers ask about Pods, and the order in which a scale-down picks them
// (k8s.io/kubernetes pkg/controller/controller_utils.go, pkg/api/v1/pod/util.go).
import type { Pod, PodCondition } from '../api/types/core/v1.ts';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

export const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

export const isActive = (pod: Pod): boolean => !isFinished(pod) && !pod.metadata.deletionTimestamp;

export const isTerminating = (pod: Pod): boolean => !isFinished(pod) && pod.metadata.deletionTimestamp !== undefined;

const readyCondition = (pod: Pod): PodCondition | undefined =>
  pod.status?.conditions?.find((condition) => condition.type === 'Ready');

export const isReady = (pod: Pod): boolean => readyCondition(pod)?.status === 'True';

/** Milliseconds until a ready pod counts as available (0: it does), or undefined when it is not ready. */
export function untilAvailable(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const since = readyCondition(pod)?.lastTransitionTime;
  return since ? Math.max(0, Date.parse(since) + minReadySeconds * 1000 - now) : undefined;
}

/** Of several pods those to delete first come first; `related` are all pods of the same Deployment. */
export function inDeletionOrder(pods: readonly Pod[], related: readonly Pod[], now: number): Pod[] {
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName ?? '';
    if (isActive(pod)) onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const crowd = (pod: Pod) => onNode.get(pod.spec?.nodeName ?? '') ?? 0;
  return pods.toSorted(
    (a, b) =>
      Number(!!a.spec?.nodeName) - Number(!!b.spec?.nodeName) ||
      phaseRank(a) - phaseRank(b) ||
      Number(isReady(a)) - Number(isReady(b)) ||
      deletionCost(a) - deletionCost(b) ||
      crowd(b) - crowd(a) ||
      (isReady(a) ? youngerFirst(a, b, readySince, now) : 0) ||
      restarts(b) - restarts(a) ||
      youngerFirst(a, b, (pod) => pod.metadata.creationTimestamp, now),
  );
}

const phaseRank = (pod: Pod): number => ({ Pending: 0, Unknown: 1, Running: 2 })[pod.status?.phase as string] ?? 0;

const deletionCost = (pod: Pod): number => Number(pod.metadata.annotations?.[DELETION_COST] ?? 0) || 0;

const readySince = (pod: Pod): string | undefined => readyCondition(pod)?.lastTransitionTime;

const restarts = (pod: Pod): number =>
  Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount ?? 0));

/** Ages count by their order of magnitude, within one the uid decides: picks are spread (KEP-2185). */
function youngerFirst(a: Pod, b: Pod, timeOf: (pod: Pod) => string | undefined, now: number): number {
  const [timeA, timeB] = [timeOf(a), timeOf(b)];
  if (timeA === timeB) return 0;
  if (!timeA || !timeB) return timeA ? 1 : -1;
  const magnitude = (time: string) => Math.floor(Math.log2(Math.max(1, (now - Date.parse(time)) * 1e6)));
  return magnitude(timeA) - magnitude(timeB) || ((a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1);
}
