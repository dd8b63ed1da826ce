// Growing pauses between tries, and trying again when somebody else wrote in between.
import { hasReason } from '../apimachinery/status-error.ts';

export interface Backoff {
  /** Milliseconds to wait before the next try. */
  next(): number;
  reset(): void;
}

/** Doubles from `initialMs` to `maxMs`, each stretched by up to `jitter` of itself. */
export function createBackoff(options: {
  initialMs: number;
  maxMs: number;
  jitter: number;
  random: () => number;
}): Backoff {
  let base = options.initialMs;
  return {
    next() {
      const ms = base * (1 + options.random() * options.jitter);
      base = Math.min(base * 2, options.maxMs);
      return ms;
    },
    reset() {
      base = options.initialMs;
    },
  };
}

/**
 * Runs `attempt` (read afresh, change, write) until it is not refused with Conflict; at most `tries` times
 * (client-go util/retry: 5), then the Conflict is thrown.
 */
export async function retryOnConflict<T>(attempt: () => Promise<T>, tries = 5): Promise<T> {
  for (let left = tries; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left <= 1 || !hasReason(error, 'Conflict')) throw error;
    }
  }
}
