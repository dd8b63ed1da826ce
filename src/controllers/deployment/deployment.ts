// Rolls a Deployment's template out over ReplicaSets (k8s.io/kubernetes pkg/controller/deployment). Each reconcile
// is one step; what the step changes brings the next one.
import { deployments, pods, replicaSets } from '../../api/resources.ts';
import type { Deployment, ReplicaSet } from '../../api/types/apps/v1.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import { labelSelectorOf, matchesLabelSelector } from '../../apimachinery/labels.ts';
import { controllerOf } from '../../apimachinery/meta.ts';
import { type Controller, type ControllerContext, watchOf } from '../../client/controller.ts';
import { keyOf, splitKey } from '../../client/indexed-store.ts';
import { claim, controlledBy, indexByController, orphansIn } from '../controller-ref.ts';
import { isFinished } from '../pod-state.ts';
import type { Rollout } from './replica-sets.ts';
import { saveStatus } from './replica-sets.ts';
import { rollBack, rollbackWanted } from './rollback.ts';
import { countOnly, isScaling, rollRecreate, rollRolling, scaleOnly } from './rollout.ts';
import { conditionOf, hasDeadline, untilDeadline, withCondition } from './status.ts';

export const deploymentController = (): Controller => ({
  name: 'deployment-controller',
  watches: [
    watchOf({ resource: deployments, toKeys: (deployment) => [keyOf(deployment)] }),
    watchOf({
      resource: replicaSets,
      toKeys: (replicaSet, context, old) => [
        ...new Set([...deploymentsOf(replicaSet, context), ...(old ? ownerKeys(old) : [])]),
      ],
    }),
    watchOf({ resource: pods, toKeys: recreateKeys }),
  ],

  setup({ informers }) {
    indexByController(informers.for(replicaSets));
    indexByController(informers.for(pods));
  },

  async reconcile(key, context) {
    const { client, informers, events, clock } = context;
    const { namespace, name } = splitKey(key);
    const deployment = informers.for(deployments).lister.get(namespace, name);
    if (!deployment) return undefined;
    const selector = labelSelectorOf(deployment.spec.selector);
    if (!selector || selector.requirements.length === 0) {
      const message = 'This deployment is selecting all pods. A non-empty selector is required.';
      events.event(deployment, 'Warning', 'SelectingAll', message);
      return undefined;
    }
    const informer = informers.for(replicaSets);
    const candidates = [...controlledBy(informer, deployment), ...orphansIn(informer, namespace ?? '')];
    const owned = await claim(candidates, {
      client,
      ownerType: deployments,
      owner: deployment,
      type: replicaSets,
      selector,
    });
    const rollout: Rollout = { deployment, owned, context };
    await step(rollout);
    const requeueAfter = untilDeadline(rollout.deployment, rollout.deployment.status ?? {}, clock);
    return requeueAfter === undefined ? undefined : { requeueAfter };
  },
});

async function step(rollout: Rollout): Promise<void> {
  if (rollout.deployment.metadata.deletionTimestamp) return countOnly(rollout);
  await notePause(rollout);
  if (rollout.deployment.spec.paused) return scaleOnly(rollout);
  const revision = rollbackWanted(rollout.deployment);
  if (revision !== undefined) return rollBack(rollout, revision);
  if (await isScaling(rollout)) return scaleOnly(rollout);
  return rollout.deployment.spec.strategy?.type === 'Recreate' ? rollRecreate(rollout) : rollRolling(rollout);
}

/** A pause stops the deadline: Progressing becomes Unknown when it begins and when it ends. */
async function notePause(rollout: Rollout): Promise<void> {
  const { deployment, context } = rollout;
  const reason = conditionOf(deployment.status, 'Progressing')?.reason;
  if (!hasDeadline(deployment) || reason === 'ProgressDeadlineExceeded') return;
  const paused = deployment.spec.paused === true;
  if (paused === (reason === 'DeploymentPaused')) return;
  const condition = paused
    ? { reason: 'DeploymentPaused', message: 'Deployment is paused' }
    : { reason: 'DeploymentResumed', message: 'Deployment is resumed' };
  const wanted = { type: 'Progressing', status: 'Unknown', ...condition };
  await saveStatus(rollout, withCondition(deployment.status ?? {}, wanted, context.clock));
}

function ownerKeys(replicaSet: ReplicaSet): string[] {
  const owner = controllerOf(replicaSet);
  return owner?.kind === 'Deployment' ? [`${replicaSet.metadata.namespace}/${owner.name}`] : [];
}

function deploymentsOf(replicaSet: ReplicaSet, { informers }: ControllerContext): string[] {
  if (controllerOf(replicaSet)) return ownerKeys(replicaSet);
  return informers
    .for(deployments)
    .lister.list(replicaSet.metadata.namespace)
    .filter((deployment) => matchesLabelSelector(deployment.spec.selector, replicaSet.metadata.labels))
    .map(keyOf);
}

/** A Recreate rollout waits for the last old pod to be gone or finished. */
function recreateKeys(pod: Pod, { informers }: ControllerContext): string[] {
  const owner = controllerOf(pod);
  const { namespace, name } = pod.metadata;
  const known = informers.for(pods).lister.get(namespace, name ?? '');
  if (owner?.kind !== 'ReplicaSet' || (known?.metadata.uid === pod.metadata.uid && !isFinished(pod))) return [];
  const replicaSet = informers.for(replicaSets).lister.get(namespace, owner.name);
  const key = replicaSet && ownerKeys(replicaSet)[0];
  if (!key) return [];
  const deployment: Deployment | undefined = informers.for(deployments).lister.get(namespace, splitKey(key).name);
  return deployment?.spec.strategy?.type === 'Recreate' ? [key] : [];
}
