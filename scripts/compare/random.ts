// Choices that repeat with their seed.
import { seededRandom } from '../../src/kubelet/cri/simulated/script.ts';

export interface Chance {
  /** 0 … below. */
  below(end: number): number;
  one<T>(list: readonly T[]): T;
  /** Up to `count` of the list, each at most once, in the list's order. */
  some<T>(list: readonly T[], count: number): T[];
}

export function createChance(seed: number): Chance {
  const random = seededRandom(seed);
  const below = (end: number) => Math.floor(random() * end);
  return {
    below,
    one: <T>(list: readonly T[]) => {
      if (list.length === 0) throw new RangeError('nothing to choose from');
      return list[below(list.length)] as T;
    },
    some: (list, count) => {
      const indexes = list.map((_, i) => i);
      while (indexes.length > count) indexes.splice(below(indexes.length), 1);
      return indexes.map((i) => list[i] as (typeof list)[number]);
    },
  };
}
