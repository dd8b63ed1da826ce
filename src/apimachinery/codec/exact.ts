// Integers of 64 bits that a double cannot hold are bigints in values, and only those. JSON has one form for both, but
// JSON.stringify refuses bigints and JSON.parse rounds; here is what makes them exact in both directions. Types of
// Kubernetes itself have no use for such numbers and get doubles (strict.ts); custom resources and free-form parts do.

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

/** The value of an integer's literal; undefined when it is beyond 64 bits, where Go takes a float. */
export function exactInteger(literal: string): number | bigint | undefined {
  const value = Number(literal);
  if (Number.isSafeInteger(value)) return value;
  const exact = BigInt(literal);
  return exact >= MIN && exact <= MAX ? exact : undefined;
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

/** Throws SyntaxError. */
export const parseStored = (text: string): unknown => JSON.parse(text, text.startsWith(' ') ? exactly : undefined);

const INTEGER = /^-?[0-9]+$/;

/** A reviver. `context.source` is the literal (ES2026). */
function exactly(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !source || !INTEGER.test(source)) return value;
  return exactInteger(source) ?? value;
}
