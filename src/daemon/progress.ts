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

/** What a line that counts is written to: a terminal, or something that takes whole lines. */
export interface LineOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface PercentLines {
  /** `step` begins with its first percent, and ends when another one begins. */
  tell(step: string, percent: number): void;
  /** Ends the last step. */
  end(): void;
}

/** A line per step with its time; on a terminal with its percents as they come. */
export function createPercentLines(clock: Clock, output: LineOutput): PercentLines {
  let current: { step: string; begin: number } | undefined;
  const line = (step: string, right: string) => `  ${step.padEnd(56)}${right.padStart(8)}`;
  const end = () => {
    if (!current) return;
    const text = line(current.step, seconds(clock.monotonic() - current.begin));
    output.write(output.isTTY ? `\r${text}\n` : `${text}\n`);
    current = undefined;
  };
  return {
    tell(step, percent) {
      if (current?.step !== step) {
        end();
        current = { step, begin: clock.monotonic() };
      }
      if (output.isTTY) output.write(`\r${line(step, `${percent} %`)}`);
    },
    end,
  };
}
