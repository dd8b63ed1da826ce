// Equality of API values as the API sees it: an absent field, null, an empty list and an empty object are the same
// (apimachinery equality.Semantic), and so the order of keys.

/** Text that is the same for equal values, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(strip(value)) ?? '';
}

export const sameValue = (a: unknown, b: unknown): boolean => a === b || canonical(a) === canonical(b);

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => strip(item) ?? null);
  if (typeof value !== 'object') return value;
  if (value === null) return undefined;
  const entries = Object.entries(value)
    .map(([key, child]) => [key, strip(child)] as const)
    .filter(([, child]) => child !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
