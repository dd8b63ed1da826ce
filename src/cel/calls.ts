// Calls: which overload runs is known when the expression was checked, or found by the values.
import { callCost, costsByResult } from './call-cost.ts';
import { keyOf } from './collections.ts';
import { type Environment, findFunctionIn } from './environment.ts';
import { equal } from './equality.ts';
import { findImplementation, type Overload } from './library/index.ts';
import { compilePattern, isPatternError } from './pattern.ts';
import { constant, type Plan, ProgramError } from './plan.ts';
import { CostExceeded, charge, type Scope } from './scope.ts';
import { firstParam, isOptional, type Type } from './types.ts';
import {
  failure,
  isDict,
  isFailure,
  isList,
  isOptionalValue,
  kindOf,
  type List,
  typeNameOf,
  type Value,
} from './values.ts';

const CONVERSIONS = new Set([
  ...['bool', 'bytes', 'double', 'duration', 'dyn', 'int', 'string', 'timestamp', 'type', 'uint'],
]);

interface Context {
  args: readonly Plan[];
  environment: Environment;
}

export function planCall(fn: string, overloads: readonly Overload[], { args, environment }: Context): Plan {
  const overload = overloads.length === 1 ? (overloads[0] as Overload).id : '';
  switch (fn) {
    case '_&&_':
      return logic(args, false);
    case '_||_':
      return logic(args, true);
    case '_==_':
    case '_!=_':
      return comparison(fn, args as [Plan, Plan]);
    case 'or':
      return alternative(args as [Plan, Plan], (value) => value);
    case 'orValue':
      return alternative(args as [Plan, Plan], (value) => (isOptionalValue(value) ? (value.value ?? value) : value));
    case '@not_strictly_false':
      return {
        evaluate(scope) {
          const value = (args[0] as Plan).evaluate(scope);
          charge(scope, 1);
          return value !== false;
        },
      };
    case '@in': {
      const listed = args[1]?.constant;
      const members = overload === 'in_list' && listed !== undefined ? membership(listed as List) : undefined;
      if (members) return { evaluate: (scope) => member(members, (args[0] as Plan).evaluate(scope)) };
      break;
    }
    default:
  }
  const call = dispatch(fn, overloads, environment);
  const [only] = args;
  if (CONVERSIONS.has(fn) && args.length === 1 && only?.constant !== undefined) {
    const value = call([only.constant]);
    if (isFailure(value)) throw new ProgramError(value.message);
    return constant(value);
  }
  if (['matches', 'find', 'findAll'].includes(fn)) demandPattern(args[1]?.constant);
  return { evaluate: (scope) => strict(call, { fn, overload, args, scope }) };
}

/** The other side is only looked at when this one does not decide; it may decide over a failure. */
function logic(args: readonly Plan[], decisive: boolean): Plan {
  return {
    evaluate(scope) {
      let wrong: Value | undefined;
      for (const arg of args) {
        const value = arg.evaluate(scope);
        if (value === decisive) return decisive;
        if (typeof value !== 'boolean') wrong ??= isFailure(value) ? value : failure('no such overload');
      }
      return wrong ?? !decisive;
    },
  };
}

function comparison(fn: string, [left, right]: [Plan, Plan]): Plan {
  const overload = fn === '_==_' ? 'equals' : 'not_equals';
  return {
    evaluate(scope) {
      const values = [left.evaluate(scope), right.evaluate(scope)] as const;
      charge(scope, callCost(fn, overload, values));
      const failed = values.find(isFailure);
      if (failed) return failed;
      const same = equal(...values);
      return fn === '_==_' ? same : same !== true;
    },
  };
}

function alternative([left, right]: [Plan, Plan], take: (value: Value) => Value): Plan {
  return {
    evaluate(scope) {
      const value = left.evaluate(scope);
      if (!isOptionalValue(value)) return isFailure(value) ? value : failure('no such overload');
      return value.value === undefined ? right.evaluate(scope) : take(value);
    },
  };
}

/** Constants that can be looked up at once. */
function membership(list: List): ReadonlySet<string> | undefined {
  const members = new Set<string>();
  for (let i = 0; i < list.size; i++) {
    const key = keyOf(list.at(i));
    if (key === undefined) return undefined;
    members.add(key);
  }
  return members;
}

function member(members: ReadonlySet<string>, value: Value): Value {
  if (isFailure(value)) return value;
  const key = keyOf(value);
  return key !== undefined && members.has(key);
}

function demandPattern(pattern: Value | undefined): void {
  if (typeof pattern !== 'string') return;
  try {
    compilePattern(pattern);
  } catch (error) {
    if (!isPatternError(error)) throw error;
    throw new ProgramError(error.message);
  }
}

type Dispatch = (values: readonly Value[]) => Value;

function strict(
  call: Dispatch,
  { fn, overload, args, scope }: { fn: string; overload: string; args: readonly Plan[]; scope: Scope },
): Value {
  const values: Value[] = [];
  for (const arg of args) {
    const value = arg.evaluate(scope);
    // Of more than two arguments those after a failure are not looked at, and the call is not counted.
    if (args.length > 2 && isFailure(value)) return value;
    values.push(value);
  }
  const failed = values.find(isFailure);
  const isLater = costsByResult(fn, overload);
  // Before the work is done, so that it is not done when it is too much.
  if (!isLater || failed) charge(scope, callCost(fn, overload, values));
  if (failed) return failed;
  if (overload === 'lists_range' && (values[0] as bigint) > scope.run.limit) throw new CostExceeded();
  const result = call(values);
  if (isLater) charge(scope, callCost(fn, overload, values, result));
  return result;
}

function dispatch(fn: string, overloads: readonly Overload[], environment: Environment): Dispatch {
  const candidates = overloads.length === 1 ? overloads : (findFunctionIn(environment, fn)?.overloads ?? []);
  const ready = candidates.map(({ id, args }) => ({ args, run: findImplementation(id) }));
  const isKnown = overloads.length === 1;
  return (values) => {
    for (const { args, run } of ready) {
      if (run && args.length === values.length && args.every((type, i) => fits(type, values[i] as Value, isKnown))) {
        return (run as (...given: readonly Value[]) => Value)(...values);
      }
    }
    return failure('no such overload');
  };
}

/** Of lists the first item tells which of several overloads is meant. */
function fits(type: Type, value: Value, isKnown: boolean): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
      return true;
    case 'list':
      return isList(value) && (isKnown || value.size === 0 || fits(firstParam(type), value.at(0), isKnown));
    case 'map':
      return isDict(value);
    case 'opaque':
    case 'struct':
      return isOptional(type) ? isOptionalValue(value) : typeNameOf(value) === type.name;
    case 'null':
    case 'error':
      return value === null;
    default:
      return kindOf(value) === type.kind;
  }
}
