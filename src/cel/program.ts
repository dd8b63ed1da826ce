// A checked expression made ready to run, and its runs. Each counts what it costs and ends when that is too much
// (cel-go interpreter/planner.go, interpretable.go, runtimecost.go).
import type { Checked } from './checker.ts';
import type { Environment } from './environment.ts';
import { ProgramError } from './plan.ts';
import { createPlanner } from './planner.ts';
import { CostExceeded, type Run, type Scope } from './scope.ts';
import { type Failure, failure, isFailure, type Value } from './values.ts';

/** Of one expression: about a tenth of a second upstream. */
export const CALL_LIMIT = 1_000_000;

export interface Outcome {
  value: Value | Failure;
  cost: number;
}

export interface Program {
  /** `variables` are looked at as they are needed; a missing one is a failure. */
  evaluate(variables: (name: string) => Value | undefined, limit?: number): Outcome;
}

export const COST_EXCEEDED = 'operation cancelled: actual cost limit exceeded';

/** The program, or what cannot be made ready: constants that cannot be converted. */
export function createProgram(checked: Checked, environment: Environment): Program | Failure {
  try {
    const plan = createPlanner(checked, environment).plan(checked.expr);
    return {
      evaluate(variables, limit = CALL_LIMIT) {
        const run: Run = { cost: 0, limit };
        const scope: Scope = { run, find: variables };
        try {
          const value = plan.evaluate(scope);
          return { value, cost: run.cost };
        } catch (error) {
          if (!(error instanceof CostExceeded)) throw error;
          return { value: failure(COST_EXCEEDED), cost: run.cost };
        }
      },
    };
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    return failure(error.message);
  }
}

export const isProgram = (program: Program | Failure): program is Program => !isFailure(program);
