// The status of a Deployment: counts, Available, and whether the rollout moves
// (k8s.io/kubernetes pkg/controller/deployment/{sync,progress}.go). Pure.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/types/apps/v1.ts';
import { type Clock, timestamp } from '../../clock.ts';
import { availableOf, maxUnavailable, sum, wantedBy, wantedByAll } from './replicas.ts';

const UNLIMITED = 2 ** 31 - 1;

export interface Revisions {
  newOne: ReplicaSet | undefined;
  old: readonly ReplicaSet[];
}

export const allOf = ({ newOne, old }: Revisions): ReplicaSet[] => (newOne ? [...old, newOne] : [...old]);

export const hasDeadline = ({ spec }: Deployment): boolean =>
  spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== UNLIMITED;

export const hasHistoryLimit = ({ spec }: Deployment): boolean =>
  spec.revisionHistoryLimit !== undefined && spec.revisionHistoryLimit !== UNLIMITED;

export const conditionOf = (status: DeploymentStatus | undefined, type: string): DeploymentCondition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

const without = (status: DeploymentStatus, type: string): DeploymentStatus => ({
  ...status,
  conditions: status.conditions?.filter((condition) => condition.type !== type),
});

/** Status and reason decide whether something changed; the transition time only moves with the status. */
export function withCondition(
  status: DeploymentStatus,
  wanted: Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>,
  clock: Clock,
): DeploymentStatus {
  const current = conditionOf(status, wanted.type);
  if (current?.status === wanted.status && current?.reason === wanted.reason) return status;
  const now = timestamp(clock);
  const lastTransitionTime = current?.status === wanted.status ? current?.lastTransitionTime : now;
  const condition = { ...wanted, lastUpdateTime: now, lastTransitionTime };
  return { ...status, conditions: [...(without(status, wanted.type).conditions ?? []), condition] };
}

/** Whether all that is wanted runs in its new form and nothing else does. */
export const isComplete = (deployment: Deployment, status: DeploymentStatus | undefined): boolean =>
  (status?.updatedReplicas ?? 0) === wantedBy(deployment) &&
  (status?.replicas ?? 0) === wantedBy(deployment) &&
  (status?.availableReplicas ?? 0) === wantedBy(deployment) &&
  (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);

export function countedStatus(deployment: Deployment, revisions: Revisions, clock: Clock): DeploymentStatus {
  const all = allOf(revisions);
  const available = sum(all, availableOf);
  const reporting = all.filter((replicaSet) => replicaSet.status?.observedGeneration);
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata.generation,
    replicas: sum(all, (replicaSet) => replicaSet.status?.replicas),
    updatedReplicas: revisions.newOne?.status?.replicas ?? 0,
    readyReplicas: sum(all, (replicaSet) => replicaSet.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wantedByAll(all) - available),
    ...(reporting.every((replicaSet) => replicaSet.status?.terminatingReplicas !== undefined)
      ? { terminatingReplicas: sum(reporting, (replicaSet) => replicaSet.status?.terminatingReplicas) }
      : {}),
    ...(deployment.status?.collisionCount === undefined ? {} : { collisionCount: deployment.status.collisionCount }),
    conditions: deployment.status?.conditions,
  };
  const enough = available >= wantedBy(deployment) - maxUnavailable(deployment);
  return withCondition(
    status,
    enough
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    clock,
  );
}

/** The counted status, with what it says about the progress of the rollout. */
export function rolloutStatus(deployment: Deployment, revisions: Revisions, clock: Clock): DeploymentStatus {
  let status = countedStatus(deployment, revisions, clock);
  if (!hasDeadline(deployment)) status = without(status, 'Progressing');
  const current = conditionOf(deployment.status, 'Progressing');
  const settled = status.replicas === status.updatedReplicas && current?.reason === 'NewReplicaSetAvailable';
  if (hasDeadline(deployment) && !settled) status = withProgress(deployment, status, revisions, clock);
  const failure = replicaFailure(revisions);
  return failure ? withCondition(status, failure, clock) : without(status, 'ReplicaFailure');
}

function withProgress(d: Deployment, status: DeploymentStatus, { newOne }: Revisions, clock: Clock): DeploymentStatus {
  const what = newOne ? `ReplicaSet "${newOne.metadata.name}"` : `Deployment "${d.metadata.name}"`;
  const progressing = { type: 'Progressing', status: 'True' };
  if (isComplete(d, status)) {
    const message = `${what} has successfully progressed.`;
    return withCondition(status, { ...progressing, reason: 'NewReplicaSetAvailable', message }, clock);
  }
  const current = conditionOf(d.status, 'Progressing');
  if (hasMoved(d.status ?? {}, status)) {
    // Replaced even when nothing but its time changes: the deadline counts from the last movement.
    const now = timestamp(clock);
    const lastTransitionTime = current?.status === 'True' ? current.lastTransitionTime : now;
    const condition = {
      ...progressing,
      reason: 'ReplicaSetUpdated',
      message: `${what} is progressing.`,
      lastUpdateTime: now,
      lastTransitionTime,
    };
    return { ...status, conditions: [...(without(status, 'Progressing').conditions ?? []), condition] };
  }
  if (!hasTimedOut(d, current, clock)) return status;
  const message = `${what} has timed out progressing.`;
  const timedOut = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message };
  return withCondition(status, timedOut, clock);
}

function hasMoved(old: DeploymentStatus, fresh: DeploymentStatus): boolean {
  const outdated = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  const grew = (key: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas') => (fresh[key] ?? 0) > (old[key] ?? 0);
  return (
    grew('updatedReplicas') || outdated(fresh) < outdated(old) || grew('readyReplicas') || grew('availableReplicas')
  );
}

function hasTimedOut(deployment: Deployment, condition: DeploymentCondition | undefined, clock: Clock): boolean {
  if (!condition || condition.reason === 'NewReplicaSetAvailable') return false;
  return condition.reason === 'ProgressDeadlineExceeded' || deadlineOf(deployment, condition) < clock.now();
}

const deadlineOf = (deployment: Deployment, condition: DeploymentCondition): number =>
  Date.parse(condition.lastUpdateTime ?? '') + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000;

/** Milliseconds after which a rollout that does not move has to be looked at again. */
export function untilDeadline(deployment: Deployment, status: DeploymentStatus, clock: Clock): number | undefined {
  const condition = conditionOf(status, 'Progressing');
  if (!hasDeadline(deployment) || !condition || isComplete(deployment, status)) return undefined;
  if (condition.reason === 'ProgressDeadlineExceeded' || condition.reason === 'NewReplicaSetAvailable')
    return undefined;
  return Math.max(0, deadlineOf(deployment, condition) - clock.now()) + 1000;
}

/** The new ReplicaSet's failure, else any of the old ones'. */
function replicaFailure(revisions: Revisions): DeploymentCondition | undefined {
  const ordered = [...(revisions.newOne ? [revisions.newOne] : []), ...revisions.old];
  for (const replicaSet of ordered) {
    const found = replicaSet.status?.conditions?.find((condition) => condition.type === 'ReplicaFailure');
    if (found) return found;
  }
  return undefined;
}
