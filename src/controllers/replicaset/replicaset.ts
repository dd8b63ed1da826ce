// Keeps as many Pods of a template as a ReplicaSet asks for (k8s.io/kubernetes pkg/controller/replicaset).
// Pods are its own by controller reference; orphans that match the selector are adopted.
import { pods, replicaSets } from '../../api/resources.ts';
import type { ReplicaSet } from '../../api/types/apps/v1.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import { labelSelectorOf, matchesLabelSelector } from '../../apimachinery/labels.ts';
import { controllerOf } from '../../apimachinery/meta.ts';
import { type Controller, type ControllerContext, watchOf } from '../../client/controller.ts';
import { keyOf, splitKey } from '../../client/indexed-store.ts';
import { claim, controlledBy, indexByController, orphansIn } from '../controller-ref.ts';
import { createExpectations, type Expectations } from '../expectations.ts';
import { isActive, isTerminating, untilAvailable } from '../pod-state.ts';
import { sameValue } from '../same.ts';
import { createPods, deletePods } from './pods.ts';
import { replicaSetStatus } from './status.ts';

export function replicaSetController(): Controller {
  let expectations: Expectations;

  return {
    name: 'replicaset-controller',
    watches: [
      watchOf({ resource: replicaSets, toKeys: (replicaSet) => [keyOf(replicaSet)] }),
      watchOf({
        resource: pods,
        toKeys: (pod, context, old) => [...new Set([...keysOf(pod, context), ...(old ? ownerKeys(old) : [])])],
      }),
    ],

    setup({ informers, clock }) {
      expectations = createExpectations(clock);
      const podInformer = informers.for(pods);
      indexByController(podInformer);
      indexByController(informers.for(replicaSets));
      const gone = (pod: Pod) => {
        for (const key of ownerKeys(pod)) expectations.deletionObserved(key, pod.metadata.uid ?? '');
      };
      podInformer.addHandler({
        added(pod) {
          if (pod.metadata.deletionTimestamp) gone(pod);
          else for (const key of ownerKeys(pod)) expectations.creationObserved(key);
        },
        updated(pod) {
          if (pod.metadata.deletionTimestamp) gone(pod);
        },
        deleted: gone,
      });
    },

    async reconcile(key, context) {
      const { client, informers, clock } = context;
      const { namespace, name } = splitKey(key);
      const replicaSet = informers.for(replicaSets).lister.get(namespace, name);
      if (!replicaSet) {
        expectations.forget(key);
        return undefined;
      }
      const selector = labelSelectorOf(replicaSet.spec?.selector);
      if (!selector) return undefined;

      const mayManage = expectations.fulfilled(key) && !replicaSet.metadata.deletionTimestamp;
      const podInformer = informers.for(pods);
      const own = controlledBy(podInformer, replicaSet);
      const candidates = [...own, ...orphansIn(podInformer, namespace ?? '')].filter(isActive);
      const active = await claim(candidates, {
        client,
        ownerType: replicaSets,
        owner: replicaSet,
        type: pods,
        selector,
      });
      const terminating = own.filter((pod) => isTerminating(pod) && selector.matches(pod.metadata.labels));

      const failure = mayManage
        ? await manage(replicaSet, active, context).catch((error: unknown) => error)
        : undefined;
      const status = replicaSetStatus({ replicaSet, active, terminating, failure, clock });
      if (!sameValue(status, replicaSet.status)) {
        await client.updateStatus(replicaSets, { ...replicaSet, status });
      }
      if (failure !== undefined) throw failure;

      const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
      const waits = active
        .map((pod) => untilAvailable(pod, minReadySeconds, clock.now()))
        .filter((ms): ms is number => ms !== undefined && ms > 0);
      return waits.length > 0 ? { requeueAfter: Math.min(...waits) } : undefined;
    },
  };

  async function manage(replicaSet: ReplicaSet, active: readonly Pod[], context: ControllerContext): Promise<void> {
    const surplus = active.length - (replicaSet.spec?.replicas ?? 1);
    if (surplus < 0) await createPods(replicaSet, -surplus, { ...context, expectations });
    if (surplus > 0) await deletePods(replicaSet, active, surplus, { ...context, expectations });
  }
}

function ownerKeys(pod: Pod): string[] {
  const owner = controllerOf(pod);
  return owner?.kind === 'ReplicaSet' ? [`${pod.metadata.namespace}/${owner.name}`] : [];
}

/** An orphan concerns every ReplicaSet that could adopt it. */
function keysOf(pod: Pod, { informers }: ControllerContext): string[] {
  if (controllerOf(pod)) return ownerKeys(pod);
  return informers
    .for(replicaSets)
    .lister.list(pod.metadata.namespace)
    .filter((replicaSet) => matchesLabelSelector(replicaSet.spec?.selector, pod.metadata.labels))
    .map(keyOf);
}
