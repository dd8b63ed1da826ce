// What a validating policy says of a request, with one binding and one set of params (k8s.io/apiserver
// pkg/admission/plugin/policy/validating/validator.go).
import { AUDIT_VALUE, CONDITION, MESSAGE } from '../../../api/admissionregistration/expressions.ts';
import type { ValidatingAdmissionPolicy, Validation } from '../../../api/types/admissionregistration/v1.ts';
import { createActivation, type Subject } from '../expressions/activation.ts';
import { conditionsMet } from '../expressions/conditions.ts';
import {
  type Budget,
  type CompiledExpression,
  compile,
  evaluate,
  OutOfBudget,
  POLICY_BUDGET,
} from '../expressions/expression.ts';
import { type CompiledPolicy, compilePolicy } from './compiled.ts';

export interface ValidatingPolicy extends CompiledPolicy {
  failurePolicy: string | undefined;
  validations: readonly {
    given: Validation;
    expression: CompiledExpression;
    message: CompiledExpression | undefined;
  }[];
  /** They are evaluated for what goes wrong with them: there is no audit log to write them to. */
  annotations: readonly CompiledExpression[];
}

export function compileValidatingPolicy({ spec }: ValidatingAdmissionPolicy): ValidatingPolicy {
  const compiled = compilePolicy(spec);
  const { scope } = compiled;
  return {
    ...compiled,
    failurePolicy: spec.failurePolicy,
    validations: (spec.validations ?? []).map((given) => ({
      given,
      expression: compile(given.expression, scope, CONDITION),
      message: given.messageExpression
        ? compile(given.messageExpression, { ...scope, hasAuthorizer: false }, MESSAGE)
        : undefined,
    })),
    annotations: (spec.auditAnnotations ?? []).map(({ valueExpression }) =>
      compile(valueExpression, scope, AUDIT_VALUE),
    ),
  };
}

export interface Denial {
  message: string;
  /** Undefined where the policy itself failed. */
  reason?: string;
  /** Of an audit annotation: no binding can turn it into a warning. */
  always?: boolean;
}

/** Why the request should not pass; nothing where it should. */
export function judge(policy: ValidatingPolicy, subject: Subject): Denial[] {
  const fails = policy.failurePolicy !== 'Ignore';
  const failed = (message: string): Denial[] => (fails ? [{ message }] : []);
  const { met, problem } = conditionsMet(policy.conditions, subject, policy.failurePolicy);
  if (problem !== undefined) return failed(problem);
  if (!met) return [];
  try {
    return [...validate(policy, subject, failed), ...annotate(policy, subject, fails)];
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    return failed(error.message);
  }
}

function validate(policy: ValidatingPolicy, subject: Subject, failed: (message: string) => Denial[]): Denial[] {
  const budget = { left: POLICY_BUDGET };
  const activation = createActivation(subject);
  const results = policy.validations.map((one) => ({ ...one, ...evaluate(one.expression, activation, budget) }));
  return results.flatMap(({ given, message, value, error }) => {
    if (error !== undefined) return failed(error);
    if (value === true) return [];
    try {
      return [{ message: messageOf(given, { message, subject, budget }), reason: given.reason ?? 'Invalid' }];
    } catch (thrown) {
      if (!(thrown instanceof OutOfBudget)) throw thrown;
      return failed(`failed messageExpression: ${thrown.message}`);
    }
  });
}

const MAX_MESSAGE_BYTES = 5 * 1024;

/** A message that fails, is empty, too long or of several lines counts as none. */
function messageOf(
  given: Validation,
  { message, subject, budget }: { message: CompiledExpression | undefined; subject: Subject; budget: Budget },
): string {
  const { value } = message ? evaluate(message, createActivation(subject), budget) : {};
  const text = typeof value === 'string' ? value.trim() : '';
  if (text && Buffer.byteLength(text) <= MAX_MESSAGE_BYTES && !text.includes('\n')) return text;
  return given.message?.trim() || `failed expression: ${given.expression.trim()}`;
}

function annotate(policy: ValidatingPolicy, subject: Subject, fails: boolean): Denial[] {
  const budget = { left: POLICY_BUDGET };
  const activation = createActivation(subject);
  const errors = policy.annotations.map((expression) => evaluate(expression, activation, budget).error);
  return fails ? errors.flatMap((message) => (message === undefined ? [] : [{ message, always: true }])) : [];
}
