// A set of field paths, as managedFields keep it (FieldsV1 of structured-merge-diff). A path element is written as in
// FieldsV1: f:name, k:{"name":"x"}, v:"x", i:0; its text is its identity. Sets are never changed once handed out.
import type { Json, JsonObject } from '../../meta.ts';
import { isObject } from '../../value.ts';

export interface FieldSet {
  /** Elements that are in the set themselves. */
  readonly members: ReadonlySet<string>;
  /** Elements below which something is in the set. */
  readonly children: ReadonlyMap<string, FieldSet>;
}

export type Path = readonly string[];

export const EMPTY: FieldSet = { members: new Set(), children: new Map() };

/** As JSON.stringify, which takes several times as long to begin with. */
export const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));
/** Printable ASCII but the quote and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;

export const fieldElement = (name: string): string => `f:${name}`;
export const valueElement = (value: Json): string => `v:${JSON.stringify(value)}`;

/** The element of a list item that is known by its keys; `keys` need no order. */
export const keyElement = (keys: JsonObject): string =>
  `k:${JSON.stringify(Object.fromEntries(Object.entries(keys).toSorted(([a], [b]) => (a < b ? -1 : 1))))}`;

/** Gathers paths into a set. */
export class FieldSetBuilder implements FieldSet {
  readonly members = new Set<string>();
  readonly children = new Map<string, FieldSetBuilder>();

  insert(path: Path): void {
    // Nobody owns the object as a whole.
    const last = path.at(-1);
    if (last === undefined) return;
    this.at(path.slice(0, -1)).members.add(last);
  }

  /** The part of the set below a path. */
  at(path: Path): FieldSetBuilder {
    let at: FieldSetBuilder = this;
    for (const element of path) {
      let child = at.children.get(element);
      if (!child) {
        child = new FieldSetBuilder();
        at.children.set(element, child);
      }
      at = child;
    }
    return at;
  }
}

export function setOf(...paths: readonly Path[]): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) builder.insert(path);
  return builder;
}

export const isEmpty = (set: FieldSet): boolean => set.members.size === 0 && [...set.children.values()].every(isEmpty);

export function has(set: FieldSet, path: Path): boolean {
  let at: FieldSet | undefined = set;
  for (const element of path.slice(0, -1)) at = at?.children.get(element);
  return at?.members.has(path.at(-1) ?? '') ?? false;
}

export const below = (set: FieldSet, element: string): FieldSet => set.children.get(element) ?? EMPTY;

/** Nothing in it at a glance; most sets that are combined are so. */
const isBare = (set: FieldSet): boolean => set.members.size === 0 && set.children.size === 0;

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isBare(a)) return b;
  if (isBare(b)) return a;
  const children = new Map(a.children);
  for (const [element, child] of b.children) {
    const other = children.get(element);
    children.set(element, other ? union(other, child) : child);
  }
  return { members: new Set([...a.members, ...b.members]), children };
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (isBare(a) || isBare(b)) return EMPTY;
  return {
    members: new Set([...a.members].filter((element) => b.members.has(element))),
    children: combined(a, (element, child) => {
      const other = b.children.get(element);
      return other ? intersection(child, other) : EMPTY;
    }),
  };
}

/** What is in `a` but not in `b`; a member of `b` does not take what is below it. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isBare(a) || isBare(b)) return a;
  return {
    members: new Set([...a.members].filter((element) => !b.members.has(element))),
    children: combined(a, (element, child) => {
      const other = b.children.get(element);
      return other ? difference(child, other) : child;
    }),
  };
}

/** As difference, but a member of `b` takes everything below it too. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (isBare(a) || isBare(b)) return a;
  return {
    members: new Set([...a.members].filter((element) => !b.members.has(element))),
    children: combined(a, (element, child) => {
      if (b.members.has(element)) return EMPTY;
      const other = b.children.get(element);
      return other ? recursiveDifference(child, other) : child;
    }),
  };
}

function combined(set: FieldSet, child: (element: string, child: FieldSet) => FieldSet): Map<string, FieldSet> {
  const result = new Map<string, FieldSet>();
  for (const [element, below] of set.children) {
    const kept = child(element, below);
    if (!isEmpty(kept)) result.set(element, kept);
  }
  return result;
}

export const equalSets = (a: FieldSet, b: FieldSet): boolean => isEmpty(difference(a, b)) && isEmpty(difference(b, a));

/** Every path, members of a level before what is below it. */
export function* paths(set: FieldSet, prefix: Path = []): Generator<Path> {
  for (const element of [...set.members].toSorted(compareElements)) yield [...prefix, element];
  for (const element of [...set.children.keys()].toSorted(compareElements)) {
    yield* paths(below(set, element), [...prefix, element]);
  }
}

const KINDS = 'fkvi';
/** Texts that may hold a number: all others are in the order of what they mean. */
const NUMERIC = /[:[]-?\d/;

/** The order in which managedFields are written (structured-merge-diff fieldpath PathElement.Compare). */
export function compareElements(a: string, b: string): number {
  const kind = a.charAt(0);
  if (kind !== b.charAt(0)) return KINDS.indexOf(kind) - KINDS.indexOf(b.charAt(0));
  if (kind === 'f' || !NUMERIC.test(a) || !NUMERIC.test(b)) return byText(a, b);
  return compareValues(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Numbers by their size; objects, which name the same keys in the same order, by one after the other. */
function compareValues(a: Json, b: Json): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (!isObject(a) || !isObject(b)) return byText(JSON.stringify(a), JSON.stringify(b));
  const others = Object.entries(b);
  for (const [i, [name, value]] of Object.entries(a).entries()) {
    const [otherName, other] = others[i] ?? ['', null];
    const order = byText(name, otherName) || compareValues(value, other);
    if (order !== 0) return order;
  }
  return 0;
}

/** As conflicts name it: .spec.containers[name="c"].image */
export const formatPath = (path: Path): string => path.map(formatElement).join('');

export function formatElement(element: string): string {
  const text = element.slice(2);
  switch (element.charAt(0)) {
    case 'f':
      return `.${text}`;
    case 'k': {
      const keys = Object.entries(JSON.parse(text) as JsonObject);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    }
    case 'v':
      return `[=${text}]`;
    default:
      return `[${text}]`;
  }
}

/** FieldsV1: an element in the set has an empty object, or a "." when something below it is in the set too. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const fields: JsonObject = {};
  writeFields(set, fields);
  return fields;
}

function writeFields({ members, children }: FieldSet, fields: JsonObject): void {
  const elements = [...members];
  for (const element of children.keys()) if (!members.has(element)) elements.push(element);
  if (elements.length > 1) elements.sort(compareElements);
  for (const element of elements) {
    const child = children.get(element);
    const inner: JsonObject = {};
    if (child) {
      if (members.has(element) && !isBare(child)) inner['.'] = {};
      writeFields(child, inner);
    }
    fields[element] = inner;
  }
}

/** Throws when it is not FieldsV1. */
export function fromFieldsV1(fields: JsonObject): FieldSet {
  const members = new Set<string>();
  const children = new Map<string, FieldSet>();
  for (const [text, inner] of Object.entries(fields)) {
    if (text === '.') continue;
    if (!isObject(inner)) throw new Error(`invalid fieldsV1: ${text} is not an object`);
    const element = canonicalElement(text);
    const keys = Object.keys(inner);
    if (keys.length === 0 || keys.includes('.')) members.add(element);
    const child = fromFieldsV1(inner as JsonObject);
    if (!isEmpty(child)) children.set(element, child);
  }
  return { members, children };
}

function canonicalElement(text: string): string {
  switch (text.slice(0, 2)) {
    case 'f:':
    case 'i:':
      return text;
    case 'k:':
      return keyElement(JSON.parse(text.slice(2)) as JsonObject);
    case 'v:':
      return valueElement(JSON.parse(text.slice(2)) as Json);
    default:
      throw new Error(`invalid fieldsV1: unknown kind of path element ${JSON.stringify(text)}`);
  }
}
