// The ReplicaSets of a Deployment: finding or making the new one, numbering revisions, scaling, and cleaning up
// (k8s.io/kubernetes pkg/controller/deployment/sync.go).
import { deployments, replicaSets } from '../../api/resources.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../api/types/apps/v1.ts';
import { controllerOf } from '../../apimachinery/meta.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { ControllerContext } from '../../client/controller.ts';
import { controllerRef } from '../controller-ref.ts';
import { isNamespaceTerminating } from '../namespace/terminating.ts';
import { sameValue } from '../same.ts';
import { newReplicaSetAnnotations, REVISION, replicasAnnotations, revisionOf } from './annotations.ts';
import { byCreation, maxSurge, replicasForNew, wantedBy } from './replicas.ts';
import { conditionOf, hasDeadline, hasHistoryLimit, type Revisions, withCondition } from './status.ts';
import { findNew, sameTemplate, TEMPLATE_HASH, templateHash } from './template.ts';

const MAX_NAME = 253;

/** One look at a Deployment. `deployment` is the newest that this look has written, and may be replaced by it. */
export interface Rollout {
  deployment: Deployment;
  readonly owned: readonly ReplicaSet[];
  readonly context: ControllerContext;
}

export async function saveStatus(rollout: Rollout, status: DeploymentStatus): Promise<void> {
  const { deployment, context } = rollout;
  if (sameValue(deployment.status, status)) return;
  rollout.deployment = await context.client.updateStatus(deployments, { ...deployment, status });
}

/** The new ReplicaSet with its revision in order, and the others; `create` makes the new one when it is missing. */
export async function syncRevisions(rollout: Rollout, options: { create: boolean }): Promise<Revisions> {
  const existing = findNew(rollout.deployment, rollout.owned);
  const old = rollout.owned.filter((replicaSet) => replicaSet.metadata.uid !== existing?.metadata.uid);
  const revision = Math.max(0, ...old.map(revisionOf)) + 1;
  if (existing) return { newOne: await updateNew(rollout, existing, revision), old };
  return { newOne: options.create ? await createNew(rollout, old, revision) : undefined, old };
}

async function updateNew(rollout: Rollout, existing: ReplicaSet, revision: number): Promise<ReplicaSet> {
  const { deployment, context } = rollout;
  const annotations = newReplicaSetAnnotations(deployment, existing.metadata.annotations ?? {}, revision);
  const { minReadySeconds } = deployment.spec;
  if (
    !sameValue(annotations, existing.metadata.annotations) ||
    (existing.spec.minReadySeconds ?? 0) !== (minReadySeconds ?? 0)
  ) {
    return context.client.update(replicaSets, {
      ...existing,
      metadata: { ...existing.metadata, annotations },
      spec: { ...existing.spec, minReadySeconds },
    });
  }
  const found = hasDeadline(deployment) && !conditionOf(deployment.status, 'Progressing');
  const message = `Found new replica set "${existing.metadata.name}"`;
  await noteRevision(rollout, annotations[REVISION], found ? { reason: 'FoundNewReplicaSet', message } : undefined);
  return existing;
}

async function createNew(rollout: Rollout, old: readonly ReplicaSet[], revision: number): Promise<ReplicaSet> {
  const { deployment, context } = rollout;
  const wanted = newReplicaSet(deployment, old, revision);
  const name = wanted.metadata.name as string;
  let created: ReplicaSet;
  try {
    created = await context.client.create(replicaSets, wanted);
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) {
      await tellFailure(rollout, name, error);
      throw error;
    }
    const there = await context.client.get(replicaSets, deployment.metadata.namespace, name);
    const ours = controllerOf(there)?.uid === deployment.metadata.uid;
    if (!ours || !sameTemplate(there.spec.template ?? {}, deployment.spec.template)) {
      // Another template has this hash: the next look makes another hash of it.
      const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
      await saveStatus(rollout, { ...deployment.status, collisionCount });
      throw error;
    }
    await noteRevision(rollout, String(revision));
    return there;
  }
  if (wantedBy(created) > 0) tellScaled(rollout, created, 0);
  const message = `Created new replica set "${name}"`;
  const condition = hasDeadline(deployment) ? { reason: 'NewReplicaSetCreated', message } : undefined;
  await noteRevision(rollout, String(revision), condition);
  return created;
}

function newReplicaSet(deployment: Deployment, old: readonly ReplicaSet[], revision: number): ReplicaSet {
  const { name, namespace } = deployment.metadata;
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash };
  const wanted = wantedBy(deployment);
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name?.slice(0, MAX_NAME - 1 - hash.length)}-${hash}`,
      namespace,
      labels,
      annotations: {
        ...newReplicaSetAnnotations(deployment, {}, revision),
        ...replicasAnnotations(wanted, wanted + maxSurge(deployment)),
      },
      ownerReferences: [controllerRef(deployments, deployment)],
    },
    spec: {
      replicas: replicasForNew(deployment, old, 0),
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** Writes the revision, and how the rollout stands when that is new, to the Deployment. */
async function noteRevision(
  rollout: Rollout,
  revision: string | undefined,
  progress?: { reason: string; message: string },
): Promise<void> {
  const { deployment, context } = rollout;
  const { annotations } = deployment.metadata;
  const before = deployment.status ?? {};
  const status = progress
    ? withCondition(before, { type: 'Progressing', status: 'True', ...progress }, context.clock)
    : before;
  if (annotations?.[REVISION] === revision && sameValue(before, status)) return;
  rollout.deployment = await context.client.updateStatus(deployments, {
    ...deployment,
    metadata: {
      ...deployment.metadata,
      annotations: { ...annotations, ...(revision ? { [REVISION]: revision } : {}) },
    },
    status,
  });
}

async function tellFailure(rollout: Rollout, name: string, error: unknown): Promise<void> {
  const { deployment, context } = rollout;
  if (isNamespaceTerminating(error)) return;
  const message = `Failed to create new replica set "${name}": ${(error as Error).message}`;
  context.events.event(deployment, 'Warning', 'ReplicaSetCreateError', message);
  if (!hasDeadline(deployment)) return;
  const condition = { type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message };
  await saveStatus(rollout, withCondition(deployment.status ?? {}, condition, context.clock));
}

function tellScaled({ deployment, context }: Rollout, replicaSet: ReplicaSet, from: number): void {
  const to = wantedBy(replicaSet);
  const message = `Scaled ${from < to ? 'up' : 'down'} replica set ${replicaSet.metadata.name} from ${from} to ${to}`;
  context.events.event(deployment, 'Normal', 'ScalingReplicaSet', message);
}

/** Resolves with the ReplicaSet as it is then. */
export async function scaleTo(rollout: Rollout, replicaSet: ReplicaSet, size: number): Promise<ReplicaSet> {
  const { deployment, context } = rollout;
  const desired = wantedBy(deployment);
  const annotations = {
    ...replicaSet.metadata.annotations,
    ...replicasAnnotations(desired, desired + maxSurge(deployment)),
  };
  const before = wantedBy(replicaSet);
  if (before === size && sameValue(annotations, replicaSet.metadata.annotations)) return replicaSet;
  const scaled = await context.client.update(replicaSets, {
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations },
    spec: { ...replicaSet.spec, replicas: size },
  });
  if (before !== size) tellScaled(rollout, scaled, before);
  return scaled;
}

/** Deletes the oldest of the old ReplicaSets beyond revisionHistoryLimit, if they have nothing any more. */
export async function cleanUp({ deployment, context }: Rollout, old: readonly ReplicaSet[]): Promise<void> {
  if (!hasHistoryLimit(deployment)) return;
  const alive = old
    .filter((replicaSet) => !replicaSet.metadata.deletionTimestamp)
    .toSorted((a, b) => revisionOf(a) - revisionOf(b) || byCreation(a, b));
  const surplus = alive.slice(0, Math.max(0, alive.length - (deployment.spec.revisionHistoryLimit ?? 0)));
  for (const { metadata, spec, status } of surplus) {
    const settled = (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);
    if (status?.replicas !== 0 || spec.replicas !== 0 || !settled) continue;
    try {
      await context.client.delete(replicaSets, metadata.namespace, metadata.name as string);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }
}
