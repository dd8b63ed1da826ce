// Evicts Pods from nodes with NoExecute taints that they do not tolerate, or not for longer
// (k8s.io/kubernetes pkg/controller/tainteviction). Tolerated time counts while this process and the machine are awake.
import { nodes, pods } from '../../api/resources.ts';
import type { Pod, Taint, Toleration } from '../../api/types/core/v1.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import { type Controller, type ControllerContext, watchOf } from '../../client/controller.ts';
import { keyOf, splitKey } from '../../client/indexed-store.ts';
import { timestamp } from '../../clock.ts';
import { sameValue } from '../same.ts';

const BY_NODE = 'nodeName';

export function taintEvictionController(): Controller {
  /** Since when a pod stands under its node's taints. */
  const standing = new Map<string, { uid: string; since: number }>();

  return {
    name: 'taint-eviction-controller',
    // It was part of the node controller once, and has its rights still.
    username: 'system:serviceaccount:kube-system:node-controller',
    watches: [
      watchOf({ resource: pods, toKeys: (pod) => (pod.spec.nodeName ? [keyOf(pod)] : []) }),
      watchOf({
        resource: nodes,
        toKeys: (node, { informers }, old) =>
          old && sameValue(old.spec?.taints, node.spec?.taints)
            ? []
            : informers
                .for(pods)
                .lister.byIndex(BY_NODE, node.metadata.name ?? '')
                .map(keyOf),
      }),
    ],

    setup({ informers }) {
      informers.for(pods).addIndex(BY_NODE, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
    },

    async reconcile(key, context) {
      const { informers, clock, events } = context;
      const { namespace, name } = splitKey(key);
      const pod = informers.for(pods).lister.get(namespace, name);
      const node = informers.for(nodes).lister.get(undefined, pod?.spec.nodeName ?? '');
      const taints = (node?.spec?.taints ?? []).filter((taint) => taint.effect === 'NoExecute');
      if (!pod || pod.metadata.deletionTimestamp || taints.length === 0) {
        const scheduled = standing.delete(key);
        if (scheduled && pod && !pod.metadata.deletionTimestamp) {
          events.event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
        }
        return undefined;
      }
      const tolerated = toleratedMs(pod.spec.tolerations ?? [], taints);
      if (tolerated === Number.POSITIVE_INFINITY) {
        standing.delete(key);
        return undefined;
      }
      const uid = pod.metadata.uid ?? '';
      const before = standing.get(key);
      const since = before?.uid === uid ? before.since : clock.monotonic();
      standing.set(key, { uid, since });
      const left = since + tolerated - clock.monotonic();
      if (left > 0) return { requeueAfter: left };
      await evict(pod, context);
      standing.delete(key);
      return undefined;
    },
  };
}

/** The shortest time that the taints are tolerated together: 0 when one is not at all. */
export function toleratedMs(tolerations: readonly Toleration[], taints: readonly Taint[]): number {
  const used: Toleration[] = [];
  for (const taint of taints) {
    const matching = tolerations.find((toleration) => tolerates(toleration, taint));
    if (!matching) return 0;
    used.push(matching);
  }
  const seconds = used.flatMap(({ tolerationSeconds }) => (tolerationSeconds === undefined ? [] : [tolerationSeconds]));
  return seconds.length === 0 ? Number.POSITIVE_INFINITY : Math.max(0, Math.min(...seconds)) * 1000;
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}

async function evict(pod: Pod, { client, clock, events }: ControllerContext): Promise<void> {
  const { namespace, name, uid } = pod.metadata;
  events.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`);
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: timestamp(clock),
  };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
  const body = { metadata: { uid }, status: { conditions: [...others, condition] } };
  try {
    await client.patch(pods, namespace, name as string, { type: 'strategic', body }, { subresource: 'status' });
    await client.delete(pods, namespace, name as string, { preconditions: { uid } });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
