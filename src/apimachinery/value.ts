// Looking at plain JSON values as values: equality, freezing, copying.

/** True when both are the same JSON, whatever the order of their keys. A key that is undefined counts as absent. */
export function canonicalEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => canonicalEqual(item, b[i]));
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const member = (of: Record<string, unknown>, key: string) => (Object.hasOwn(of, key) ? of[key] : undefined);
  // Values are compared once: from both sides, each level would double the work of the one below.
  return (
    Object.keys(left).every((key) => left[key] === undefined || canonicalEqual(left[key], member(right, key))) &&
    Object.keys(right).every((key) => right[key] === undefined || member(left, key) !== undefined)
  );
}

/** Freezes `value` and all it holds, and returns it. What is frozen already is taken to be frozen throughout. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) for (const item of value) deepFreeze(item);
  else for (const key in value) if (typeof value[key] === 'object') deepFreeze(value[key]);
  return Object.freeze(value);
}

/** A copy that may be changed freely. For JSON values only, of which structuredClone takes several times as long. */
export const deepCopy = <T>(value: T): T => copyOf(value) as T;

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const inner = copyOf((value as Record<string, unknown>)[key]);
    // Plain assignment would set the prototype.
    if (key === '__proto__') Object.defineProperty(copy, key, { value: inner, ...WRITABLE });
    else copy[key] = inner;
  }
  return copy;
}

const WRITABLE = { enumerable: true, configurable: true, writable: true } as const;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
