// What a library is: declarations (signatures.ts) and, by the ids of overloads, what they do.
import type { Value } from '../values.ts';

export interface Library {
  readonly declare: readonly string[];
  readonly implement: Readonly<Record<string, Implementation>>;
}

/** Gets what its overload declares; failures never reach it, except where it is not strict. */
export type Implementation = (...args: never[]) => Value;

/** Operands that have an order, by the words of upstream's ids. */
export const ORDERED = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'] as const;
