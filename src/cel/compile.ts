// From text to a typed tree, or to what is wrong with it in upstream's words.
import { type Checked, check } from './checker.ts';
import { describeProblems, type Problem } from './compile-error.ts';
import type { Environment } from './environment.ts';
import { parse } from './parser.ts';
import { validateLiterals } from './validators.ts';

export type Compiled = { checked: Checked; problem?: never } | { checked?: never; problem: string };

export function compile(source: string, environment: Environment): Compiled {
  const problems: Problem[] = [];
  const expr = parse(source, problems, { hasBind: environment.hasBind ?? false });
  const checked = expr && problems.length === 0 ? check(expr, environment, problems) : undefined;
  if (checked && problems.length === 0) validateLiterals(checked, problems);
  return checked && problems.length === 0 ? { checked } : { problem: describeProblems(problems, source) };
}
