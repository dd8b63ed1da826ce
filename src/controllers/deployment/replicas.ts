// The arithmetic of rollouts: how many replicas may be too many or missing, and how a change is spread
// (k8s.io/kubernetes pkg/controller/deployment/util/deployment_util.go). Pure.
import type { Deployment, ReplicaSet } from '../../api/types/apps/v1.ts';
import { MAX_REPLICAS, numberAnnotation } from './annotations.ts';

export const wantedBy = (object: Deployment | ReplicaSet): number => object.spec.replicas ?? 1;

export const sum = (
  replicaSets: readonly ReplicaSet[],
  count: (replicaSet: ReplicaSet) => number | undefined,
): number => replicaSets.reduce((total, replicaSet) => total + (count(replicaSet) ?? 0), 0);

export const wantedByAll = (replicaSets: readonly ReplicaSet[]): number => sum(replicaSets, wantedBy);

export const availableOf = (replicaSet: ReplicaSet): number => replicaSet.status?.availableReplicas ?? 0;

export const activeOnes = (replicaSets: readonly ReplicaSet[]): ReplicaSet[] =>
  replicaSets.filter((replicaSet) => wantedBy(replicaSet) > 0);

export const isRolling = (deployment: Deployment): boolean => deployment.spec.strategy?.type !== 'Recreate';

/** '25%' of a total, or the number itself. */
function scaled(value: number | string | undefined, total: number, round: (n: number) => number): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  return round((Number.parseInt(value, 10) * total) / 100);
}

/** Surge is rounded up, unavailable down; both zero would never move, so one may then be missing. */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  if (!isRolling(deployment)) return { surge: 0, unavailable: 0 };
  const { maxSurge, maxUnavailable } = deployment.spec.strategy?.rollingUpdate ?? {};
  const wanted = wantedBy(deployment);
  const surge = scaled(maxSurge, wanted, Math.ceil);
  const unavailable = scaled(maxUnavailable, wanted, Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

export const maxSurge = (deployment: Deployment): number => fenceposts(deployment).surge;

export const maxUnavailable = (deployment: Deployment): number =>
  Math.min(fenceposts(deployment).unavailable, wantedBy(deployment));

/** What the new ReplicaSet may have now that `all` have what they have. */
export function replicasForNew(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const wanted = wantedBy(deployment);
  if (!isRolling(deployment)) return wanted;
  const room = wanted + maxSurge(deployment) - wantedByAll(all);
  return room <= 0 ? current : current + Math.min(room, wanted - current);
}

/** How the change from the present sizes to the allowed total is spread: by size, the rest to the largest. */
export function proportionalSizes(deployment: Deployment, active: readonly ReplicaSet[]): Map<ReplicaSet, number> {
  const wanted = wantedBy(deployment);
  const toAdd = (wanted > 0 ? wanted + maxSurge(deployment) : 0) - wantedByAll(active);
  const newer = (a: ReplicaSet, b: ReplicaSet) => byCreation(b, a);
  const ordered = active.toSorted((a, b) => wantedBy(b) - wantedBy(a) || (toAdd > 0 ? newer(a, b) : byCreation(a, b)));
  const sizes = new Map(ordered.map((replicaSet) => [replicaSet, wantedBy(replicaSet)]));
  let added = 0;
  for (const replicaSet of ordered) {
    const left = toAdd - added;
    const fraction = fractionOf(replicaSet, deployment);
    const share = toAdd > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
    if (left === 0) break;
    sizes.set(replicaSet, wantedBy(replicaSet) + share);
    added += share;
  }
  const largest = ordered[0];
  if (largest) sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + toAdd - added));
  return sizes;
}

/** The change of one ReplicaSet if all grew or shrank alike; the annotation tells the total before. */
function fractionOf(replicaSet: ReplicaSet, deployment: Deployment): number {
  const size = wantedBy(replicaSet);
  if (wantedBy(deployment) === 0) return -size;
  const before = numberAnnotation(replicaSet, MAX_REPLICAS) || deployment.status?.replicas || 0;
  if (before === 0) return 0;
  return Math.round((size * (wantedBy(deployment) + maxSurge(deployment))) / before) - size;
}

export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const [timeA, timeB] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (timeA !== timeB) return timeA < timeB ? -1 : 1;
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}
