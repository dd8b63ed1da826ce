// What an expression can cost at most, from how large its data can be (cel-go checker/cost.go). CRDs are refused by
// these numbers, so they are upstream's to the digit.
import { LIST_COST, MAP_COST, STRUCT_COST, TRAVERSAL } from './call-cost.ts';
import type { Checked } from './checker.ts';
import type { DeclaredType } from './declared-type.ts';
import { type Estimate, fixed, NOTHING, ONE, plus, scaled, sum, times, UNKNOWN, union } from './estimate.ts';
import { estimateCall } from './estimate-call.ts';
import { ACCUMULATOR, type Call, type Comprehension, type Expr, type ListExpr, type MapExpr } from './syntax.ts';
import { DYN, firstParam, isOptional, type Type } from './types.ts';
import { kindOf, lengthOf, type Value } from './values.ts';

/** A node as calls see it. */
export interface CostNode {
  readonly expr: Expr | undefined;
  readonly type: Type;
  /** From a variable down: names, @items, @values, @keys. Undefined for what is no selection. */
  readonly path: readonly string[] | undefined;
  readonly size: Estimate | undefined;
}

/** Sizes of the items, or of the keys and values, of a list or map. */
interface Entries {
  readonly container: 'list' | 'map';
  readonly key: Estimate;
  readonly value: Estimate;
}

interface Local {
  readonly path: readonly string[];
  readonly size: Estimate | undefined;
  readonly entries: Entries | undefined;
}

/** `variables` are the types of those whose sizes are known. */
export function estimateCost(checked: Checked, variables: ReadonlyMap<string, DeclaredType>): Estimate {
  return createCoster(checked, variables).cost(checked.expr);
}

/** How many elements a value at a path can have. */
function sizeAt(path: readonly string[], variables: ReadonlyMap<string, DeclaredType>): Estimate | undefined {
  let type = variables.get(path[0] ?? '');
  // Upstream knows one root only, whatever the name before it.
  if (!type && path.length > 0) [type] = variables.values();
  for (const step of path.slice(1)) {
    if (!type) return undefined;
    type = step === '@items' || step === '@values' ? type.item : step === '@keys' ? type.key : type.fields?.get(step);
  }
  return type && path.length > 0 ? { min: 0n, max: BigInt(type.maxElements) } : undefined;
}

function createCoster({ types, names, calls }: Checked, variables: ReadonlyMap<string, DeclaredType>) {
  const paths = new Map<Expr, readonly string[]>();
  const sizes = new Map<Expr, Estimate>();
  const entrySizes = new Map<Expr, Entries>();
  const locals = new Map<string, Local[]>();

  const typeOf = (expr: Expr): Type => types.get(expr) ?? DYN;
  const local = (name: string): Local | undefined => locals.get(name)?.at(-1);
  const push = (name: string, one: Local): void => void locals.set(name, [...(locals.get(name) ?? []), one]);
  const pop = (name: string): void => void locals.get(name)?.pop();
  const nameOf = (expr: Expr): string | undefined => (expr.kind === 'ident' ? expr.name : names.get(expr));
  const pathOf = (expr: Expr): readonly string[] => {
    const name = nameOf(expr);
    return (name !== undefined ? local(name)?.path : undefined) ?? paths.get(expr) ?? [];
  };

  function cost(expr: Expr): Estimate {
    const name = nameOf(expr);
    if (name !== undefined && expr.kind !== 'struct') {
      paths.set(expr, local(name)?.path ?? [name]);
      return ONE;
    }
    switch (expr.kind) {
      case 'literal':
      case 'ident':
        return NOTHING;
      case 'select': {
        const operand = cost(expr.operand);
        if (expr.testOnly) return operand;
        paths.set(expr, [...pathOf(expr.operand), expr.field]);
        return ['map', 'struct', 'param'].includes(typeOf(expr.operand).kind) ? plus(operand, ONE) : operand;
      }
      case 'call':
        return callCost(expr);
      case 'list':
        return listCost(expr);
      case 'map':
        return mapCost(expr);
      case 'struct':
        return plus(sum(expr.fields.map(({ value }) => cost(value))), fixed(STRUCT_COST));
      case 'comprehension':
        return isBinding(expr) ? bindingCost(expr) : foldCost(expr);
    }
  }

  function callCost(call: Call): Estimate {
    const resolution = calls.get(call);
    const target = resolution?.isQualified ? undefined : call.target;
    const fn = resolution?.name ?? call.fn;
    if (fn === 'dyn') {
      const [arg] = call.args as [Expr];
      const total = plus(ONE, cost(arg));
      copySizes(call, arg);
      return total;
    }
    const argCosts = call.args.map(cost);
    const args = call.args.map(nodeOf);
    const overloads = resolution?.overloads ?? [];
    if (fn !== '_?._' && overloads.length === 0) return NOTHING;
    const targetCost = target ? cost(target) : NOTHING;
    const targetNode = target ? nodeOf(target) : undefined;
    let total: Estimate | undefined;
    let size: Estimate | undefined;
    for (const id of fn === '_?._' ? ['select_optional_field'] : overloads.map((overload) => overload.id)) {
      const its = overloadCost(call, { fn, id, target: targetNode, args, argCosts });
      total = total ? union(total, its.cost) : its.cost;
      if (its.size) size = size ? union(size, its.size) : its.size;
      if (id === 'index_list' || id === 'index_map') {
        const [operand] = call.args as [Expr];
        size = entriesOf(operand)?.value;
        paths.set(call, [...pathOf(operand), id === 'index_list' ? '@items' : '@values']);
      }
      size ??= sizeOf(call);
    }
    if (size) sizes.set(call, size);
    return plus(targetCost, total ?? NOTHING);
  }

  interface Overloaded {
    fn: string;
    id: string;
    target: CostNode | undefined;
    args: readonly CostNode[];
    argCosts: readonly Estimate[];
  }

  function overloadCost(
    call: Call,
    { fn, id, target, args, argCosts }: Overloaded,
  ): { cost: Estimate; size?: Estimate } {
    const all = sum(argCosts);
    const own = estimateCall(fn, id, { target, args, sizeOf: sizeOfNode });
    if (own) return { ...own, cost: plus(own.cost, all) };
    switch (id) {
      case 'logical_or':
      case 'logical_and': {
        const [left, right] = argCosts as [Estimate, Estimate];
        return { cost: { min: left.min, max: plus(left, right).max } };
      }
      case 'conditional': {
        const [condition, yes, no] = argCosts as [Estimate, Estimate, Estimate];
        const [, ifYes, ifNo] = call.args as [Expr, Expr, Expr];
        setEntries(call, joined(entriesOf(ifYes), entriesOf(ifNo)));
        return { cost: plus(condition, union(yes, no)), size: union(knownSize(ifYes), knownSize(ifNo)) };
      }
      case 'add_string':
      case 'add_bytes':
      case 'add_list': {
        const [left, right] = call.args as [Expr, Expr];
        setEntries(call, joined(entriesOf(left), entriesOf(right)));
        const size = plus(knownSize(left), knownSize(right));
        return { cost: plus(id === 'add_list' ? ONE : traversal(size), all), size };
      }
      default:
        return { cost: plus(ONE, all) };
    }
  }

  function listCost(expr: ListExpr): Estimate {
    let total = NOTHING;
    let items: Estimate = expr.items.length === 0 ? NOTHING : EMPTY_UNION;
    for (const item of expr.items) {
      total = plus(total, cost(item));
      items = union(items, knownSize(item));
    }
    entrySizes.set(expr, { container: 'list', key: ONE, value: items });
    return plus(total, fixed(LIST_COST));
  }

  function mapCost(expr: MapExpr): Estimate {
    let total = NOTHING;
    let keys: Estimate = expr.entries.length === 0 ? NOTHING : EMPTY_UNION;
    let values = keys;
    for (const { key, value } of expr.entries) {
      total = plus(plus(total, cost(key)), cost(value));
      keys = union(keys, knownSize(key));
      values = union(values, knownSize(value));
    }
    entrySizes.set(expr, { container: 'map', key: keys, value: values });
    return plus(total, fixed(MAP_COST));
  }

  function foldCost(expr: Comprehension): Estimate {
    const range = cost(expr.range);
    const start = cost(expr.start);
    push(expr.accumulator, { path: pathOf(expr.start), size: sizeOf(expr.start), entries: entriesOf(expr.start) });
    const entries = entriesOf(expr.range);
    const isList = (entries?.container ?? typeOf(expr.range).kind) === 'list';
    const path = pathOf(expr.range);
    if (expr.variable2 !== undefined) {
      push(expr.variable, { path: [...path, isList ? '@indices' : '@keys'], size: entries?.key, entries: undefined });
      push(expr.variable2, {
        path: [...path, isList ? '@items' : '@values'],
        size: entries?.value,
        entries: undefined,
      });
    } else {
      const size = isList ? entries?.value : entries?.key;
      push(expr.variable, { path: [...path, isList ? '@items' : '@keys'], size, entries: undefined });
    }
    const loop = cost(expr.condition);
    const step = cost(expr.step);
    pop(expr.variable);
    if (expr.variable2 !== undefined) pop(expr.variable2);
    const result = cost(expr.result);
    pop(expr.accumulator);
    const count = knownSize(expr.range);
    if (expr.start.kind === 'literal') {
      const size = sizeOf(expr.start);
      if (size) sizes.set(expr, size);
    } else if (expr.start.kind === 'list' || expr.start.kind === 'map') {
      sizes.set(expr, count);
      setEntries(expr, entriesOf(expr.step));
    }
    return sum([range, start, result, times(count, plus(step, loop))]);
  }

  /** A name for a value, as optMap() and sortBy() make it. */
  const isBinding = ({ range, condition, accumulator }: Comprehension): boolean =>
    range.kind === 'list' &&
    range.items.length === 0 &&
    condition.kind === 'literal' &&
    condition.value === false &&
    accumulator !== '__result__';

  function bindingCost(expr: Comprehension): Estimate {
    const before = plus(cost(expr.range), cost(expr.start));
    push(expr.accumulator, { path: pathOf(expr.start), size: sizeOf(expr.start), entries: entriesOf(expr.start) });
    const result = cost(expr.result);
    pop(expr.accumulator);
    copySizes(expr, expr.result);
    return plus(before, result);
  }

  function nodeOf(expr: Expr): CostNode {
    const path = pathOf(expr);
    const isAccumulator = path[0] === ACCUMULATOR || path[0] === '__result__';
    return { expr, type: typeOf(expr), path: isAccumulator ? undefined : path, size: sizeOf(expr) };
  }

  function sizeOf(expr: Expr): Estimate | undefined {
    const known = sizes.get(expr) ?? literalSize(expr);
    if (known) return known;
    const found = sizeAt(pathOf(expr), variables);
    if (found) {
      sizes.set(expr, found);
      return found;
    }
    if (isScalar(typeOf(expr))) return ONE;
    const name = nameOf(expr);
    return name === undefined ? undefined : local(name)?.size;
  }

  const knownSize = (expr: Expr): Estimate => sizeOf(expr) ?? UNKNOWN;
  const sizeOfNode = ({ size, path }: CostNode): Estimate => size ?? sizeAt(path ?? [], variables) ?? UNKNOWN;

  function entriesOf(expr: Expr): Entries | undefined {
    const name = nameOf(expr);
    return entrySizes.get(expr) ?? (name === undefined ? undefined : local(name)?.entries);
  }

  function setEntries(expr: Expr, entries: Entries | undefined): void {
    if (entries) entrySizes.set(expr, entries);
  }

  function copySizes(to: Expr, from: Expr): void {
    const size = sizeOf(from);
    if (size) sizes.set(to, size);
    setEntries(to, entriesOf(from));
  }

  return { cost };
}

/** What a union of sizes begins with. */
const EMPTY_UNION: Estimate = { min: UNKNOWN.max, max: 0n };

const traversal = (size: Estimate): Estimate => scaled(size, TRAVERSAL);

function joined(a: Entries | undefined, b: Entries | undefined): Entries | undefined {
  return a && b && { container: a.container, key: union(a.key, b.key), value: union(a.value, b.value) };
}

function literalSize(expr: Expr): Estimate | undefined {
  switch (expr.kind) {
    case 'literal':
      return fixed(literalLength(expr.value));
    case 'list':
      return fixed(expr.items.length);
    case 'map':
      return fixed(expr.entries.length);
    default:
      return undefined;
  }
}

function literalLength(value: Value): number {
  if (kindOf(value) === 'string') return lengthOf(value as string);
  return value instanceof Uint8Array ? value.length : 1;
}

const SCALARS = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint']);
const isScalar = (type: Type): boolean => SCALARS.has(type.kind) || (isOptional(type) && isScalar(firstParam(type)));
