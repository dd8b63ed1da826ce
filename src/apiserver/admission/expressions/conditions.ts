// matchConditions: one that is false means that the request is not meant; one that fails is judged by the failure policy
// (k8s.io/apiserver pkg/admission/plugin/webhook/matchconditions/matcher.go).
import { CONDITION, type PolicyScope } from '../../../api/admissionregistration/expressions.ts';
import type { MatchCondition } from '../../../api/types/admissionregistration/v1.ts';
import { aggregate } from '../request.ts';
import { createActivation, type Subject } from './activation.ts';
import { CONDITION_BUDGET, type CompiledExpression, compile, evaluate, OutOfBudget } from './expression.ts';

export const compileConditions = (
  conditions: readonly MatchCondition[] | undefined,
  scope: PolicyScope,
): readonly CompiledExpression[] => (conditions ?? []).map(({ expression }) => compile(expression, scope, CONDITION));

export type Met = { met: boolean; problem?: never } | { problem: string; met?: never };

export function conditionsMet(
  conditions: readonly CompiledExpression[],
  subject: Subject,
  failurePolicy: string | undefined,
): Met {
  if (conditions.length === 0) return { met: true };
  const activation = createActivation(subject);
  const budget = { left: CONDITION_BUDGET };
  const problems: string[] = [];
  try {
    const evaluations = conditions.map((condition) => evaluate(condition, activation, budget));
    if (evaluations.some(({ value }) => value === false)) return { met: false };
    problems.push(...evaluations.flatMap(({ error }) => (error === undefined ? [] : [error])));
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    problems.push(error.message);
  }
  if (problems.length === 0) return { met: true };
  return failurePolicy === 'Ignore' ? { met: false } : { problem: aggregate(problems) };
}
