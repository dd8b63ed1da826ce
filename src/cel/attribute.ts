// Variables and results with what is selected of them: a.b[c]. Each step costs one, found or not
// (cel-go interpreter/attributes.go).
import { keyOf } from './collections.ts';
import { formatValue } from './format-value.ts';
import { charge, type Scope } from './scope.ts';
import {
  failure,
  isDict,
  isFailure,
  isList,
  isOptionalValue,
  kindOf,
  NONE,
  numberFor,
  some,
  type Value,
} from './values.ts';

export interface Attribute {
  /** Without the cost of the variable itself. */
  resolve(scope: Scope): Value;
  select(step: Qualifier): void;
}

export interface Qualifier {
  /** What is selected, which may have to be found out first. */
  key(scope: Scope): Value;
  /** From here on what is missing makes it none. */
  optional: boolean;
  /** Only whether it is there. */
  testOnly: boolean;
}

export function attributeOf(base: (scope: Scope) => Value): Attribute {
  const steps: Qualifier[] = [];
  return {
    select: (step) => void steps.push(step),
    resolve: (scope) => follow(base(scope), steps, scope),
  };
}

export function variableAttribute(name: string): Attribute {
  return attributeOf((scope) => {
    const value = scope.find(name);
    return value === undefined ? failure(`no such attribute(s): ${name}`) : value;
  });
}

/** `condition ? yes : no`; what is selected of it is selected of either. */
export function conditionalAttribute(
  condition: (scope: Scope) => Value,
  { yes, no }: { yes: Attribute; no: Attribute },
): Attribute {
  return {
    select(step) {
      yes.select(step);
      no.select(step);
    },
    resolve(scope) {
      const value = condition(scope);
      if (value === true) return yes.resolve(scope);
      if (value === false) return no.resolve(scope);
      return isFailure(value) ? value : failure('no such overload');
    },
  };
}

function follow(start: Value, steps: readonly Qualifier[], scope: Scope): Value {
  if (isFailure(start) || steps.length === 0) return start;
  let isOptional = isOptionalValue(start);
  let value: Value = start;
  if (isOptionalValue(start)) {
    if (start.value === undefined) return start;
    value = start.value;
  }
  for (const step of steps) {
    isOptional ||= step.optional;
    const key = step.key(scope);
    if (isFailure(key)) {
      if (!isOptional) charge(scope, 1);
      return key;
    }
    const found = selected(value, key, isOptional || step.testOnly);
    if (step.testOnly && !isOptional) {
      charge(scope, 1);
      return isFailure(found) ? found : found !== undefined;
    }
    if (isOptional && (found === undefined || isFailure(found))) return found ?? NONE;
    charge(scope, 1);
    if (isFailure(found)) return found;
    value = found as Value;
  }
  return isOptional ? some(value) : value;
}

/** Undefined when it is missing and that is asked. */
function selected(value: Value, key: Value, asksPresence: boolean): Value | undefined {
  if (isDict(value)) {
    const found = value.find(key);
    if (found !== undefined) return found;
  } else if (isList(value)) {
    const index = indexOf(key);
    if (typeof index !== 'bigint') return index;
    if (index >= 0n && index < value.size) return value.at(Number(index));
    return asksPresence ? undefined : failure(`index out of bounds: ${formatValue(key)}`);
  } else if (keyOf(key) === undefined) return failure(`invalid qualifier type: ${kindOf(key)}`);
  return asksPresence ? undefined : failure(`no such key: ${formatValue(key)}`);
}

function indexOf(key: Value): Value {
  const number = numberFor(key);
  if (typeof number === 'bigint') return number;
  if (number !== undefined && Number.isInteger(number)) return BigInt(number);
  return number === undefined
    ? failure(`unsupported index type '${kindOf(key)}' in list`)
    : failure(`unsupported index value ${formatValue(key)} in list`);
}
