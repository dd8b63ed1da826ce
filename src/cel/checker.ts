// Gives every node its type, and every call the overloads that its arguments allow (cel-go checker/checker.go).
import { assignAll, mostGeneral, substitute } from './assign.ts';
import type { Problem } from './compile-error.ts';
import { type Environment, findFunctionIn, findName } from './environment.ts';
import { escapeName } from './escaping.ts';
import type { FunctionDeclaration, Overload } from './library/index.ts';
import { type Call, type Comprehension, type Expr, type MapExpr, qualifiedName, type StructExpr } from './syntax.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DYN,
  ERROR,
  firstParam,
  formatArguments,
  formatType,
  INT,
  isDyn,
  isDynOrError,
  isOptional,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  paramType,
  STRING,
  sameType,
  secondParam,
  type Type,
  UINT,
} from './types.ts';
import { kindOf, type Value } from './values.ts';

export interface Resolution {
  /** The function, when it goes by a name with dots: a.b(c) is a call of a.b then, not of a member. */
  name: string;
  isQualified: boolean;
  overloads: readonly Overload[];
}

export interface Checked {
  expr: Expr;
  type: Type;
  types: ReadonlyMap<Expr, Type>;
  /** Names, also such with dots that look like selections. */
  names: ReadonlyMap<Expr, string>;
  calls: ReadonlyMap<Expr, Resolution>;
}

export function check(expr: Expr, environment: Environment, problems: Problem[]): Checked {
  const checker = createChecker(environment, problems);
  checker.check(expr, undefined);
  return checker.finish(expr);
}

/** Variables of folds, innermost first. */
interface Scope {
  name: string;
  type: Type;
  outer: Scope | undefined;
}

const LITERALS: Partial<Record<ReturnType<typeof kindOf>, Type>> = {
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bool: BOOL,
  bytes: BYTES,
  null: NULL,
};
const literalType = (value: Value): Type => LITERALS[kindOf(value)] ?? DYN;

function createChecker(environment: Environment, problems: Problem[]) {
  const types = new Map<Expr, Type>();
  const names = new Map<Expr, string>();
  const calls = new Map<Expr, Resolution>();
  const mapping = new Map<string, Type>();
  let freeNames = 0;

  const report = ({ at }: { at: number }, message: string): void => void problems.push({ at, message });
  const newParam = (): Type => paramType(`_var${freeNames++}`);
  const known = (type: Type): Type => substitute(mapping, type);
  const typeOfExpr = (expr: Expr): Type => types.get(expr) ?? ERROR;
  const assign = (from: Type, to: Type): boolean => assignAll(mapping, [from], [to]);
  const undeclared = (expr: Expr, name: string): Type => {
    report(expr, `undeclared reference to '${name}' (in container '')`);
    return ERROR;
  };
  const mismatch = (at: { at: number }, expected: Type, found: Type): void =>
    report(at, `expected type '${formatType(expected)}' but found '${formatType(found)}'`);

  function lookUp(name: string, scope: Scope | undefined): Type | undefined {
    for (let one = scope; one; one = one.outer) if (one.name === name) return one.type;
    return findName(environment, name);
  }

  function checkExpr(expr: Expr, scope: Scope | undefined): void {
    types.set(expr, inferred(expr, scope));
  }

  function inferred(expr: Expr, scope: Scope | undefined): Type {
    switch (expr.kind) {
      case 'literal':
        return literalType(expr.value);
      case 'ident': {
        const type = lookUp(expr.name, scope);
        if (!type) return undeclared(expr, expr.name);
        names.set(expr, expr.name);
        return type;
      }
      case 'select': {
        const name = qualifiedName(expr);
        const type = name === undefined ? undefined : lookUp(name, scope);
        if (type) {
          names.set(expr, name as string);
          return type;
        }
        const field = fieldOf(expr, expr.operand, { field: expr.field, optional: false, scope });
        return expr.testOnly ? BOOL : known(field);
      }
      case 'call':
        return callType(expr, scope);
      case 'list':
        return listType(expr.items, expr.optional, scope);
      case 'map':
        return mapType(expr, scope);
      case 'struct':
        return structTypeOf(expr, scope);
      case 'comprehension':
        return foldType(expr, scope);
    }
  }

  function fieldOf(
    expr: Expr,
    operand: Expr,
    { field, optional, scope }: { field: string; optional: boolean; scope: Scope | undefined },
  ): Type {
    checkExpr(operand, scope);
    const given = known(typeOfExpr(operand));
    const target = isOptional(given) ? firstParam(given) : given;
    let type = ERROR;
    switch (target.kind) {
      case 'map':
        type = secondParam(target);
        break;
      case 'struct':
        type = declaredField(expr, target, field);
        break;
      case 'param':
        assign(DYN, target);
        type = DYN;
        break;
      default:
        if (!isDynOrError(target)) report(expr, `type '${formatType(target)}' does not support field selection`);
        type = DYN;
    }
    return isOptional(given) || optional ? optionalOf(type) : type;
  }

  function declaredField(at: { at: number }, struct: Type, field: string): Type {
    const fields = environment.objects.get(struct.name)?.fields;
    // Reserved words are known as they are, and escaped.
    const found = fields?.get(field) ?? fields?.get(escapeName(field) ?? field);
    if (found) return found.type;
    report(at, environment.objects.get(struct.name) ? `undefined field '${field}'` : unresolved(struct));
    return ERROR;
  }
  const unresolved = (struct: Type): string => `unexpected failed resolution of '${struct.name}'`;

  function callType(expr: Call, scope: Scope | undefined): Type {
    if (expr.fn === '_?._') return optionalSelection(expr, scope);
    for (const arg of expr.args) checkExpr(arg, scope);
    const prefix = expr.target && qualifiedName(expr.target);
    const name = prefix === undefined ? expr.fn : `${prefix}.${expr.fn}`;
    const qualified = findFunctionIn(environment, name);
    if (!expr.target || (prefix !== undefined && qualified)) {
      return qualified ? resolve(expr, qualified, undefined) : undeclared(expr, expr.fn);
    }
    checkExpr(expr.target, scope);
    const member = findFunctionIn(environment, expr.fn);
    return member ? resolve(expr, member, expr.target) : undeclared(expr, expr.fn);
  }

  function optionalSelection(expr: Call, scope: Scope | undefined): Type {
    const [operand, name] = expr.args as [Expr, Expr];
    const field = name.kind === 'literal' ? (name.value as string) : '';
    types.set(name, STRING);
    calls.set(expr, { name: expr.fn, isQualified: false, overloads: [] });
    return known(fieldOf(expr, operand, { field, optional: true, scope }));
  }

  function resolve(expr: Call, fn: FunctionDeclaration, target: Expr | undefined): Type {
    const given = [...(target ? [target] : []), ...expr.args];
    const overloads: Overload[] = [];
    let result: Type | undefined;
    for (const overload of fn.overloads) {
      if (overload.isMember !== (target !== undefined)) continue;
      if (fn.name === '_&&_' || fn.name === '_||_') return logic(expr, overload);
      const fresh = new Map(overload.typeParams.map((name) => [name, newParam()]));
      const wanted = overload.args.map((arg) => substitute(fresh, arg));
      if (!assignAll(mapping, given.map(typeOfExpr), wanted)) continue;
      overloads.push(overload);
      const its = known(substitute(fresh, overload.result));
      if (!result) result = its;
      else if (!isDyn(result) && !sameType(its, result)) result = DYN;
    }
    calls.set(expr, { name: fn.name, isQualified: !target, overloads });
    if (result) return result;
    const shown = formatArguments(
      given.map((arg) => substitute(mapping, typeOfExpr(arg), true)),
      target !== undefined,
    );
    report(expr, `found no matching overload for '${fn.name}' applied to '${shown}'`);
    return ERROR;
  }

  function logic(expr: Call, overload: Overload): Type {
    let type = BOOL;
    for (const arg of expr.args) {
      if (assign(typeOfExpr(arg), BOOL)) continue;
      mismatch(arg, BOOL, typeOfExpr(arg));
      type = ERROR;
    }
    calls.set(expr, { name: expr.fn, isQualified: true, overloads: [overload] });
    return type;
  }

  function unwrapped(expr: Expr, optional: boolean): Type {
    const type = typeOfExpr(expr);
    if (!optional) return type;
    if (isOptional(type)) return firstParam(type);
    if (!isDyn(type)) mismatch(expr, optionalOf(type), type);
    return type;
  }

  /** Literals of mixed types are refused later, where it is known who may have them. */
  function joined(before: Type | undefined, type: Type): Type {
    if (!before) return type;
    return assign(before, type) ? mostGeneral(before, type) : DYN;
  }

  function listType(items: readonly Expr[], optional: ReadonlySet<number>, scope: Scope | undefined): Type {
    let type: Type | undefined;
    for (const [i, item] of items.entries()) {
      checkExpr(item, scope);
      type = joined(type, unwrapped(item, optional.has(i)));
    }
    return listOf(type ?? newParam());
  }

  function mapType({ entries }: MapExpr, scope: Scope | undefined): Type {
    let keys: Type | undefined;
    let values: Type | undefined;
    for (const { key, value, optional } of entries) {
      checkExpr(key, scope);
      keys = joined(keys, typeOfExpr(key));
      checkExpr(value, scope);
      values = joined(values, unwrapped(value, optional));
    }
    return mapOf(keys ?? newParam(), values ?? newParam());
  }

  function structTypeOf(expr: StructExpr, scope: Scope | undefined): Type {
    const named = findName(environment, expr.name);
    if (!named) return undeclared(expr, expr.name);
    let type = ERROR;
    if (named.kind !== 'type') report(expr, `'${named.name}' is not a type`);
    else {
      const struct = firstParam(named);
      if (struct.kind === 'struct') type = struct;
      else report(expr, `'${struct.name}' is not a message type`);
    }
    names.set(expr, expr.name);
    for (const field of expr.fields) {
      checkExpr(field.value, scope);
      const wanted = type.kind === 'struct' ? declaredField(field, type, field.name) : ERROR;
      const given = unwrapped(field.value, field.optional);
      if (assign(wanted, given)) continue;
      const shown = `'${formatType(wanted)}' but provided type is '${formatType(given)}'`;
      report(field, `expected type of field '${field.name}' is ${shown}`);
    }
    return type;
  }

  function foldType(expr: Comprehension, scope: Scope | undefined): Type {
    checkExpr(expr.range, scope);
    checkExpr(expr.start, scope);
    const range = known(typeOfExpr(expr.range));
    const accumulator = typeOfExpr(expr.start);
    const outer: Scope = { name: expr.accumulator, type: accumulator, outer: scope };
    const [first, second] = iterated(expr, range);
    let inner: Scope = { name: expr.variable, type: first, outer };
    if (expr.variable2 !== undefined) inner = { name: expr.variable2, type: second, outer: inner };
    checkExpr(expr.condition, inner);
    demand(expr.condition, BOOL);
    checkExpr(expr.step, inner);
    demand(expr.step, accumulator);
    checkExpr(expr.result, outer);
    return known(typeOfExpr(expr.result));
  }

  function demand(expr: Expr, type: Type): void {
    if (!assign(type, typeOfExpr(expr))) mismatch(expr, type, typeOfExpr(expr));
  }

  /** What the variables of a fold stand for. */
  function iterated({ range, variable2 }: Comprehension, type: Type): [Type, Type] {
    const hasTwo = variable2 !== undefined;
    switch (type.kind) {
      case 'list':
        return hasTwo ? [INT, firstParam(type)] : [firstParam(type), ERROR];
      case 'map':
        return [firstParam(type), secondParam(type)];
      case 'dyn':
      case 'error':
      case 'param':
        assign(DYN, type);
        return [DYN, DYN];
      default:
        report(
          range,
          `expression of type '${formatType(type)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
        return [ERROR, ERROR];
    }
  }

  function finish(expr: Expr): Checked {
    for (const [node, type] of types) types.set(node, substitute(mapping, type, true));
    return { expr, type: typeOfExpr(expr), types, names, calls };
  }

  return { check: checkExpr, finish };
}
