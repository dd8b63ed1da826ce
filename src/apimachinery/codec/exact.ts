// Integers of 64 bits that a double cannot hold are bigints in values, and only those. JSON has one form for both, but
// JSON.stringify refuses bigints and JSON.parse rounds; here is what makes them exact in both directions. The server
// keeps them in fields of int64 and in what has no type of its own; clients get doubles, as over the network (`rounded`).
import { setField } from './decoded.ts';

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
/** Below 2^63, so that it can be sent back. */
const LARGEST_DOUBLE = 2 ** 63 - 1024;

/** The value of an integer's literal; undefined when it is beyond 64 bits, where Go takes a float. */
export function exactInteger(literal: string): number | bigint | undefined {
  const value = Number(literal);
  if (Number.isSafeInteger(value)) return value;
  const exact = BigInt(literal);
  return exact >= MIN && exact <= MAX ? exact : undefined;
}

/** The value of 64 bits in two's complement. */
export function integerOfBits(bits: bigint): number | bigint {
  const exact = BigInt.asIntN(64, bits);
  const value = Number(exact);
  return Number.isSafeInteger(value) ? value : exact;
}

/** `value` with doubles for bigints: itself when it has none, as nearly all have. */
export function rounded<T>(value: T): T {
  if (typeof value === 'bigint') return Math.min(Number(value), LARGEST_DOUBLE) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return roundedItems(value) as T;
  let copy: T | undefined;
  for (const key in value) {
    const inner = value[key];
    const result = typeof inner === 'string' ? inner : rounded(inner);
    if (result === inner) continue;
    // Keys such as __proto__ are copied as what they are.
    copy ??= { ...value };
    setField(copy as Record<string, unknown>, key, result);
  }
  return copy ?? value;
}

function roundedItems(items: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const result = rounded(items[i]);
    if (result !== items[i]) copy ??= [...items];
    if (copy) copy[i] = result;
  }
  return copy ?? items;
}

declare global {
  interface JSON {
    // Of ES2026; TypeScript's libraries do not have it yet.
    rawJSON(text: string): unknown;
  }
}

/** How many bigints JSON.stringify has met; storedJson looks whether it grew. */
const met = { count: 0 };

// A replacer at every place that writes JSON would cost more than the writing itself, for numbers hardly anybody has.
Object.defineProperty(BigInt.prototype, 'toJSON', {
  configurable: true,
  value(this: bigint) {
    met.count++;
    return JSON.rawJSON(String(this));
  },
});

/** JSON for parseStored: text with a bigint in it begins with a space, so that other text is read at full speed. */
export function storedJson(value: unknown): string {
  const before = met.count;
  const text = JSON.stringify(value);
  return met.count === before ? text : ` ${text}`;
}

/** Whether storedJson met a bigint when it wrote `text`. */
export const holdsBigints = (text: string): boolean => text.startsWith(' ');

/** Throws SyntaxError. */
export const parseStored = (text: string): unknown => JSON.parse(text, holdsBigints(text) ? exactly : undefined);

const INTEGER = /^-?[0-9]+$/;

/** A reviver. `context.source` is the literal (ES2026). */
function exactly(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !source || !INTEGER.test(source)) return value;
  return exactInteger(source) ?? value;
}
