// Marks nodes whose kubelet is silent, and taints nodes as their conditions say
// (k8s.io/kubernetes pkg/controller/nodelifecycle). Silence is measured on the monotonic clock from what we saw
// ourselves, and begins anew after the machine (or this process) slept: nobody could have been heard then.
import { leases, nodes, pods } from '../../api/resources.ts';
import type { Node, Pod } from '../../api/types/core/v1.ts';
import { type Controller, type ControllerContext, watchOf } from '../../client/controller.ts';
import { timestamp } from '../../clock.ts';
import { NAMESPACE_NODE_LEASE } from '../../constants.ts';
import { sameValue } from '../same.ts';
import { conditionOf, MONITOR_GRACE_MS, STARTUP_GRACE_MS, silencedConditions, wantedTaints } from './health.ts';

const BY_NODE = 'nodeName';
/** A look that comes so much later than planned means that time stood still for us. */
const SLEPT_MS = 10_000;

interface Heard {
  heartbeat: string;
  at: number;
  nextLook?: number;
}

export function nodeLifecycleController(): Controller {
  const heard = new Map<string, Heard>();

  return {
    name: 'node-controller',
    watches: [
      watchOf({ resource: nodes, toKeys: ({ metadata }) => [metadata.name ?? ''] }),
      watchOf({
        resource: leases,
        toKeys: ({ metadata }) => (metadata.namespace === NAMESPACE_NODE_LEASE ? [metadata.name ?? ''] : []),
      }),
    ],

    setup({ informers }) {
      informers.for(pods).addIndex(BY_NODE, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
    },

    async reconcile(name, context) {
      const { informers, clock, events } = context;
      const node = informers.for(nodes).lister.get(undefined, name);
      if (!node) {
        heard.delete(name);
        return undefined;
      }
      if (!heard.has(name)) {
        const message = `Node ${name} event: Registered Node ${name} in Controller`;
        events.event(node, 'Normal', 'RegisteredNode', message);
      }
      const grace = conditionOf(node, 'Ready') ? MONITOR_GRACE_MS : STARTUP_GRACE_MS;
      const last = listen(node, context);
      const left = last.at + grace - clock.monotonic();
      const checked = left > 0 ? node : await silence(node, context);
      await taint(checked, context);
      if (left <= 0) return undefined;
      last.nextLook = clock.monotonic() + left;
      return { requeueAfter: left };
    },
  };

  /** When the node was last heard of: its lease or its status was renewed. */
  function listen(node: Node, { informers, clock }: ControllerContext): Heard {
    const name = node.metadata.name ?? '';
    const lease = informers.for(leases).lister.get(NAMESPACE_NODE_LEASE, name);
    const heartbeat = `${lease?.spec?.renewTime} ${conditionOf(node, 'Ready')?.lastHeartbeatTime}`;
    const before = heard.get(name);
    const now = clock.monotonic();
    const slept = before?.nextLook !== undefined && now > before.nextLook + SLEPT_MS;
    if (before?.heartbeat === heartbeat && !slept) return before;
    const fresh = { heartbeat, at: now };
    heard.set(name, fresh);
    return fresh;
  }
}

async function silence(node: Node, context: ControllerContext): Promise<Node> {
  const { client, clock, events } = context;
  const conditions = silencedConditions(node, timestamp(clock));
  if (sameValue(conditions, node.status?.conditions)) return node;
  const wasReady = conditionOf(node, 'Ready')?.status === 'True';
  const updated = await client.updateStatus(nodes, { ...node, status: { ...node.status, conditions } });
  if (wasReady) {
    events.event(node, 'Normal', 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`);
    await markPodsNotReady(node.metadata.name ?? '', context);
  }
  return updated;
}

/** Endpoints must not send anybody to a node that does not answer. */
async function markPodsNotReady(node: string, { client, informers, events, clock }: ControllerContext): Promise<void> {
  for (const pod of informers.for(pods).lister.byIndex(BY_NODE, node)) {
    const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready');
    if (ready?.status !== 'True') continue;
    const { namespace, name, uid } = pod.metadata;
    const change = { type: 'Ready', status: 'False', lastTransitionTime: timestamp(clock) };
    const conditions: NonNullable<Pod['status']>['conditions'] = pod.status?.conditions?.map((condition) =>
      condition.type === 'Ready' ? { ...condition, ...change } : condition,
    );
    const body = { metadata: { uid }, status: { conditions } };
    await client.patch(pods, namespace, name as string, { type: 'strategic', body }, { subresource: 'status' });
    events.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
  }
}

async function taint(node: Node, { client, clock }: ControllerContext): Promise<void> {
  const taints = wantedTaints(node, timestamp(clock));
  if (sameValue(taints, node.spec?.taints)) return;
  await client.update(nodes, { ...node, spec: { ...node.spec, taints } });
}
