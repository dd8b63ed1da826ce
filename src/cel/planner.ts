// Nodes → functions. What is constant is worked out at once, and costs nothing later.
import { type Attribute, attributeOf, conditionalAttribute, variableAttribute } from './attribute.ts';
import { LIST_COST, MAP_COST, STRUCT_COST } from './call-cost.ts';
import { planCall } from './calls.ts';
import type { Checked } from './checker.ts';
import { dictOfEntries, listOfValues } from './collections.ts';
import { type Environment, isTypeName } from './environment.ts';
import { planFold } from './fold.ts';
import { formatValue } from './format-value.ts';
import { constant, fromAttribute, type Plan } from './plan.ts';
import { charge, type Scope } from './scope.ts';
import type { Call, Expr, ListExpr, MapExpr, StructExpr } from './syntax.ts';
import { type Entry, failure, isFailure, isOptionalValue, typeValue, type Value } from './values.ts';

export function createPlanner({ types, names, calls }: Checked, environment: Environment) {
  function plan(expr: Expr): Plan {
    const name = names.get(expr);
    if (name !== undefined && expr.kind !== 'struct') {
      const isType = types.get(expr)?.kind === 'type' && isTypeName(environment, name);
      return isType ? constant(typeValue(name)) : fromAttribute(variableAttribute(name));
    }
    switch (expr.kind) {
      case 'literal':
        return constant(expr.value);
      case 'ident':
        return fromAttribute(variableAttribute(expr.name));
      case 'select':
        return select(plan(expr.operand), { key: constant(expr.field), optional: false, testOnly: expr.testOnly });
      case 'call':
        return call(expr);
      case 'list':
        return list(expr);
      case 'map':
        return map(expr);
      case 'struct':
        return struct(expr);
      case 'comprehension':
        return planFold(expr, plan);
    }
  }

  function attributeFor(operand: Plan): Attribute {
    return operand.attribute ?? attributeOf((scope) => operand.evaluate(scope));
  }

  function select(operand: Plan, step: { key: Plan; optional: boolean; testOnly: boolean }): Plan {
    const attribute = attributeFor(operand);
    const { key, optional, testOnly } = step;
    const { attribute: its } = key;
    const find = its ? (scope: Scope) => its.resolve(scope) : (scope: Scope) => key.evaluate(scope);
    attribute.select({ key: find, optional, testOnly });
    if (!testOnly) return fromAttribute(attribute);
    return {
      evaluate(scope) {
        const value = attribute.resolve(scope);
        return typeof value === 'object' && value !== null && isOptionalValue(value)
          ? value.value !== undefined
          : value;
      },
    };
  }

  function call(expr: Call): Plan {
    const resolution = calls.get(expr);
    const args = expr.target && !resolution?.isQualified ? [expr.target, ...expr.args] : expr.args;
    const fn = resolution?.name ?? expr.fn;
    switch (fn) {
      case '_?_:_': {
        const [condition, yes, no] = args.map(plan) as [Plan, Plan, Plan];
        const branches = { yes: attributeFor(yes), no: attributeFor(no) };
        const attribute = conditionalAttribute((scope) => condition.evaluate(scope), branches);
        return fromAttribute(attribute, 0);
      }
      case '_[_]':
      case '_[?_]':
      case '_?._': {
        const [operand, key] = args.map(plan) as [Plan, Plan];
        return select(operand, { key, optional: fn !== '_[_]', testOnly: false });
      }
      default:
        return planCall(fn, resolution?.overloads ?? [], { args: args.map(plan), environment });
    }
  }

  function list({ items, optional }: ListExpr): Plan {
    const plans = items.map(plan);
    const make = (scope: Scope | undefined): Value => {
      const values: Value[] = [];
      for (const [i, item] of plans.entries()) {
        const value = item.evaluate(scope as Scope);
        if (isFailure(value)) return value;
        if (!optional.has(i)) values.push(value);
        else if (!isOptionalValue(value)) {
          return failure(`cannot initialize optional list element from non-optional value ${formatValue(value)}`);
        } else if (value.value !== undefined) values.push(value.value);
      }
      return listOfValues(values);
    };
    if (plans.every(({ constant: value }) => value !== undefined)) return constant(make(undefined));
    return costing(make, LIST_COST);
  }

  function map({ entries }: MapExpr): Plan {
    const plans = entries.map(({ key, value, optional }) => ({ key: plan(key), value: plan(value), optional }));
    const make = (scope: Scope | undefined): Value => {
      const found: Entry[] = [];
      for (const { key: keyPlan, value: valuePlan, optional } of plans) {
        const key = keyPlan.evaluate(scope as Scope);
        if (isFailure(key)) return key;
        const value = valuePlan.evaluate(scope as Scope);
        if (isFailure(value)) return value;
        if (!optional) found.push({ key, value });
        else if (!isOptionalValue(value)) return notOptional(formatValue(key), value);
        else if (value.value !== undefined) found.push({ key, value: value.value });
      }
      return dictOfEntries(found);
    };
    const isConstant = plans.every(({ key, value }) => key.constant !== undefined && value.constant !== undefined);
    return isConstant ? constant(make(undefined)) : costing(make, MAP_COST);
  }

  const notOptional = (key: string, value: Value): Value =>
    failure(`cannot initialize optional entry '${key}' from non-optional value ${formatValue(value)}`);

  function struct(expr: StructExpr): Plan {
    const { fields } = expr;
    const typeName = names.get(expr) ?? expr.name;
    const plans = fields.map(({ name, value, optional }) => ({ name, value: plan(value), optional }));
    return costing((scope) => {
      const found: Entry[] = [];
      for (const { name, value: valuePlan, optional } of plans) {
        const value = valuePlan.evaluate(scope);
        if (isFailure(value)) return value;
        if (!optional) found.push({ key: name, value });
        else if (!isOptionalValue(value)) return notOptional(name, value);
        else if (value.value !== undefined) found.push({ key: name, value: value.value });
      }
      const made = dictOfEntries(found);
      return isFailure(made) ? made : { ...made, typeName };
    }, STRUCT_COST);
  }

  const costing = (make: (scope: Scope) => Value, cost: number): Plan => ({
    evaluate(scope) {
      const value = make(scope);
      charge(scope, cost);
      return value;
    },
  });

  return { plan };
}
