// What a node's silence and its conditions mean for its status and taints
// (k8s.io/kubernetes pkg/controller/nodelifecycle). Pure.
import type { Node, NodeCondition, Taint } from '../../api/types/core/v1.ts';

/** Kubelet heartbeats every 10 s; so long it may be silent, and so long until its first one. */
export const MONITOR_GRACE_MS = 50_000;
export const STARTUP_GRACE_MS = 60_000;

const KUBELET_CONDITIONS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];
const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Condition, status → taint that keeps new pods away. */
const NO_SCHEDULE: readonly (readonly [string, string, string])[] = [
  ['Ready', 'False', NOT_READY],
  ['Ready', 'Unknown', UNREACHABLE],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
];

export const conditionOf = (node: Node, type: string): NodeCondition | undefined =>
  node.status?.conditions?.find((condition) => condition.type === type);

/** Every condition that the kubelet posts becomes Unknown; one it never posted says so. */
export function silencedConditions(node: Node, now: string): NodeCondition[] {
  const conditions = [...(node.status?.conditions ?? [])];
  for (const type of KUBELET_CONDITIONS) {
    const at = conditions.findIndex((condition) => condition.type === type);
    const current = conditions[at];
    if (!current) {
      conditions.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime: now,
      });
    } else if (current.status !== 'Unknown') {
      conditions[at] = {
        ...current,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: now,
      };
    }
  }
  return conditions;
}

/** The node's taints as they should be: ours follow its conditions, others stay. */
export function wantedTaints(node: Node, now: string): Taint[] {
  const current = node.spec?.taints ?? [];
  const wanted: Taint[] = NO_SCHEDULE.filter(([type, status]) => conditionOf(node, type)?.status === status).map(
    ([, , key]) => ({ key, effect: 'NoSchedule' }),
  );
  if (node.spec?.unschedulable) wanted.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' });
  const ready = conditionOf(node, 'Ready')?.status;
  if (ready === 'False') wanted.push({ key: NOT_READY, effect: 'NoExecute' });
  if (ready === 'Unknown') wanted.push({ key: UNREACHABLE, effect: 'NoExecute' });

  const ours = new Set([...NO_SCHEDULE.map(([, , key]) => key), UNSCHEDULABLE]);
  // Without a Ready condition nothing is known yet: the taint a node registers with stays.
  const managed = (taint: Taint) =>
    ours.has(taint.key) && taint.effect !== 'PreferNoSchedule' && (ready !== undefined || taint.key !== NOT_READY);
  const same = (a: Taint, b: Taint) => a.key === b.key && a.effect === b.effect;
  const kept = current.filter((taint) => !managed(taint) || wanted.some((other) => same(taint, other)));
  const added = wanted.filter((taint) => !current.some((other) => same(taint, other)));
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: now }))];
}
