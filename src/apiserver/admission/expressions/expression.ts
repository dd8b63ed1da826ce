// Expressions of webhooks and policies: compiled once, run within a budget that several of them share
// (k8s.io/apiserver pkg/admission/plugin/cel/{compile,activation,condition}.go).
import {
  compileExpression,
  type PolicyScope,
  policyEnvironment,
} from '../../../api/admissionregistration/expressions.ts';
import type { Program } from '../../../cel/program.ts';
import type { Type } from '../../../cel/types.ts';
import { isFailure, type Value } from '../../../cel/values.ts';
import type { Activation } from './activation.ts';

/** Of all expressions of a policy for a request. */
export const POLICY_BUDGET = 10_000_000;
/** Of all match conditions of a webhook or policy for a request. */
export const CONDITION_BUDGET = 2_500_000;

export interface CompiledExpression {
  text: string;
  /** Either this or the problem. */
  program?: Program;
  problem?: string;
  type?: Type;
}

/** Without `returns` it may give anything. What was stored compiles, but for what an older server let through. */
export function compile(text: string, scope: PolicyScope, returns?: readonly Type[]): CompiledExpression {
  const { program, ...rest } = compileExpression(text, policyEnvironment(scope), returns);
  if (program && 'type' in rest) return { text, program, type: rest.type };
  return { text, problem: 'problem' in rest ? rest.problem : '' };
}

export type Evaluation = { value: Value; error?: never } | { error: string; value?: never };

export interface Budget {
  left: number;
}

/** No expression after it is run. */
export class OutOfBudget extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run');
  }
}

/** Throws OutOfBudget. */
export function evaluate(expression: CompiledExpression, activation: Activation, budget: Budget): Evaluation {
  const { program, problem, text } = expression;
  if (!program) return { error: `compilation error: ${problem}` };
  const { value, cost } = program.evaluate(activation.find);
  budget.left -= cost + activation.takeVariablesCost();
  if (budget.left < 0) throw new OutOfBudget();
  return isFailure(value) ? { error: `expression '${text}' resulted in error: ${value.message}` } : { value };
}
