// Creating and deleting the Pods of a ReplicaSet: in batches that grow while they succeed, so that a quota or a
// refusing webhook is asked few times (k8s.io/kubernetes pkg/controller/replicaset/replica_set.go).
import { pods, replicaSets } from '../../api/resources.ts';
import type { ReplicaSet } from '../../api/types/apps/v1.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import { controllerOf } from '../../apimachinery/meta.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { ControllerContext } from '../../client/controller.ts';
import { keyOf } from '../../client/indexed-store.ts';
import { controlledBy, controllerRef } from '../controller-ref.ts';
import type { Expectations } from '../expectations.ts';
import { isNamespaceTerminating } from '../namespace/terminating.ts';
import { inDeletionOrder } from '../pod-state.ts';

/** At most so many at once; the rest follows when these have been seen. */
const BURST = 500;
const FIRST_BATCH = 1;

export type PodsContext = Pick<ControllerContext, 'client' | 'informers' | 'events' | 'clock'> & {
  expectations: Expectations;
};

/** Throws the first failure after its batch has ended. */
export async function createPods(replicaSet: ReplicaSet, missing: number, context: PodsContext): Promise<void> {
  const { client, events, expectations } = context;
  const key = keyOf(replicaSet);
  const count = Math.min(missing, BURST);
  expectations.expectCreations(key, count);
  let created = 0;
  for (let batch = Math.min(count, FIRST_BATCH); batch > 0; batch = Math.min(2 * batch, count - created)) {
    const results = await Promise.allSettled(Array.from({ length: batch }, () => createOne()));
    const failed = results.filter((result) => result.status === 'rejected');
    created += batch - failed.length;
    if (!failed[0]) continue;
    for (let i = created; i < count; i++) expectations.creationObserved(key);
    throw failed[0].reason;
  }

  async function createOne(): Promise<void> {
    try {
      const pod = await client.create(pods, podOf(replicaSet));
      events.event(replicaSet, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
    } catch (error) {
      // Nothing can be created in a namespace that goes; saying so again and again helps nobody.
      if (!isNamespaceTerminating(error)) {
        events.event(replicaSet, 'Warning', 'FailedCreate', `Error creating: ${(error as Error).message}`);
        throw error;
      }
      expectations.creationObserved(key);
    }
  }
}

export async function deletePods(
  replicaSet: ReplicaSet,
  active: readonly Pod[],
  surplus: number,
  context: PodsContext,
): Promise<void> {
  const { client, clock, events, expectations } = context;
  const key = keyOf(replicaSet);
  const chosen = inDeletionOrder(active, relatedPods(replicaSet, context), clock.now()).slice(
    0,
    Math.min(surplus, BURST),
  );
  expectations.expectDeletions(
    key,
    chosen.map((pod) => pod.metadata.uid ?? ''),
  );
  const results = await Promise.allSettled(chosen.map(deleteOne));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;

  async function deleteOne(pod: Pod): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    try {
      await client.delete(pods, namespace, name as string);
      events.event(replicaSet, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      expectations.deletionObserved(key, uid ?? '');
      if (hasReason(error, 'NotFound')) return;
      events.event(replicaSet, 'Warning', 'FailedDelete', `Error deleting: ${(error as Error).message}`);
      throw error;
    }
  }
}

/** The pods of all ReplicaSets of the same Deployment: they are kept spread over nodes together. */
function relatedPods(replicaSet: ReplicaSet, { informers }: PodsContext): Pod[] {
  const owner = controllerOf(replicaSet);
  const siblings = owner ? controlledBy(informers.for(replicaSets), { metadata: { uid: owner.uid } }) : [replicaSet];
  return siblings.flatMap((sibling) => controlledBy(informers.for(pods), sibling));
}

function podOf(replicaSet: ReplicaSet): Pod {
  const template = replicaSet.spec.template;
  if (!template?.spec) throw new Error(`ReplicaSet ${keyOf(replicaSet)} has no pod template`);
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return structuredClone({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${replicaSet.metadata.name}-`,
      namespace: replicaSet.metadata.namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerRef(replicaSets, replicaSet)],
    },
    spec: template.spec,
  });
}
