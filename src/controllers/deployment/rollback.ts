// The rollback that old clients ask for with an annotation (k8s.io/kubernetes pkg/controller/deployment/rollback.go).
// kubectl rollout undo does without it: it patches the template itself.
import { deployments } from '../../api/resources.ts';
import type { Deployment, ReplicaSet } from '../../api/types/apps/v1.ts';
import { own, ROLLBACK_TO, revisionOf, shared } from './annotations.ts';
import type { Rollout } from './replica-sets.ts';
import { sameTemplate, withoutHash } from './template.ts';

/** The revision asked for; 0 is the one before the present; undefined: none. */
export function rollbackWanted(deployment: Deployment): number | undefined {
  const text = deployment.metadata.annotations?.[ROLLBACK_TO];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

export async function rollBack(rollout: Rollout, wanted: number): Promise<void> {
  const { deployment, owned, context } = rollout;
  const { events } = context;
  const revisions = owned.map(revisionOf).toSorted((a, b) => b - a);
  const revision = wanted || (revisions[1] ?? 0);
  const target = revision > 0 ? owned.find((replicaSet) => revisionOf(replicaSet) === revision) : undefined;
  const name = deployment.metadata.name;
  if (!target) {
    const message = revision === 0 ? 'Unable to find last revision.' : 'Unable to find the revision to rollback to.';
    events.event(deployment, 'Warning', 'DeploymentRollbackRevisionNotFound', message);
    await save(deployment);
  } else if (sameTemplate(target.spec.template ?? {}, deployment.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment "${name}"`;
    events.event(deployment, 'Warning', 'DeploymentRollbackTemplateUnchanged', message);
    await save(deployment);
  } else {
    await save(withTemplateOf(deployment, target));
    const message = `Rolled back deployment "${name}" to revision ${revision}`;
    events.event(deployment, 'Normal', 'DeploymentRollback', message);
  }

  /** Asked once, done once. */
  async function save(next: Deployment): Promise<void> {
    const { [ROLLBACK_TO]: _, ...annotations } = next.metadata.annotations ?? {};
    rollout.deployment = await context.client.update(deployments, {
      ...next,
      metadata: { ...next.metadata, annotations },
    });
  }
}

/** The annotations come back with the template (a change-cause belongs to its revision). */
const withTemplateOf = (deployment: Deployment, target: ReplicaSet): Deployment => ({
  ...deployment,
  metadata: {
    ...deployment.metadata,
    annotations: { ...own(deployment.metadata.annotations), ...shared(target.metadata.annotations) },
  },
  spec: { ...deployment.spec, template: withoutHash(target.spec.template ?? {}) },
});
