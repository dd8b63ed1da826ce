// Lays an applied configuration over the live object (typed/merge.go of structured-merge-diff): leaves of the
// configuration win, lists that merge keep the live items and take the configuration's order.
import { setField } from '../../codec/decoded.ts';
import type { Json, JsonObject } from '../../meta.ts';
import { byElement } from './compare.ts';
import { ItemError, itemElement, type ListShape, type MapShape, type Shape, treat } from './shape.ts';

type Maybe = Json | undefined;

/** Undefined when nothing is left. Parts of both are shared with the result. */
export function mergeValues(live: Maybe, applied: Maybe, shape: Shape): Maybe {
  const winner = applied === undefined ? live : applied;
  const treated = treat(shape, applied === undefined || applied === null ? live : applied);
  const other = treat(shape, live === undefined || live === null ? applied : live);
  if (treated.as === 'leaf' || other.as !== treated.as || (isBlank(live) && isBlank(applied))) return winner;
  if (treated.as === 'list') return mergeLists((live ?? []) as Json[], (applied ?? []) as Json[], treated.list);
  return mergeMaps((live ?? {}) as JsonObject, (applied ?? {}) as JsonObject, treated.map);
}

const isBlank = (value: Maybe): boolean =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);

function mergeMaps(live: JsonObject, applied: JsonObject, map: MapShape): Maybe {
  const result: JsonObject = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(applied)])) {
    const member = mergeValues(own(live, key), own(applied, key), map.member(key) ?? { kind: 'deduced' });
    if (member !== undefined) setField(result, key, member);
  }
  return Object.keys(result).length > 0 ? result : undefined;
}

const own = (object: JsonObject, key: string): Maybe => (Object.hasOwn(object, key) ? object[key] : undefined);

/** A live item nobody can name is kept where it is. */
function elementAt(list: ListShape, item: Json, index: number): string {
  try {
    return itemElement(list, item);
  } catch (error) {
    if (error instanceof ItemError) return `i:${index}`;
    throw error;
  }
}

/**
 * Items of both lists in the order applied; items only live stay near where they were. An item that is live more than
 * once is not merged with the applied one, but replaced by it.
 */
function mergeLists(live: Json[], applied: Json[], list: ListShape): Maybe {
  const shape = list.item();
  const liveBy = byElement(live, list);
  const appliedBy = byElement(applied, list);
  const liveElements = live.map((item, i) => elementAt(list, item, i));
  const appliedElements = [...appliedBy.keys()];
  const shared = appliedElements.filter((element) => liveBy.has(element));
  const merged = new Set<string>();
  const result: Json[] = [];

  const push = (item: Maybe): void => {
    if (item !== undefined) result.push(item);
  };
  const mergeItem = (element: string): void => {
    merged.add(element);
    const same = liveBy.get(element) ?? [];
    push(mergeValues(same.length === 1 ? same[0] : undefined, appliedBy.get(element)?.[0], shape));
    if (shared[0] === element) shared.shift();
  };

  let l = 0;
  let r = 0;
  while (l < liveElements.length || r < appliedElements.length) {
    const left = liveElements[l];
    const right = appliedElements[r];
    if (left !== undefined && right !== undefined) {
      if (left === right) {
        mergeItem(right);
        l++;
        r++;
        continue;
      }
      // An item of both lists that is not the next one: its turn comes with the applied list.
      if (appliedBy.has(left) && shared.length > 0 && shared[0] !== left) {
        l++;
        continue;
      }
    }
    if (left !== undefined) {
      if (!appliedBy.has(left)) {
        push(mergeValues(live[l], undefined, shape));
        l++;
        continue;
      }
      if (merged.has(left)) l++;
    }
    if (right !== undefined) {
      mergeItem(right);
      r++;
    }
  }
  return result.length > 0 ? result : undefined;
}
