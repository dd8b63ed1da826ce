// An expression for a purpose: in an environment, with a type it must have. What is wrong with it is told in the words
// of k8s.io/apiserver pkg/admission/plugin/cel/compile.go.
import type { Checked } from './checker.ts';
import { compile } from './compile.ts';
import type { Environment } from './environment.ts';
import { createProgram, isProgram, type Program } from './program.ts';
import { formatType, sameType, type Type } from './types.ts';

export interface Expression {
  checked: Checked;
  program: Program;
  /** What it gives. */
  type: Type;
}

export interface ExpressionFault {
  program?: never;
  problem: string;
  /** It is well-formed, but cannot be made ready to run. */
  isInternal: boolean;
}

/** Without `returns` it may give anything. */
export function compileExpression(
  text: string,
  environment: Environment,
  returns?: readonly Type[],
): Expression | ExpressionFault {
  const { checked, problem } = compile(text, environment);
  if (!checked) return { problem: `compilation failed: ${problem}`, isInternal: false };
  const { type } = checked;
  if (returns && !returns.some((wanted) => sameType(wanted, type))) {
    const shown = returns.map(formatType);
    const wanted = shown.length === 1 ? shown[0] : `one of [${shown.join(' ')}]`;
    return { problem: `must evaluate to ${wanted} but got ${formatType(type)}`, isInternal: false };
  }
  const program = createProgram(checked, environment);
  if (isProgram(program)) return { checked, program, type };
  return { problem: `program instantiation failed: ${program.message}`, isInternal: true };
}
