// Pods that the kubelet does not give up for the node's sake (pkg/kubelet/types/pod_update.go). Pure.
import type { Pod } from '../api/types/core/v1.ts';

/** scheduling.SystemCriticalPriority */
export const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000;

const SOURCE = 'kubernetes.io/config.source';
const MIRROR = 'kubernetes.io/config.mirror';

/** Static pods, their mirrors, and pods of the system's priorities. */
export function isCritical({ metadata: { annotations = {} }, spec }: Pod): boolean {
  const source = annotations[SOURCE];
  const isStatic = source !== undefined && source !== 'api';
  return isStatic || annotations[MIRROR] !== undefined || (spec?.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY;
}

export const isNodeCritical = (pod: Pod): boolean =>
  isCritical(pod) && pod.spec?.priorityClassName === 'system-node-critical';
