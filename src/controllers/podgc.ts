// Removes Pods that nobody else would: those of nodes that are gone, those that were deleted before they had a node,
// and finished ones beyond a number (k8s.io/kubernetes pkg/controller/podgc).
import { nodes, pods } from '../api/resources.ts';
import type { Pod } from '../api/types/core/v1.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import { type Controller, type ControllerContext, watchOf } from '../client/controller.ts';
import { keyOf, splitKey } from '../client/indexed-store.ts';
import { timestamp } from '../clock.ts';
import { isFinished } from './pod-state.ts';

/** How long a node may be missing before its pods are given up. */
const QUARANTINE_MS = 40_000;
const TERMINATED_THRESHOLD = 12_500;
const BY_NODE = 'nodeName';
/** Looked at as one: how many finished pods there are. */
const FINISHED = 'finished';

export function podGarbageCollector({ threshold = TERMINATED_THRESHOLD } = {}): Controller {
  const missingSince = new Map<string, number>();
  let finishedCount = 0;

  return {
    name: 'pod-garbage-collector',
    watches: [
      watchOf({
        resource: pods,
        toKeys: (pod, { informers }) => {
          const node = pod.spec.nodeName;
          const lost = node ? !informers.for(nodes).lister.get(undefined, node) : !!pod.metadata.deletionTimestamp;
          return [...(lost ? [keyOf(pod)] : []), ...(finishedCount > threshold ? [FINISHED] : [])];
        },
      }),
      watchOf({
        resource: nodes,
        toKeys: ({ metadata }, { informers }) =>
          informers
            .for(pods)
            .lister.byIndex(BY_NODE, metadata.name ?? '')
            .map(keyOf),
      }),
    ],

    setup({ informers }) {
      const informer = informers.for(pods);
      informer.addIndex(BY_NODE, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
      const count = (pod: Pod, by: number) => {
        if (isFinished(pod)) finishedCount += by;
      };
      informer.addHandler({
        added: (pod) => count(pod, 1),
        deleted: (pod) => count(pod, -1),
        updated: (pod, old) => {
          count(old, -1);
          count(pod, 1);
        },
      });
    },

    async reconcile(key, context) {
      const { informers, clock } = context;
      if (key === FINISHED) {
        await removeOldest(context);
        return undefined;
      }
      const { namespace, name } = splitKey(key);
      const pod = informers.for(pods).lister.get(namespace, name);
      const node = pod?.spec.nodeName;
      if (!pod) return undefined;
      if (!node) {
        if (pod.metadata.deletionTimestamp) await forceDelete(pod, context);
        return undefined;
      }
      if (informers.for(nodes).lister.get(undefined, node)) {
        missingSince.delete(node);
        return undefined;
      }
      const since = missingSince.get(node) ?? clock.monotonic();
      missingSince.set(node, since);
      const left = since + QUARANTINE_MS - clock.monotonic();
      if (left > 0) return { requeueAfter: left };
      if (!(await exists(node, context))) await forceDelete(pod, context, 'PodGC: node no longer exists');
      return undefined;
    },
  };

  /** Evicted ones first, then the oldest. */
  async function removeOldest(context: ControllerContext): Promise<void> {
    const finished = context.informers.for(pods).lister.list().filter(isFinished);
    const evicted = (pod: Pod) => Number(pod.status?.reason !== 'Evicted');
    const age = (pod: Pod) => pod.metadata.creationTimestamp ?? '';
    const ordered = finished.toSorted((a, b) => evicted(a) - evicted(b) || (age(a) < age(b) ? -1 : 1));
    for (const pod of ordered.slice(0, Math.max(0, ordered.length - threshold))) await forceDelete(pod, context);
  }
}

async function exists(node: string, { client }: ControllerContext): Promise<boolean> {
  try {
    await client.get(nodes, undefined, node);
    return true;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}

/** Failed before it is deleted: no kubelet is there to say so, and a Job must not wait for it. */
async function forceDelete(pod: Pod, { client, clock }: ControllerContext, why?: string): Promise<void> {
  const { namespace, name, uid } = pod.metadata;
  try {
    if (!isFinished(pod)) {
      const others = (pod.status?.conditions ?? []).filter((condition) => condition.type !== 'DisruptionTarget');
      const conditions = why
        ? [
            ...others,
            {
              type: 'DisruptionTarget',
              status: 'True',
              reason: 'DeletionByPodGC',
              message: why,
              lastTransitionTime: timestamp(clock),
            },
          ]
        : pod.status?.conditions;
      const body = { metadata: { uid }, status: { phase: 'Failed', ...(conditions ? { conditions } : {}) } };
      await client.patch(pods, namespace, name as string, { type: 'strategic', body }, { subresource: 'status' });
    }
    await client.delete(pods, namespace, name as string, { gracePeriodSeconds: 0, preconditions: { uid } });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
