// What a pod's worker knows that neither the API nor the runtime tells: shared by the parts of the worker.
import type { Pod } from '../api/types/core/v1.ts';
import { hasEnded } from './pod-record.ts';
import type { WaitingReason } from './status/container-statuses.ts';

/** Why the kubelet itself ends a pod: DeadlineExceeded, Evicted, Terminated by a shutdown, … */
export interface PodFailure {
  reason: string;
  message: string;
  /** The pod's condition DisruptionTarget, when it is ended for the node's sake. */
  disruption?: { reason: string; message: string };
  /** Shorter than the pod's own. */
  graceSeconds?: number;
  /** It was refused before anything of it was made. */
  isRejection?: boolean;
}

export interface PodState {
  pod: Pod;
  /** The API has no such pod any more. */
  isRemoved: boolean;
  /** It will not run again. */
  isDone: boolean;
  failure?: PodFailure;
  /** Work that a deletion has to wait for, so that no container appears after everything is gone. */
  held?: Promise<unknown>;
  /** Why the last start of a container failed or waits, by name. */
  readonly waiting: Map<string, WaitingReason>;
  /** Containers, by id, whose postStart hook has not ended: nobody is told yet that they run. */
  readonly inPostStart: Set<string>;
}

export const createPodState = (pod: Pod): PodState => ({
  pod,
  isRemoved: false,
  isDone: hasEnded(pod),
  waiting: new Map(),
  inPostStart: new Set(),
});

export const isTerminating = ({ pod, isRemoved }: PodState): boolean =>
  isRemoved || pod.metadata.deletionTimestamp !== undefined;
