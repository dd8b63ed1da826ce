// Prefers nodes where cpu and memory would be used to a like degree, so that neither strands the other.
import { MAX_SCORE, type Plugin } from '../framework.ts';
import { podRequests } from '../pod-requests.ts';

export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  score(pod, info) {
    const wanted = podRequests(pod);
    const fraction = (name: string): number => {
      const capacity = info.allocatable.get(name) ?? 0;
      if (capacity === 0) return 1;
      return Math.min(1, ((info.requested.get(name) ?? 0) + (wanted.get(name) ?? 0)) / capacity);
    };
    const deviation = Math.abs(fraction('cpu') - fraction('memory')) / 2;
    return Math.floor((1 - deviation) * MAX_SCORE);
  },
};
