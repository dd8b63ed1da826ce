// What a person sees while something starts: a line per step with its time.
import type { Clock } from '../clock.ts';

export interface Progress {
  /** Runs `work`; prints its line when it is done. */
  step<T>(text: string, work: () => Promise<T>): Promise<T>;
  say(text: string): void;
}

export const seconds = (ms: number): string =>
  ms < 10_000 ? `${(ms / 1000).toFixed(2)} s` : `${Math.round(ms / 1000)} s`;

export function createProgress(clock: Clock, write: (line: string) => void): Progress {
  return {
    async step(text, work) {
      const begin = clock.monotonic();
      const value = await work();
      write(`  ${text.padEnd(56)}${seconds(clock.monotonic() - begin).padStart(8)}`);
      return value;
    },
    say: write,
  };
}

export const silentProgress: Progress = { step: (_text, work) => work(), say: () => {} };
