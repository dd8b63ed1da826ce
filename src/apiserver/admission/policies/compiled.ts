// What policies of both kinds have: conditions and variables, compiled in the order in which they may name each other.
import type { PolicyScope } from '../../../api/admissionregistration/expressions.ts';
import { variableType } from '../../../api/admissionregistration/expressions.ts';
import type {
  MatchCondition,
  Variable as NamedExpression,
  ParamKind,
} from '../../../api/types/admissionregistration/v1.ts';
import { DYN, type Type } from '../../../cel/types.ts';
import type { Variable } from '../expressions/activation.ts';
import { compileConditions } from '../expressions/conditions.ts';
import { type CompiledExpression, compile } from '../expressions/expression.ts';

export interface CompiledPolicy {
  conditions: readonly CompiledExpression[];
  variables: readonly Variable[];
  /** Of the policy's own expressions. */
  scope: PolicyScope;
}

export function compilePolicy(spec: {
  paramKind?: ParamKind;
  variables?: readonly NamedExpression[];
  matchConditions?: readonly MatchCondition[];
}): CompiledPolicy {
  const known = new Map<string, Type>();
  const common = { hasParams: spec.paramKind !== undefined, hasAuthorizer: true };
  const variables = (spec.variables ?? []).map(({ name, expression }) => {
    const compiled = compile(expression, { ...common, variables: new Map(known) });
    known.set(name, compiled.type ? variableType(compiled.type) : DYN);
    return { name, expression: compiled };
  });
  const scope = { ...common, variables: known };
  return { conditions: compileConditions(spec.matchConditions, scope), variables, scope };
}

/** Made for a policy when it is first needed, and kept as long as the policy is the same. */
export function keptFor<P extends object, C>(make: (policy: P) => C): (policy: P) => C {
  const made = new WeakMap<P, C>();
  return (policy) => {
    let found = made.get(policy);
    if (!found) {
      found = make(policy);
      made.set(policy, found);
    }
    return found;
  };
}
