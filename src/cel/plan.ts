// A node made ready to run.
import type { Attribute } from './attribute.ts';
import { charge, type Scope } from './scope.ts';
import type { Value } from './values.ts';

/** What cannot be made ready: constants that cannot be converted, patterns that are none. */
export class ProgramError extends Error {}

export interface Plan {
  evaluate(scope: Scope): Value;
  /** Undefined for what is no constant. */
  constant?: Value;
  attribute?: Attribute;
}

export const constant = (value: Value): Plan => ({ constant: value, evaluate: () => value });

/** In place of itself an attribute costs one; a test of presence does not. */
export const fromAttribute = (attribute: Attribute, cost = 1): Plan => ({
  attribute,
  evaluate(scope) {
    const value = attribute.resolve(scope);
    charge(scope, cost);
    return value;
  },
});
