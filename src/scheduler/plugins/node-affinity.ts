// nodeSelector and node affinity: required terms filter, preferred ones score.
import { termSelects } from '../../api/core/node-selector.ts';
import type { Node, Pod } from '../../api/types/core/v1.ts';
import { type Plugin, scaleScores } from '../framework.ts';

/** Whether nodeSelector and required node affinity allow the node. */
export function nodeSelected(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  if (Object.entries(pod.spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value)) return false;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((term) => termSelects(term, node));
}

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  filter: (pod, { node }) =>
    nodeSelected(pod, node)
      ? undefined
      : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true },
  score: (pod, { node }) =>
    (pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      .filter((preferred) => termSelects(preferred.preference, node))
      .reduce((sum, preferred) => sum + preferred.weight, 0),
  normalize: (scores) => scaleScores(scores),
  wakes: ['NodeAdd', 'NodeUpdate'],
};
