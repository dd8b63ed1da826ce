// The fields that who creates an object comes to own, as the text of FieldsV1. It says of a new object what comparing it
// with the zero value of its type does (ownership.ts), in one walk and without sets: every create needs it.
import type { Json, JsonObject } from '../../meta.ts';
import { canonicalEqual, isObject } from '../../value.ts';
import { compareElements, type FieldSet, fieldElement, quoted } from './field-set.ts';
import { neverTracked } from './managers.ts';
import { ItemError, itemElement, type ListShape, type MapShape, type Shape, treat } from './shape.ts';

export interface CreatedOptions {
  shape: Shape;
  /** What an object of the type has before anybody wrote it. */
  zero: JsonObject;
  /** Members of the object that creating does not own, with all that is below. */
  ignored: FieldSet['members'];
}

/** undefined where nothing is owned, or nothing can be said of the object since items of its lists have no names. */
export function createdFields(object: JsonObject, { shape, zero, ignored }: CreatedOptions): string | undefined {
  if (shape.kind !== 'map') return undefined;
  try {
    const inner = changesIn(object, zero, { shape, ignored, untracked: neverTracked });
    return inner === '' ? undefined : `{${inner.slice(1)}}`;
  } catch (error) {
    if (error instanceof ItemError) return undefined;
    throw error;
  }
}

interface Part {
  shape: MapShape;
  ignored?: FieldSet['members'];
  untracked: FieldSet | undefined;
}

/** Of a value that was there, zero, before: `,"f:name":{…}` for each part of it that is another now. */
function changesIn(value: JsonObject, zero: JsonObject, { shape, ignored, untracked }: Part): string {
  let text = '';
  for (const field of membersOf(value, shape)) {
    const after = value[field.name] as Json;
    const { element } = field;
    const before = Object.hasOwn(zero, field.name) ? zero[field.name] : undefined;
    const isOwned = !ignored?.has(element) && !untracked?.members.has(element);
    if (before === undefined || ignored?.has(element)) {
      // Looked at even when nobody owns it: for items that have no name.
      const below = field.write(after);
      if (isOwned) text += field.opening + below;
      continue;
    }
    const treated = treat(field.shape, after ?? before);
    if (treated.as === 'leaf' || (isBlank(before) && isBlank(after))) {
      if (isOwned && !canonicalEqual(before, after)) text += `${field.opening}{}`;
      continue;
    }
    const inner =
      treated.as === 'list'
        ? itemsOf((after ?? []) as Json[], treated.list)
        : changesIn((after ?? {}) as JsonObject, (before ?? {}) as JsonObject, {
            shape: treated.map,
            untracked: untracked?.children.get(element),
          });
    if (inner !== '') text += `${field.opening}{${inner.slice(1)}}`;
  }
  return text;
}

const isBlank = (value: Json): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);

/** What stands behind the element of a value that is new: it is owned with all that is below it. */
type Writer = (value: Json) => string;

const LEAF = '{}';
const leaf: Writer = () => LEAF;

/** With the value itself, which "." stands for when there is something below. */
const owned = (inner: string): string => (inner === '' ? LEAF : `{".":{}${inner}}`);

const writers = new WeakMap<Shape, Writer>();

function writerOf(shape: Shape): Writer {
  if (shape.kind === 'scalar' || shape.kind === 'atomic') return leaf;
  let writer = writers.get(shape);
  if (!writer) {
    writer = makeWriter(shape);
    writers.set(shape, writer);
  }
  return writer;
}

function makeWriter(shape: Shape): Writer {
  let struct: ((value: JsonObject) => string) | undefined;
  return (value) => {
    const treated = treat(shape, value);
    if (treated.as === 'list') return owned(itemsOf((value ?? []) as Json[], treated.list));
    if (treated.as === 'leaf' || !isObject(value)) return LEAF;
    if (treated.map.elements) {
      struct ??= writtenStruct(treated.map, treated.map.elements);
      return owned(struct(value as JsonObject));
    }
    let text = '';
    for (const { name, opening, write } of membersOf(value as JsonObject, treated.map)) {
      text += opening + write(value[name] as Json);
    }
    return owned(text);
  };
}

/**
 * As source, with a statement for each field that a value of the type may have, in order: the engine remembers where a
 * field lies only at a place that always asks for that field.
 */
function writtenStruct(map: MapShape, elements: ReadonlyMap<string, string>): (value: JsonObject) => string {
  const typeMeta = ['apiVersion', 'kind'].filter((name) => !elements.has(name) && map.declares(name));
  const members = [...elements.keys(), ...typeMeta].sort().map((name) => memberOf(name, map));
  const statements = members.map(({ name, opening, write }, i) => {
    const added = write === leaf ? JSON.stringify(opening + LEAF) : `${JSON.stringify(opening)} + write${i}(member)`;
    return `if ((member = value[${JSON.stringify(name)}]) !== undefined) text += ${added};`;
  });
  const body = `'use strict'; return (value) => {\nlet member, text = '';\n${statements.join('\n')}\nreturn text;\n};`;
  return new Function(...members.keys().map((i) => `write${i}`), body)(...members.map(({ write }) => write));
}

interface Member {
  name: string;
  element: string;
  /** `,"f:name":` */
  opening: string;
  shape: Shape;
  write: Writer;
}

const DEDUCED: Shape = { kind: 'deduced' };

function memberOf(name: string, map: MapShape): Member {
  const element = fieldElement(name);
  const shape = map.member(name) ?? DEDUCED;
  return { name, element, opening: `,${quoted(element)}:`, shape, write: writerOf(shape) };
}

const declared = new WeakMap<ReadonlyMap<string, string>, Map<string, Member>>();

/** Those that a value has, in order. */
function membersOf(value: JsonObject, map: MapShape): readonly Member[] {
  const names = Object.keys(value);
  if (names.length > 1) names.sort();
  const { elements } = map;
  if (!elements) return names.map((name) => memberOf(name, map));
  let known = declared.get(elements);
  if (!known) {
    known = new Map([...elements.keys()].map((name) => [name, memberOf(name, map)]));
    declared.set(elements, known);
  }
  return names.map((name) => known.get(name) ?? memberOf(name, map));
}

/** Throws ItemError. */
function itemsOf(items: readonly Json[], list: ListShape): string {
  const write = writerOf(list.item());
  const named = items.map((item) => ({ element: itemElement(list, item), item }));
  if (named.length > 1) named.sort((a, b) => compareElements(a.element, b.element));
  let text = '';
  for (let i = 0; i < named.length; i++) {
    const { element, item } = named[i] as (typeof named)[number];
    if (element === named[i - 1]?.element) continue;
    // Repeated items count as one that is atomic.
    const inner = element === named[i + 1]?.element ? LEAF : write(item);
    text += `,${quoted(element)}:${inner}`;
  }
  return text;
}
