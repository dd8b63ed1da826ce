// The status of a pod that the kubelet refused before anything of it was made (Kubelet.rejectPod): no conditions of the
// kubelet's own, and no containers, so that kubectl shows the reason. Pure.
import { qosClass } from '../../api/core/qos.ts';
import type { Pod, PodStatus } from '../../api/types/core/v1.ts';
import { type PodRecord, specOf } from '../pod-record.ts';
import type { PodFailure } from '../pod-state.ts';
import { isOwnCondition } from './conditions.ts';

/** undefined: it was not refused. After a restart of the kubelet only the status itself tells that it was. */
export function rejectedStatus(input: {
  pod: Pod;
  record: PodRecord;
  old: PodStatus;
  failure?: PodFailure;
  now: string;
}): PodStatus | undefined {
  const { pod, record, old, failure } = input;
  if (record.sandboxes.length > 0 || record.containers.length > 0) return undefined;
  if (old.phase === 'Failed' && !old.containerStatuses) return old;
  if (!failure?.isRejection) return undefined;
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase: 'Failed',
    reason: failure.reason,
    message: failure.message,
    conditions: (pod.status?.conditions ?? []).filter(({ type }) => !isOwnCondition(type)),
    startTime: old.startTime ?? input.now,
    qosClass: pod.status?.qosClass ?? qosClass(specOf(pod)),
  };
}
