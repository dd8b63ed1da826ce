// Literals that cannot work are refused before anything runs: durations, times, patterns, formats, lists and maps of
// mixed types (cel-go cel/validator.go, ext/formatting.go).
import type { Checked } from './checker.ts';
import type { Problem } from './compile-error.ts';
import { clauseProblem, FormatError, parseFormat } from './library/format-string.ts';
import { findImplementation } from './library/index.ts';
import { compilePattern, isPatternError } from './pattern.ts';
import { type Call, type Expr, type ListExpr, type MapExpr, partsOf } from './syntax.ts';
import { DYN, firstParam, formatType, isDyn, sameType, type Type } from './types.ts';
import { isFailure, type Value } from './values.ts';

export function validateLiterals(checked: Checked, problems: Problem[]): void {
  const visit = (expr: Expr, inFormat: boolean): void => {
    const isFormat = expr.kind === 'call' && expr.fn === 'format';
    if (expr.kind === 'call') callProblems(expr, checked, problems);
    else if (!inFormat && expr.kind === 'list') mixedList(expr, checked, problems);
    else if (!inFormat && expr.kind === 'map') mixedMap(expr, checked, problems);
    for (const part of partsOf(expr)) visit(part, inFormat || isFormat);
  };
  visit(checked.expr, false);
}

const CONVERTED = new Set(['duration', 'timestamp']);

function callProblems(call: Call, checked: Checked, problems: Problem[]): void {
  const [arg] = call.args;
  if (arg?.kind === 'literal') {
    const refuse = () => problems.push({ at: arg.at, message: `invalid ${call.fn} argument` });
    const [overload] = CONVERTED.has(call.fn) ? (checked.calls.get(call)?.overloads ?? []) : [];
    const convert = overload && findImplementation(overload.id);
    if (convert && (arg.value === null || isFailure((convert as (value: Value) => Value)(arg.value)))) refuse();
    if (call.fn === 'matches' && typeof arg.value === 'string' && !isPattern(arg.value)) refuse();
  }
  if (call.fn === 'format' && call.target?.kind === 'literal' && arg?.kind === 'list') {
    formatProblems(call, String(call.target.value), { args: arg.items, checked, problems });
  }
}

function isPattern(pattern: string): boolean {
  try {
    compilePattern(pattern);
    return true;
  } catch (error) {
    if (!isPatternError(error)) throw error;
    return false;
  }
}

const same = (a: Type, b: Type): boolean => sameType(a, b);

function mixedList({ items, optional }: ListExpr, { types }: Checked, problems: Problem[]): void {
  let first: Type | undefined;
  for (const [i, item] of items.entries()) {
    const given = types.get(item) ?? DYN;
    const type = optional.has(i) ? firstParam(given) : given;
    first ??= type;
    if (same(first, type)) continue;
    mismatch(item, { expected: first, found: type, problems });
    return;
  }
}

function mixedMap({ entries }: MapExpr, { types }: Checked, problems: Problem[]): void {
  let first: { key: Type; value: Type } | undefined;
  for (const { key, value, optional } of entries) {
    const given = types.get(value) ?? DYN;
    const found = { key: types.get(key) ?? DYN, value: optional ? firstParam(given) : given };
    first ??= found;
    if (!same(first.key, found.key)) mismatch(key, { expected: first.key, found: found.key, problems });
    if (!same(first.value, found.value)) mismatch(value, { expected: first.value, found: found.value, problems });
  }
}

function mismatch(
  { at }: Expr,
  { expected, found, problems }: { expected: Type; found: Type; problems: Problem[] },
): void {
  problems.push({ at, message: `expected type '${formatType(expected)}' but found '${formatType(found)}'` });
}

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  s: ['list', 'map', 'int', 'uint', 'double', 'bool', 'string', 'timestamp', 'bytes', 'duration', 'type', 'null'],
  d: ['int', 'uint'],
  f: ['double', 'string'],
  e: ['double', 'string'],
  b: ['int', 'uint', 'bool'],
  x: ['int', 'uint', 'string', 'bytes'],
  X: ['int', 'uint', 'string', 'bytes'],
  o: ['int', 'uint'],
};

function formatProblems(
  call: Call,
  format: string,
  { args, checked, problems }: { args: readonly Expr[]; checked: Checked; problems: Problem[] },
): void {
  const refuse = (at: number, message: string) => problems.push({ at, message });
  try {
    let used = 0;
    for (const clause of parseFormat(format)) {
      if (typeof clause === 'string') continue;
      const arg = args[used];
      if (!arg) return void refuse(call.at, `index ${used} out of range`);
      used++;
      const type = checked.types.get(arg) ?? DYN;
      if (isDyn(type) || ALLOWED[clause.verb]?.includes(type.kind)) continue;
      return void refuse(arg.at, clauseProblem(clause.verb, type.name));
    }
    if (args.length > used) {
      refuse(call.at, `too many arguments supplied to string.format (expected ${used}, got ${args.length})`);
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    refuse(call.at, error.message);
  }
}
