// Rules of a schema (x-kubernetes-validations) as programs (apiextensions-apiserver pkg/apiserver/schema/cel
// compilation.go). An object's rules see it as self, and as it was as oldSelf.
import type { Checked } from '../../cel/checker.ts';
import { compile } from '../../cel/compile.ts';
import { estimateCost } from '../../cel/cost.ts';
import { type DeclaredType, declareType, MAX_REQUEST_BYTES, objectsOf } from '../../cel/declared-type.ts';
import { createProgram, isProgram, type Program } from '../../cel/program.ts';
import { BOOL, optionalOf, STRING, sameType, type Type } from '../../cel/types.ts';
import { normalisedPath } from './field-path.ts';
import type { Rule, Schema } from './schema.ts';

export interface CompiledRule {
  rule: Rule;
  /** Undefined when it is empty or wrong. */
  program?: Program;
  problem?: string;
  usesOldSelf: boolean;
  /** At most, of one object; how many there can be at most in a request. */
  cost: bigint;
  cardinality: bigint;
  message?: Program;
  messageProblem?: string;
  messageCost: bigint;
  /** Where its failures stand below the object; '' for at it. */
  fieldPath: string;
}

const OWN_TYPE = 'selfType';

/** Undefined when expressions cannot see such a schema. */
export function compileRules(schema: Schema, isRoot: boolean): CompiledRule[] | undefined {
  const declared = declareType(schema, OWN_TYPE, isRoot);
  if (!declared) return undefined;
  const cardinality = BigInt(Math.trunc(MAX_REQUEST_BYTES / (declared.minSize + 1)));
  return (schema['x-kubernetes-validations'] ?? []).map((rule) => ({
    ...compileRule(rule, declared),
    cardinality,
    fieldPath: rule.fieldPath ? (normalisedPath(rule.fieldPath, schema) ?? '') : '',
  }));
}

function compileRule(rule: Rule, declared: DeclaredType): Omit<CompiledRule, 'cardinality' | 'fieldPath'> {
  const compiled = { rule, usesOldSelf: false, cost: 0n, messageCost: 0n };
  if (!rule.rule?.trim()) return compiled;
  const context = { declared, optionalOldSelf: rule.optionalOldSelf === true };
  const main = compileExpression(rule.rule, { ...context, type: BOOL });
  const usesOldSelf = main.checked ? [...main.checked.names.values()].includes('oldSelf') : false;
  if (!main.program) {
    const lead =
      main.stage === 'type' ? '' : main.stage === 'program' ? 'program instantiation failed: ' : 'compilation failed: ';
    const problem = main.stage === 'type' ? 'cel expression must evaluate to a bool' : `${lead}${main.problem}`;
    return { ...compiled, usesOldSelf, problem };
  }
  const found = { ...compiled, program: main.program, usesOldSelf, cost: main.cost };
  if (!rule.messageExpression) return found;
  const message = compileExpression(rule.messageExpression, { ...context, type: STRING });
  if (message.program) return { ...found, message: message.program, messageCost: message.cost };
  return { ...found, messageProblem: messageProblem(message) };
}

function messageProblem({ stage, problem }: Failed): string {
  if (stage === 'type') return 'messageExpression must evaluate to a string';
  return `messageExpression ${stage === 'program' ? 'instantiation' : 'compilation'} failed: ${problem}`;
}

interface Ready {
  checked: Checked;
  program: Program;
  cost: bigint;
}
interface Failed {
  checked?: Checked;
  program?: never;
  stage: 'compile' | 'type' | 'program';
  problem: string;
}

function compileExpression(
  text: string,
  { declared, optionalOldSelf, type }: { declared: DeclaredType; optionalOldSelf: boolean; type: Type },
): Ready | Failed {
  const environment = {
    variables: new Map([
      ['self', declared.type],
      ['oldSelf', optionalOldSelf ? optionalOf(declared.type) : declared.type],
    ]),
    objects: objectsOf(declared),
  };
  const { checked, problem } = compile(text, environment);
  if (!checked) return { stage: 'compile', problem };
  if (!sameType(checked.type, type)) return { checked, stage: 'type', problem: '' };
  const program = createProgram(checked, environment);
  if (!isProgram(program)) return { checked, stage: 'program', problem: program.message };
  return { checked, program, cost: estimateCost(checked, new Map([['self', declared]])).max };
}
