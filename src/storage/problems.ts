// What is wrong with a store that goes on serving. /readyz, the metrics and `tsukube store check` tell it.
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';

/** full: the disk; quota: the store may not grow; damaged: the file; differs: memory is not what the disk holds. */
export const PROBLEMS = ['full', 'quota', 'damaged', 'differs'] as const;
export type ProblemName = (typeof PROBLEMS)[number];

export interface StorageProblem {
  readonly name: ProblemName;
  /** One sentence for the user. */
  readonly message: string;
  /** Wall-clock milliseconds at which it was noticed. */
  readonly since: number;
}

export interface Problems {
  /** Tells the log, once until it has ended. */
  raise(name: ProblemName, message: string): void;
  end(name: ProblemName): void;
  get(name: ProblemName): StorageProblem | undefined;
  list(): readonly StorageProblem[];
}

export function createProblems({ clock, log }: { clock: Clock; log: Logger }): Problems {
  const current = new Map<ProblemName, StorageProblem>();
  return {
    raise(name, message) {
      if (current.has(name)) return;
      current.set(name, { name, message, since: clock.now() });
      log.error({ problem: name }, message);
    },
    end(name) {
      const problem = current.get(name);
      if (!problem) return;
      current.delete(name);
      log.warn({ problem: name, lastedMs: clock.now() - problem.since }, `over: ${problem.message}`);
    },
    get: (name) => current.get(name),
    list: () => [...current.values()],
  };
}
