// One step of a rollout (RollingUpdate, Recreate) and of scaling
// (k8s.io/kubernetes pkg/controller/deployment/{rolling,recreate,sync}.go).
import { pods } from '../../api/resources.ts';
import type { ReplicaSet } from '../../api/types/apps/v1.ts';
import { controlledBy } from '../controller-ref.ts';
import { isFinished } from '../pod-state.ts';
import { DESIRED_REPLICAS, numberAnnotation } from './annotations.ts';
import { cleanUp, type Rollout, saveStatus, scaleTo, syncRevisions } from './replica-sets.ts';
import {
  activeOnes,
  availableOf,
  byCreation,
  isRolling,
  maxUnavailable,
  proportionalSizes,
  replicasForNew,
  sum,
  wantedBy,
  wantedByAll,
} from './replicas.ts';
import { allOf, countedStatus, isComplete, type Revisions, rolloutStatus } from './status.ts';

/** Up with the new as far as surge allows, else down with the old as far as availability allows. */
export async function rollRolling(rollout: Rollout): Promise<void> {
  const revisions = await syncRevisions(rollout, { create: true });
  const newOne = revisions.newOne as ReplicaSet;
  const wanted = wantedBy(rollout.deployment);
  const current = wantedBy(newOne);
  const target = current > wanted ? wanted : replicasForNew(rollout.deployment, allOf(revisions), current);
  if (target !== current) await scaleTo(rollout, newOne, target);
  else if (
    !(await scaleDownOld(rollout, { ...revisions, newOne })) &&
    isComplete(rollout.deployment, rollout.deployment.status)
  ) {
    await cleanUp(rollout, revisions.old);
  }
  await saveRollout(rollout, revisions);
}

/** True when something was scaled. */
async function scaleDownOld(
  rollout: Rollout,
  { newOne, old }: { newOne: ReplicaSet; old: readonly ReplicaSet[] },
): Promise<boolean> {
  const active = activeOnes(old).toSorted(byCreation);
  if (active.length === 0) return false;
  const minAvailable = wantedBy(rollout.deployment) - maxUnavailable(rollout.deployment);
  const notYetThere = wantedBy(newOne) - availableOf(newOne);
  const room = wantedByAll([...active, newOne]) - minAvailable - notYetThere;
  if (room <= 0) return false;

  // Unhealthy ones first: they hold up the rollout and serve nobody (#16737).
  let cleaned = 0;
  const left: ReplicaSet[] = [];
  for (const replicaSet of active) {
    const unhealthy = Math.max(0, Math.min(room - cleaned, wantedBy(replicaSet) - availableOf(replicaSet)));
    left.push(unhealthy > 0 ? await scaleTo(rollout, replicaSet, wantedBy(replicaSet) - unhealthy) : replicaSet);
    cleaned += unhealthy;
  }

  let spare = Math.max(0, sum([...left, newOne], availableOf) - minAvailable);
  let scaledDown = 0;
  for (const replicaSet of left) {
    const count = Math.min(wantedBy(replicaSet), spare);
    if (count === 0) continue;
    await scaleTo(rollout, replicaSet, wantedBy(replicaSet) - count);
    spare -= count;
    scaledDown += count;
  }
  return cleaned + scaledDown > 0;
}

/** The new starts only when nothing of the old runs. */
export async function rollRecreate(rollout: Rollout): Promise<void> {
  let revisions = await syncRevisions(rollout, { create: false });
  const active = activeOnes(revisions.old);
  for (const replicaSet of active) await scaleTo(rollout, replicaSet, 0);
  if (active.length === 0 && !oldOnesRun(rollout, revisions)) {
    if (!revisions.newOne) revisions = await syncRevisions(rollout, { create: true });
    const newOne = revisions.newOne as ReplicaSet;
    if (wantedBy(newOne) !== wantedBy(rollout.deployment)) {
      await scaleTo(rollout, newOne, wantedBy(rollout.deployment));
    }
    if (isComplete(rollout.deployment, rollout.deployment.status)) await cleanUp(rollout, revisions.old);
  }
  await saveRollout(rollout, revisions);
}

function oldOnesRun({ context }: Rollout, { old }: Revisions): boolean {
  const informer = context.informers.for(pods);
  return old.some(
    (replicaSet) =>
      (replicaSet.status?.replicas ?? 0) > 0 || controlledBy(informer, replicaSet).some((pod) => !isFinished(pod)),
  );
}

/** Whether the Deployment was scaled since its ReplicaSets were last sized. */
export async function isScaling(rollout: Rollout): Promise<boolean> {
  const active = activeOnes(allOf(await syncRevisions(rollout, { create: false })));
  return active.some((replicaSet) => {
    const desired = numberAnnotation(replicaSet, DESIRED_REPLICAS);
    return desired !== undefined && desired !== wantedBy(rollout.deployment);
  });
}

/** Scaling, and all that a paused Deployment does. */
export async function scaleOnly(rollout: Rollout): Promise<void> {
  const revisions = await syncRevisions(rollout, { create: false });
  await scaleAll(rollout, revisions);
  if (rollout.deployment.spec.paused) await cleanUp(rollout, revisions.old);
  await saveStatus(rollout, countedStatus(rollout.deployment, revisions, rollout.context.clock));
}

async function scaleAll(rollout: Rollout, { newOne, old }: Revisions): Promise<void> {
  const wanted = wantedBy(rollout.deployment);
  const active = activeOnes(allOf({ newOne, old }));
  if (active.length <= 1) {
    const only = active[0] ?? newOne ?? old.toSorted(byCreation).at(-1);
    if (only && wantedBy(only) !== wanted) await scaleTo(rollout, only, wanted);
  } else if (newOne && isSaturated(newOne, wanted)) {
    for (const replicaSet of activeOnes(old)) await scaleTo(rollout, replicaSet, 0);
  } else if (isRolling(rollout.deployment)) {
    for (const [replicaSet, size] of proportionalSizes(rollout.deployment, active)) {
      await scaleTo(rollout, replicaSet, size);
    }
  }
}

const isSaturated = (replicaSet: ReplicaSet, wanted: number): boolean =>
  wantedBy(replicaSet) === wanted &&
  numberAnnotation(replicaSet, DESIRED_REPLICAS) === wanted &&
  availableOf(replicaSet) === wanted;

/** Only counts; for a Deployment that is being deleted. */
export async function countOnly(rollout: Rollout): Promise<void> {
  const revisions = await syncRevisions(rollout, { create: false });
  await saveStatus(rollout, countedStatus(rollout.deployment, revisions, rollout.context.clock));
}

const saveRollout = (rollout: Rollout, revisions: Revisions): Promise<void> =>
  saveStatus(rollout, rolloutStatus(rollout.deployment, revisions, rollout.context.clock));
