// Pods that the kubelet does not give up for the node's sake (pkg/kubelet/types/pod_update.go). Pure.
import type { Pod } from '../api/types/core/v1.ts';
import { isMirrorPod, isStaticPod } from './static-pods/annotations.ts';

/** scheduling.SystemCriticalPriority */
export const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000;

/** Static pods, their mirrors, and pods of the system's priorities. */
export const isCritical = (pod: Pod): boolean =>
  isStaticPod(pod) || isMirrorPod(pod) || (pod.spec?.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY;

export const isNodeCritical = (pod: Pod): boolean =>
  isCritical(pod) && pod.spec?.priorityClassName === 'system-node-critical';
