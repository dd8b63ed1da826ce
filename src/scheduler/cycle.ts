// One scheduling decision as a pure function: pod and nodes in, a node or the reasons why there is none out.
import type { Pod } from '../api/types/core/v1.ts';
import type { Plugin } from './framework.ts';
import type { NodeInfo } from './node-info.ts';

export type Outcome =
  | { node: string }
  /** `message` is that of the FailedScheduling event; `rejectedBy` the plugins whose events may change it. */
  | { node: undefined; message: string; rejectedBy: ReadonlySet<string> };

export interface CycleOptions {
  plugins: readonly Plugin[];
  /** 0 to 1; decides among equals. */
  random(): number;
}

export function schedulePod(pod: Pod, nodes: readonly NodeInfo[], options: CycleOptions): Outcome {
  const counts = new Map<string, number>();
  const rejectedBy = new Set<string>();
  const feasible = nodes.filter((node) => {
    for (const plugin of options.plugins) {
      const rejection = plugin.filter?.(pod, node);
      if (!rejection) continue;
      rejectedBy.add(plugin.name);
      for (const reason of rejection.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
      return false;
    }
    return true;
  });
  if (feasible.length === 0) return { node: undefined, message: failure(nodes.length, counts), rejectedBy };
  return { node: best(pod, feasible, options).node.metadata.name as string };
}

/** As framework.FitError words it; without a node "no nodes available to schedule pods". */
function failure(nodes: number, counts: ReadonlyMap<string, number>): string {
  if (nodes === 0) return 'no nodes available to schedule pods';
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${reasons.join(', ')}.`;
}

function best(pod: Pod, nodes: readonly NodeInfo[], { plugins, random }: CycleOptions): NodeInfo {
  if (nodes.length === 1) return nodes[0] as NodeInfo;
  const totals = nodes.map(() => 0);
  for (const plugin of plugins) {
    if (!plugin.score) continue;
    const raw = nodes.map((node) => plugin.score?.(pod, node, { nodes }) ?? 0);
    const scores = plugin.normalize ? plugin.normalize(raw) : raw;
    scores.forEach((score, i) => {
      totals[i] = (totals[i] as number) + score * (plugin.weight ?? 1);
    });
  }
  const top = Math.max(...totals);
  const winners = nodes.filter((_, i) => totals[i] === top);
  return winners[Math.floor(random() * winners.length)] as NodeInfo;
}
