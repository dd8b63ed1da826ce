// Makes the nodes of one tree and keeps it from growing so deep that walking it would exhaust the stack.
import {
  ACCUMULATOR,
  type Comprehension,
  type Expr,
  type MapEntry,
  partsOf,
  qualifiedName,
  type StructField,
} from './syntax.ts';
import type { Value } from './values.ts';

/** Of all nodes, and of those that upstream counts. */
const MAX_DEPTH = 1000;
const MAX_COUNTED = 250;
/** Of nodes in all. The longest text makes fewer, unless macros repeat what they are called on time and again. */
const MAX_NODES = 300_000;
const COUNTED = new Set([
  ...['_<_', '_<=_', '_>=_', '_>_', '_==_', '_!=_', '@in', '_+_', '_-_', '_*_', '_/_', '_%_', '_?_:_', '_[_]'],
  ...['_[?_]', '_?._'],
]);

export class DepthError extends Error {}

const isCounted = (expr: Expr): boolean =>
  expr.kind === 'select' || (expr.kind === 'call' && (expr.target !== undefined || COUNTED.has(expr.fn)));

export type Nodes = ReturnType<typeof createNodes>;

export function createNodes() {
  const depths = new WeakMap<Expr, { all: number; counted: number; nodes: number }>();
  const made = (expr: Expr): Expr => {
    let [all, counted, nodes] = [0, 0, 1];
    for (const part of partsOf(expr)) {
      const depth = depths.get(part);
      all = Math.max(all, depth?.all ?? 0);
      counted = Math.max(counted, depth?.counted ?? 0);
      nodes += depth?.nodes ?? 1;
    }
    if (isCounted(expr)) counted++;
    if (++all > MAX_DEPTH || counted > MAX_COUNTED) throw new DepthError('max recursion depth exceeded');
    if (nodes > MAX_NODES)
      throw new DepthError(`expression has more than ${MAX_NODES} nodes after its macros are expanded`);
    depths.set(expr, { all, counted, nodes });
    return expr;
  };
  const ident = (at: number, name: string): Expr => made({ kind: 'ident', at, name });
  return {
    ident,
    accumulator: (at: number): Expr => ident(at, ACCUMULATOR),
    literal: (at: number, value: Value): Expr => made({ kind: 'literal', at, value }),
    select: (at: number, operand: Expr, field: string, testOnly = false): Expr =>
      made({ kind: 'select', at, operand, field, testOnly }),
    call: (at: number, fn: string, args: readonly Expr[], target?: Expr): Expr =>
      made({ kind: 'call', at, fn, target, args }),
    list: (at: number, items: readonly Expr[], optional: ReadonlySet<number> = new Set()): Expr =>
      made({ kind: 'list', at, items, optional }),
    map: (at: number, entries: readonly MapEntry[]): Expr => made({ kind: 'map', at, entries }),
    struct: (at: number, name: string, fields: readonly StructField[]): Expr =>
      made({ kind: 'struct', at, name, fields }),
    comprehension: (at: number, parts: Omit<Comprehension, 'kind' | 'at'>): Expr =>
      made({ kind: 'comprehension', at, ...parts }),
    /** The name before `{`, when it is one. */
    messageName: (expr: Expr): string | undefined => qualifiedName(expr),
  };
}
