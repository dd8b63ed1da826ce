// What changed between two values of one type: the paths added, removed, and present in both but different
// (typed/compare.go of structured-merge-diff).
import type { Json, JsonObject } from '../../meta.ts';
import { canonicalEqual } from '../../value.ts';
import { type FieldSet, FieldSetBuilder, type Path } from './field-set.ts';
import { elementOfMember, ItemError, itemElement, type ListShape, type MapShape, type Shape, treat } from './shape.ts';

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
  /** A list that merges has an item without its keys: nothing can be said of the object (ObjectToTyped fails). */
  untyped: boolean;
}

interface Found {
  added: FieldSetBuilder;
  modified: FieldSetBuilder;
  removed: FieldSetBuilder;
  untyped: boolean;
}

type Maybe = Json | undefined;

const DEDUCED: Shape = { kind: 'deduced' };

export function compare(before: Json, after: Json, shape: Shape): Comparison {
  const found: Found = {
    added: new FieldSetBuilder(),
    modified: new FieldSetBuilder(),
    removed: new FieldSetBuilder(),
    untyped: false,
  };
  walk({ before, after, shape, path: [] }, found);
  return found;
}

interface Pair {
  /** Undefined where there is none; at most one of the two. */
  before: Maybe;
  after: Maybe;
  shape: Shape;
  path: Path;
}

function walk({ before, after, shape, path }: Pair, found: Found): void {
  const element = path.at(-1);
  if (before === undefined && element !== undefined) {
    addAll(after as Json, shape, { set: found.added.at(path.slice(0, -1)), element }, found);
    return;
  }
  const treated = treat(shape, after === undefined || after === null ? before : after);
  const other = treat(shape, before === undefined || before === null ? after : before);
  if (treated.as === 'leaf' || other.as !== treated.as || (isBlank(before) && isBlank(after))) {
    leaf({ before, after, path }, found);
    return;
  }
  // Most of an object is as it was in most writes; telling that is much cheaper than naming every part.
  if ((path.length <= 1 || treated.as === 'list') && canonicalEqual(before, after)) return;
  if (treated.as === 'list') compareLists(listOf(before), listOf(after), { list: treated.list, path }, found);
  else compareMaps(mapOf(before), mapOf(after), { map: treated.map, path }, found);
  if (after === undefined) found.removed.insert(path);
}

/** What is new is added with all that is below it. */
function addAll(value: Json, shape: Shape, { set, element }: { set: FieldSetBuilder; element: string }, found: Found) {
  set.members.add(element);
  const treated = treat(shape, value);
  if (treated.as === 'leaf' || isBlank(value)) return;
  const below = set.at([element]);
  if (treated.as === 'map') {
    for (const key in value as JsonObject) {
      const inner = treated.map.member(key) ?? DEDUCED;
      addAll(
        (value as JsonObject)[key] as Json,
        inner,
        { set: below, element: elementOfMember(treated.map, key) },
        found,
      );
    }
    return;
  }
  const items = byElement(value as Json[], treated.list);
  if (count(items) !== (value as Json[]).length) found.untyped = true;
  for (const [at, same] of items) {
    if (same.length === 1) addAll(same[0] as Json, treated.list.item(), { set: below, element: at }, found);
    else below.members.add(at);
  }
}

function leaf({ before, after, path }: Omit<Pair, 'shape'>, found: Found): void {
  if (after === undefined) found.removed.insert(path);
  else if (!canonicalEqual(before, after)) found.modified.insert(path);
}

/** Empty and null are told apart as leaves are. */
const isBlank = (value: Maybe): boolean =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);

const listOf = (value: Maybe): Json[] => (Array.isArray(value) ? value : []);
const mapOf = (value: Maybe): JsonObject => (value ?? {}) as JsonObject;

function compareMaps(
  before: JsonObject,
  after: JsonObject,
  { map, path }: { map: MapShape; path: Path },
  found: Found,
): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const pair = { before: member(before, key), after: member(after, key), path: [...path, elementOfMember(map, key)] };
    walk({ ...pair, shape: map.member(key) ?? DEDUCED }, found);
  }
}

const member = (object: JsonObject, key: string): Maybe => (Object.hasOwn(object, key) ? object[key] : undefined);

function compareLists(
  before: Json[],
  after: Json[],
  { list, path }: { list: ListShape; path: Path },
  found: Found,
): void {
  const old = byElement(before, list);
  const now = byElement(after, list);
  if (count(old) !== before.length || count(now) !== after.length) found.untyped = true;
  const shape = list.item();
  for (const element of new Set([...old.keys(), ...now.keys()])) {
    const was = old.get(element) ?? [];
    const is = now.get(element) ?? [];
    const at = [...path, element];
    // Repeated items count as one atomic value.
    if (was.length <= 1 && is.length <= 1) walk({ before: was[0], after: is[0], shape, path: at }, found);
    else if (was.length >= 2 && is.length >= 2) {
      if (!canonicalEqual(was, is)) found.modified.insert(at);
    } else if (was.length >= 2) {
      if (is.length > 0) walk({ before: undefined, after: is[0], shape, path: at }, found);
      found.removed.insert(at);
    } else {
      if (was.length > 0) walk({ before: was[0], after: undefined, shape, path: at }, found);
      found.added.insert(at);
    }
  }
}

const count = (items: ReadonlyMap<string, readonly Json[]>): number =>
  items.values().reduce((sum, { length }) => sum + length, 0);

/** Items by path element, in order. Items that have none are left out: nobody can own them. */
export function byElement(items: readonly Json[], list: ListShape): Map<string, Json[]> {
  const found = new Map<string, Json[]>();
  for (const item of items) {
    try {
      const element = itemElement(list, item);
      const same = found.get(element);
      if (same) same.push(item);
      else found.set(element, [item]);
    } catch (error) {
      if (!(error instanceof ItemError)) throw error;
    }
  }
  return found;
}
