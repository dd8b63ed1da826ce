// The tree of an expression. Nodes know where they begin; what the checker finds out about them is kept beside.
import type { Value } from './values.ts';

interface At {
  /** Index in the source, in UTF-16 units. */
  readonly at: number;
}

export interface Literal extends At {
  readonly kind: 'literal';
  readonly value: Value;
}
export interface Ident extends At {
  readonly kind: 'ident';
  readonly name: string;
}
export interface Select extends At {
  readonly kind: 'select';
  readonly operand: Expr;
  readonly field: string;
  /** has(): only whether it is there. */
  readonly testOnly: boolean;
}
export interface Call extends At {
  readonly kind: 'call';
  readonly fn: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}
export interface ListExpr extends At {
  readonly kind: 'list';
  readonly items: readonly Expr[];
  /** Indices of `?item`, which is left out when it is none. */
  readonly optional: ReadonlySet<number>;
}
export interface MapExpr extends At {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
}
export interface MapEntry {
  readonly key: Expr;
  readonly value: Expr;
  readonly optional: boolean;
}
export interface StructExpr extends At {
  readonly kind: 'struct';
  readonly name: string;
  readonly fields: readonly StructField[];
}
export interface StructField extends At {
  readonly name: string;
  readonly value: Expr;
  readonly optional: boolean;
}
/** What macros become: a fold over a list or the keys of a map. */
export interface Comprehension extends At {
  readonly kind: 'comprehension';
  readonly range: Expr;
  readonly variable: string;
  /** Set where key and value (index and item) are named. */
  readonly variable2: string | undefined;
  readonly accumulator: string;
  readonly start: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

export type Expr = Literal | Ident | Select | Call | ListExpr | MapExpr | StructExpr | Comprehension;

/** No name in an expression can be this. */
export const ACCUMULATOR = '@result';

/** Every expression directly within. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'literal':
    case 'ident':
      return [];
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target ? [expr.target, ...expr.args] : expr.args;
    case 'list':
      return expr.items;
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return expr.fields.map(({ value }) => value);
    case 'comprehension':
      return [expr.range, expr.start, expr.condition, expr.step, expr.result];
  }
}

/** `a.b.c` of names only; undefined for anything else. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.testOnly) return undefined;
  const before = qualifiedName(expr.operand);
  return before === undefined ? undefined : `${before}.${expr.field}`;
}
