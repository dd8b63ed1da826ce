// What a scheduling plugin is: a value whose optional members are its extension points (as upstream's framework).
// Plugins are pure: pod and snapshot in, a verdict or a number out.
import type { Pod } from '../api/types/core/v1.ts';
import type { NodeInfo } from './node-info.ts';

/** Why a pod does not fit a node. `unresolvable`: removing other pods from the node would not help. */
export interface Rejection {
  /** As it is counted in FailedScheduling: "Insufficient cpu", "node(s) were unschedulable". */
  reasons: readonly string[];
  unresolvable?: boolean;
}

/** What can make a rejected pod fit: the queue wakes a pod only for events its rejecting plugins name. */
export type ClusterEvent = 'NodeAdd' | 'NodeUpdate' | 'PodDelete' | 'PodUpdate' | 'PodAdd';

export interface ScoringContext {
  nodes: readonly NodeInfo[];
}

export interface Plugin {
  readonly name: string;
  /** undefined: the pod fits. */
  filter?(pod: Pod, node: NodeInfo): Rejection | undefined;
  /** 0 to MAX_SCORE after `normalize`; higher is better. */
  score?(pod: Pod, node: NodeInfo, context: ScoringContext): number;
  normalize?(scores: readonly number[]): number[];
  /** How much the score counts, as in upstream's default configuration. */
  readonly weight?: number;
  /** Events after which a pod that this plugin rejected is worth another try. */
  readonly wakes?: readonly ClusterEvent[];
}

export const MAX_SCORE = 100;

/** Scales so that the highest becomes MAX_SCORE (helper.DefaultNormalizeScore); `reverse`: the lowest does. */
export function scaleScores(scores: readonly number[], reverse = false): number[] {
  const max = Math.max(0, ...scores);
  if (max === 0) return scores.map(() => (reverse ? MAX_SCORE : 0));
  return scores.map((score) => {
    const scaled = Math.floor((score * MAX_SCORE) / max);
    return reverse ? MAX_SCORE - scaled : scaled;
  });
}
