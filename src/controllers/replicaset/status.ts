// The status of a ReplicaSet from its Pods (k8s.io/kubernetes pkg/controller/replicaset/replica_set_utils.go).
import type { ReplicaSet, ReplicaSetStatus } from '../../api/types/apps/v1.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import { matchesLabelMap } from '../../apimachinery/labels.ts';
import { type Clock, timestamp } from '../../clock.ts';
import { isReady, untilAvailable } from '../pod-state.ts';

export interface StatusInput {
  replicaSet: ReplicaSet;
  active: readonly Pod[];
  terminating: readonly Pod[];
  /** Why pods could not be created or deleted. */
  failure: unknown;
  clock: Clock;
}

export function replicaSetStatus({ replicaSet, active, terminating, failure, clock }: StatusInput): ReplicaSetStatus {
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  const templateLabels = replicaSet.spec?.template?.metadata?.labels ?? {};
  const conditions = conditionsAfter();
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => matchesLabelMap(templateLabels, pod.metadata.labels)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => untilAvailable(pod, minReadySeconds, clock.now()) === 0).length,
    terminatingReplicas: terminating.length,
    observedGeneration: replicaSet.metadata.generation,
    ...(conditions.length > 0 ? { conditions } : {}),
  };

  /** The first failure stays until all is well again. */
  function conditionsAfter(): NonNullable<ReplicaSetStatus['conditions']> {
    const before = replicaSet.status?.conditions ?? [];
    const others = before.filter((condition) => condition.type !== 'ReplicaFailure');
    if (failure === undefined) return others;
    if (others.length < before.length) return before;
    return [
      ...others,
      {
        type: 'ReplicaFailure',
        status: 'True',
        lastTransitionTime: timestamp(clock),
        reason: active.length < (replicaSet.spec?.replicas ?? 1) ? 'FailedCreate' : 'FailedDelete',
        message: failure instanceof Error ? failure.message : String(failure),
      },
    ];
  }
}
