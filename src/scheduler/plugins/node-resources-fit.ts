// The sum of requests must fit what the node can give; emptier nodes score higher (LeastAllocated).
import { MAX_SCORE, type Plugin } from '../framework.ts';
import type { Resources } from '../node-info.ts';
import { podRequests } from '../pod-requests.ts';

/** Score of one resource: the share that stays free after the pod. */
function freeShare(name: string, requested: Resources, allocatable: Resources, pod: Resources): number | undefined {
  const capacity = allocatable.get(name) ?? 0;
  if (capacity === 0) return undefined;
  const used = (requested.get(name) ?? 0) + (pod.get(name) ?? 0);
  return used > capacity ? 0 : Math.floor(((capacity - used) * MAX_SCORE) / capacity);
}

export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  filter(pod, info) {
    const reasons: string[] = [];
    let unresolvable = true;
    const lacks = (reason: string, wanted: number, capacity: number) => {
      reasons.push(reason);
      if (wanted <= capacity) unresolvable = false;
    };
    const allowedPods = info.allocatable.get('pods') ?? 0;
    if (info.pods.size + 1 > allowedPods) lacks('Too many pods', 1, allowedPods);
    for (const [name, wanted] of podRequests(pod)) {
      if (wanted === 0) continue;
      const capacity = info.allocatable.get(name) ?? 0;
      if (wanted > capacity - (info.requested.get(name) ?? 0)) lacks(`Insufficient ${name}`, wanted, capacity);
    }
    return reasons.length > 0 ? { reasons, unresolvable } : undefined;
  },
  score(pod, info) {
    const wanted = podRequests(pod, { forScoring: true });
    const shares = ['cpu', 'memory']
      .map((name) => freeShare(name, info.scoring, info.allocatable, wanted))
      .filter((share) => share !== undefined);
    return shares.length > 0 ? Math.floor(shares.reduce((a, b) => a + b, 0) / shares.length) : 0;
  },
  wakes: ['PodDelete', 'PodUpdate', 'NodeAdd', 'NodeUpdate'],
};
