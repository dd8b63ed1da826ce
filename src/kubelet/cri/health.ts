// What keeps a runtime from being worked with, as its driver last heard it.
import { createListeners } from './listeners.ts';
import type { RuntimeHealth } from './runtime.ts';

export interface Health extends RuntimeHealth {
  /** Whoever listens is told when it is another than before. */
  set(problem: string | undefined): void;
}

export function createHealth(): Health {
  const listeners = createListeners<void>();
  let current: string | undefined;
  return {
    problem: () => current,
    onProblem: (listener) => listeners.add(listener),
    set(problem) {
      if (problem === current) return;
      current = problem;
      listeners.tell();
    },
  };
}
