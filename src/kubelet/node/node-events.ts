// What is told of a node as Events when its status changes (pkg/kubelet/nodestatus/setters.go). Pure.
import type { NodeStatus } from '../../api/types/core/v1.ts';

export interface NodeEvent {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

/** Reasons by condition: when it begins to hold, and when it does not. */
const REASONS: Readonly<Record<string, readonly [holds: string, not: string]>> = {
  MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
  Ready: ['NodeReady', 'NodeNotReady'],
};

/** `before` is what the API had; a node that is new has its first conditions told, but not that it is not ready yet. */
export function nodeEvents(name: string, before: NodeStatus | undefined, after: NodeStatus): NodeEvent[] {
  const events: NodeEvent[] = [];
  const [known, now] = [before?.nodeInfo?.bootID, after.nodeInfo?.bootID];
  if (known && now && known !== now) {
    events.push({ type: 'Warning', reason: 'Rebooted', message: `Node ${name} has been rebooted, boot id: ${now}` });
  }
  for (const { type, status } of after.conditions ?? []) {
    const reasons = REASONS[type];
    const old = before?.conditions?.find((one) => one.type === type)?.status;
    if (!reasons || old === status || (type === 'Ready' && old === undefined && status !== 'True')) continue;
    events.push(statusEvent(name, reasons[status === 'True' ? 0 : 1]));
  }
  return events;
}

/** Told when the node is cordoned and uncordoned (kubelet_node_status.go, recordNodeSchedulableEvent). */
export const schedulableEvent = (name: string, isSchedulable: boolean): NodeEvent =>
  statusEvent(name, isSchedulable ? 'NodeSchedulable' : 'NodeNotSchedulable');

const statusEvent = (name: string, reason: string): NodeEvent => ({
  type: 'Normal',
  reason,
  message: `Node ${name} status is now: ${reason}`,
});
