// What changed between two contents of one object, as people read it: paths with the values before and after. Pure.
//
// Paths are `.a.b`; keys that are no identifiers stand in `["app.kubernetes.io/name"]`; items of lists that merge are
// named by their keys (`[name=web]`, `[containerPort=80,protocol=TCP]`) or values (`[="x"]`), those of others by their
// place (`[0]`). The changes of a list are to be read one after the other: an item added at [1] moves what was there.
import type { AnyObject, Json, JsonObject } from './meta.ts';
import { byElement } from './patch/apply/compare.ts';
import type { ListShape, Shape } from './patch/apply/shape.ts';
import { canonicalEqual, isObject } from './value.ts';

export type FieldChange =
  | { op: 'add'; path: string; to: Json }
  | { op: 'replace'; path: string; from: Json; to: Json }
  | { op: 'remove'; path: string; from: Json };

const DEDUCED: Shape = { kind: 'deduced' };

/** `shape` is that of whole objects. The server's own bookkeeping, resourceVersion and managedFields, is no change. */
export function changesBetween(before: AnyObject, after: AnyObject, shape: Shape): FieldChange[] {
  const changes: FieldChange[] = [];
  walk({ before: tracked(before), after: tracked(after), shape, path: '' }, changes);
  return changes;
}

function tracked(object: AnyObject): Json {
  const { managedFields: _managedFields, resourceVersion: _resourceVersion, ...metadata } = object.metadata;
  return { ...object, metadata } as unknown as Json;
}

interface Pair {
  /** Undefined where there is none; at most one of the two. */
  before: Json | undefined;
  after: Json | undefined;
  shape: Shape;
  path: string;
}

function walk({ before, after, shape, path }: Pair, changes: FieldChange[]): void {
  if (before === undefined) {
    if (after !== undefined) changes.push({ op: 'add', path, to: after });
  } else if (after === undefined) {
    changes.push({ op: 'remove', path, from: before });
  } else if (isObject(before) && isObject(after)) {
    walkMembers(before as JsonObject, after as JsonObject, { shape, path }, changes);
  } else if (Array.isArray(before) && Array.isArray(after)) {
    if (!canonicalEqual(before, after)) walkItems({ before, after, shape, path }, changes);
  } else if (!canonicalEqual(before, after)) {
    changes.push({ op: 'replace', path, from: before, to: after });
  }
}

type Place = Pick<Pair, 'shape' | 'path'>;

function walkMembers(before: JsonObject, after: JsonObject, { shape, path }: Place, changes: FieldChange[]): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const member = shape.kind === 'map' ? (shape.member(key) ?? DEDUCED) : DEDUCED;
    const pair = { before: ownMember(before, key), after: ownMember(after, key) };
    walk({ ...pair, shape: member, path: path + formatMember(key) }, changes);
  }
}

const ownMember = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

interface Lists extends Place {
  before: readonly Json[];
  after: readonly Json[];
}

function walkItems(lists: Lists, changes: FieldChange[]): void {
  const { before, after, shape, path } = lists;
  const list = shape.kind === 'list' ? shape : undefined;
  const old = list && namedItems(before, list);
  const now = list && namedItems(after, list);
  if (!list || !old || !now) {
    walkPlaces(lists, changes);
    return;
  }
  const stayed = (from: ReadonlyMap<string, Json>, other: ReadonlyMap<string, Json>) =>
    [...from.keys()].filter((name) => other.has(name));
  // Names do not tell the order, which matters in some lists that merge (initContainers, env), but not in sets, nor in
  // what is reported: conditions come in any order.
  const isReordered = !canonicalEqual(stayed(old, now), stayed(now, old));
  const hasOrder = list.keys.length > 0 && !path.startsWith('.status.');
  const told = changes.length;
  if (!isReordered || !hasOrder) {
    for (const name of new Set([...old.keys(), ...now.keys()])) {
      const pair = { before: old.get(name), after: now.get(name) };
      walk({ ...pair, shape: list.item(), path: path + formatItem(name) }, changes);
    }
  }
  if (isReordered && changes.length === told) {
    changes.push({ op: 'replace', path, from: [...before], to: [...after] });
  }
}

/** Items by path element; undefined when they cannot be told apart by it, in a list that merges or one that does not. */
function namedItems(items: readonly Json[], list: ListShape): Map<string, Json> | undefined {
  if (list.atomic) return undefined;
  const named = new Map<string, Json>();
  for (const [name, same] of byElement(items, list)) named.set(name, same[0] as Json);
  return named.size === items.length ? named : undefined;
}

/** What both begin and end with stays; between, items are replaced, then put in or taken out. */
function walkPlaces({ before, after, shape, path }: Lists, changes: FieldChange[]): void {
  const item = shape.kind === 'list' ? shape.item() : DEDUCED;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && canonicalEqual(before[start], after[start])) start++;
  let end = 0;
  while (end < shorter - start && canonicalEqual(before.at(-1 - end), after.at(-1 - end))) end++;
  for (let i = start; i < shorter - end; i++) {
    walk({ before: before[i], after: after[i], shape: item, path: `${path}[${i}]` }, changes);
  }
  for (let i = shorter - end; i < after.length - end; i++) {
    changes.push({ op: 'add', path: `${path}[${i}]`, to: after[i] as Json });
  }
  for (let i = before.length - end - 1; i >= shorter - end; i--) {
    changes.push({ op: 'remove', path: `${path}[${i}]`, from: before[i] as Json });
  }
}

const formatMember = (key: string): string =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;

/** `element` is k:{"name":"web"} or v:"x", as field sets have it. */
function formatItem(element: string): string {
  const value = JSON.parse(element.slice(2)) as Json;
  if (element.startsWith('v:')) return `[=${JSON.stringify(value)}]`;
  const keys = Object.entries(value as JsonObject).map(([key, part]) => `${key}=${formatKeyValue(part)}`);
  return `[${keys.join(',')}]`;
}

/** Texts go without quotes unless they would read as something else: "80" is not 80. */
function formatKeyValue(value: Json): string {
  const text = JSON.stringify(value);
  return typeof value === 'string' && /^[\w.:/-]+$/.test(value) && !isJson(value) ? value : text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // which is what was asked
  }
}
