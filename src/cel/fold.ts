// Folds over lists and maps, which macros become (cel-go interpreter/interpretable.go evalFold).
import { itemsOf } from './collections.ts';
import type { Plan } from './plan.ts';
import type { Scope } from './scope.ts';
import type { Comprehension, Expr } from './syntax.ts';
import { failure, isDict, isFailure, isList, kindOf, type Value } from './values.ts';

export function planFold(expr: Comprehension, plan: (expr: Expr) => Plan): Plan {
  const range = plan(expr.range);
  const start = plan(expr.start);
  const condition = plan(expr.condition);
  const step = plan(expr.step);
  const result = plan(expr.result);
  const { accumulator, variable, variable2 } = expr;

  const evaluate = (outer: Scope): Value => {
    let total: Value | undefined;
    let [first, second]: [Value | undefined, Value | undefined] = [undefined, undefined];
    let isDone = false;
    const scope: Scope = {
      run: outer.run,
      find(name) {
        // The start is worked out, and paid for, when it is first asked for.
        if (name === accumulator) {
          total ??= start.evaluate(outer);
          return total;
        }
        if (!isDone && name === variable) return first;
        if (!isDone && name === variable2) return second;
        return outer.find(name);
      },
    };
    const values = range.evaluate(outer);
    if (isFailure(values)) return values;
    const pairs = pairsOf(values, variable2 !== undefined);
    if (!pairs) return failure(`got '${kindOf(values)}', expected iterable type`);
    for (const [one, other] of pairs) {
      first = one;
      second = other;
      const goesOn = condition.evaluate(scope);
      if (goesOn === false) break;
      total = step.evaluate(scope);
    }
    isDone = true;
    return result.evaluate(scope);
  };
  return { evaluate };
}

/** Items, or keys; with two variables index and item, or key and value. */
function pairsOf(values: Value, hasTwo: boolean): Iterable<[Value, Value | undefined]> | undefined {
  if (isList(values)) {
    const list = values;
    return (function* () {
      let index = 0n;
      for (const item of itemsOf(list)) yield hasTwo ? [index++, item] : [item, undefined];
    })();
  }
  if (!isDict(values)) return undefined;
  const dict = values;
  return dict.keys().map((key): [Value, Value | undefined] => [key, hasTwo ? dict.find(key) : undefined]);
}
