// NoSchedule and NoExecute taints repel pods that do not tolerate them; PreferNoSchedule ones cost score.
import type { Taint } from '../../api/types/core/v1.ts';
import { type Plugin, scaleScores } from '../framework.ts';
import { tolerates, untolerated } from './tolerations.ts';

const repels = (taint: Taint): boolean => taint.effect === 'NoSchedule' || taint.effect === 'NoExecute';

export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  filter(pod, { node }) {
    if (!untolerated(node.spec.taints, pod.spec.tolerations, repels)) return undefined;
    // Which taint is not said, so that nodes with different ones are counted together (taint_toleration.go).
    return { reasons: ['node(s) had untolerated taint(s)'], unresolvable: true };
  },
  score(pod, { node }) {
    const tolerations = pod.spec.tolerations?.filter((t) => !t.effect || t.effect === 'PreferNoSchedule') ?? [];
    const soft = node.spec.taints?.filter((taint) => taint.effect === 'PreferNoSchedule') ?? [];
    return soft.filter((taint) => !tolerations.some((t) => tolerates(t, taint))).length;
  },
  normalize: (scores) => scaleScores(scores, true),
  wakes: ['NodeAdd', 'NodeUpdate'],
};
