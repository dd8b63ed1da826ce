// Processor time that only grows → how much of it is used now: the difference to the sample before, over the time
// between (stats/cri_stats_provider.go, getAndUpdateContainerUsageNanoCores). Nobody samples for it: a rate is known
// from the second time on that somebody asks.

export interface Rates {
  /** Thousand-millionths of a core; undefined at first, and after a counter began anew. */
  of(key: string, sample: { usageNanoseconds: number; at: number }): number | undefined;
  /** Forgets all that were not asked for since the last call. */
  prune(): void;
}

/** Of samples that are closer the difference says nothing. */
const CLOSEST_MS = 500;

export function createRates(): Rates {
  const samples = new Map<string, { usageNanoseconds: number; at: number; rate?: number; isUsed: boolean }>();
  return {
    of(key, { usageNanoseconds, at }) {
      const last = samples.get(key);
      if (last && at - last.at < CLOSEST_MS) {
        last.isUsed = true;
        return last.rate;
      }
      const used = usageNanoseconds - (last?.usageNanoseconds ?? Number.POSITIVE_INFINITY);
      const rate = last && used >= 0 ? Math.round((used / (at - last.at)) * 1000) : undefined;
      samples.set(key, { usageNanoseconds, at, isUsed: true, ...(rate === undefined ? {} : { rate }) });
      return rate;
    },
    prune() {
      for (const [key, sample] of samples) {
        if (!sample.isUsed) samples.delete(key);
        sample.isUsed = false;
      }
    },
  };
}
