// nodeSelector and node affinity: required terms filter, preferred ones score.
import type { Node, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../../api/types/core/v1.ts';
import { type Plugin, scaleScores } from '../framework.ts';

const INTEGER = /^-?\d+$/;

function requirementHolds(requirement: NodeSelectorRequirement, value: string | undefined): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      const bound = values[0];
      if (value === undefined || bound === undefined || !INTEGER.test(value) || !INTEGER.test(bound)) return false;
      return requirement.operator === 'Gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
    }
    default:
      return false;
  }
}

/** A term without expressions and fields selects nothing. */
export function termSelects(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  return (
    expressions.every((r) => requirementHolds(r, node.metadata.labels?.[r.key])) &&
    fields.every((r) => r.key === 'metadata.name' && requirementHolds(r, node.metadata.name))
  );
}

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
