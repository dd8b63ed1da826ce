// How strategic merge treats lists that merge: items meet by their merge key, scalars by value, and the outcome is
// ordered by the patch first and by the live list second (strategicpatch/patch.go, normalizeElementOrder).
import { plainText } from '../go-text.ts';
import type { Json, JsonObject } from '../meta.ts';
import { rejected, unexpected } from '../status-error.ts';
import { isObject } from '../value.ts';

export const DIRECTIVE = '$patch';

export const noMergeKey = (item: JsonObject, mergeKey: string) =>
  unexpected(`map: ${plainText(item)} does not contain declared merge key: ${mergeKey}`);

export const badDirective = (item: JsonObject) =>
  unexpected(`unknown patch type: ${plainText(item[DIRECTIVE])} in map: ${plainText(item)}`);

/** The merge key's value of an item, or the item itself in a list of scalars. */
export function keyOf(item: Json, mergeKey: string): Json {
  if (mergeKey === '') return item;
  if (!isObject(item)) throw unexpected(`expected a map[string]interface {}, but received a ${goType(item)}`);
  if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item as JsonObject, mergeKey);
  return (item as JsonObject)[mergeKey] as Json;
}

/** Whether the items are maps. Lists of lists, which the first item tells, and of mixed items are refused. */
export function itemsAreMaps(...lists: readonly (readonly Json[])[]): boolean {
  const [first, ...others] = lists.flat().map(goType);
  if (first === '[]interface {}') throw rejected('lists of lists are not supported');
  if (others.some((kind) => kind !== first)) {
    throw unexpected(`list element types are not identical: ${plainText(lists as Json[])}`);
  }
  return first === 'map[string]interface {}';
}

export function goType(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  switch (typeof value) {
    case 'object':
      return 'map[string]interface {}';
    case 'bigint':
      return 'int64';
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64';
    case 'boolean':
      return 'bool';
    default:
      return 'string';
  }
}

/**
 * Orders `merged`: items named by `order` keep its order, the others the live list's, and each of the others comes
 * before the first item that followed it there.
 */
export function orderItems(
  merged: readonly Json[],
  { order, live, mergeKey }: { order: readonly Json[]; live: readonly Json[]; mergeKey: string },
): Json[] {
  const wanted = ranksOf(order, mergeKey);
  const before = ranksOf(live, mergeKey);
  const rank = (ranks: ReadonlyMap<string, number>, item: Json): number => ranks.get(identity(item, mergeKey)) ?? -1;
  const named = merged.filter((item) => rank(wanted, item) >= 0).toSorted((a, b) => rank(wanted, a) - rank(wanted, b));
  const others = merged.filter((item) => rank(wanted, item) < 0).toSorted((a, b) => rank(before, a) - rank(before, b));
  const result: Json[] = [];
  let next = 0;
  for (const item of named) {
    const place = rank(before, item);
    for (; next < others.length; next++) {
      const other = rank(before, others[next] as Json);
      if (other < 0 || place < 0 || other >= place) break;
      result.push(others[next] as Json);
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

/** What makes two items the same one, as text. */
export const identity = (item: Json, mergeKey: string): string => JSON.stringify(keyOf(item, mergeKey));

function ranksOf(items: readonly Json[], mergeKey: string): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const [i, item] of items.entries()) {
    const key = identity(item, mergeKey);
    if (!ranks.has(key)) ranks.set(key, i);
  }
  return ranks;
}

/** The patch's items must come in the order of $setElementOrder and be named by it. */
export function checkElementOrder(patch: readonly Json[], order: readonly Json[], mergeKey: string): void {
  if (patch.length === 0 || order.length === 0) return;
  let next = 0;
  const items = patch.filter((item) => !(isObject(item) && Object.hasOwn(item, DIRECTIVE)));
  for (const item of items) {
    const key = keyOf(item, mergeKey);
    while (next < order.length && keyOf(order[next] as Json, mergeKey) !== key) next++;
    if (next >= order.length) {
      throw unexpected(
        `The order in patch list:\n${plainText([...patch])}\n doesn't match $setElementOrder list:\n${plainText([...order])}\n`,
      );
    }
    next++;
  }
}
