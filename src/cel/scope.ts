// What a run knows: its variables, innermost first, and what it has cost.
import type { Value } from './values.ts';

export interface Run {
  cost: number;
  readonly limit: number;
}

export interface Scope {
  readonly run: Run;
  find(name: string): Value | undefined;
}

export class CostExceeded extends Error {}

export function charge({ run }: Scope, cost: number): void {
  run.cost += cost;
  if (run.cost > run.limit) throw new CostExceeded();
}
