// Strategic merge patch as k8s.io/apimachinery/pkg/util/strategicpatch applies it on the server: objects merge, lists
// merge or are replaced as their field's patchStrategy says, and directives ($patch, $retainKeys, $setElementOrder/x,
// $deleteFromPrimitiveList/x) say what merging alone cannot. Inputs are not changed.
import { setField } from '../codec/decoded.ts';
import type { Json, JsonObject } from '../meta.ts';
import type { SchemaSet, TypeRef, TypeSchema } from '../schema.ts';
import { badRequest, unexpected } from '../status-error.ts';
import { canonicalEqual, isObject } from '../value.ts';
import {
  badDirective,
  checkElementOrder,
  DIRECTIVE,
  goType,
  identity,
  itemsAreMaps,
  noMergeKey,
  orderItems,
} from './strategic-lists.ts';

const RETAIN_KEYS = '$retainKeys';
const SET_ORDER = '$setElementOrder';
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList';

/** Throws a StatusError: 400 for malformed directives, 422 for lists of lists, 500 for the rest, as upstream does. */
export function applyStrategicMergePatch(
  original: JsonObject,
  patch: JsonObject,
  schema: TypeSchema,
  types: SchemaSet,
): JsonObject {
  return mergeMap(original, patch, schema, types);
}

/** What a container's members are: a struct's fields, a map's values, or nothing known. */
type Container = TypeSchema | TypeRef | undefined;

interface Member {
  type: TypeRef | undefined;
  strategy: string;
  mergeKey: string;
}

function memberOf(container: Container, key: string): Member {
  const unknown = { type: undefined, strategy: '', mergeKey: '' };
  if (container === undefined) return unknown;
  if ('kind' in container) return container.kind === 'map' ? { ...unknown, type: container.value } : unknown;
  if (container.special) return unknown;
  const field = container.fields.get(key);
  if (!field) {
    const name = container.model.slice(container.model.lastIndexOf('.') + 1);
    throw unexpected(`unable to find api field in struct ${name} for the json field ${JSON.stringify(key)}`);
  }
  const strategy = (field.patchStrategy ?? '').split(',').find((s) => s !== 'retainKeys') ?? '';
  return { type: field.type, strategy, mergeKey: field.patchMergeKey ?? '' };
}

function containerOf(type: TypeRef | undefined, types: SchemaSet): Container {
  return type?.kind === 'struct' ? types.type(type.model) : type;
}

function mergeMap(original: JsonObject, patch: JsonObject, container: Container, types: SchemaSet): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return directed(patch);
  const kept = retained(original, patch);
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(kept)) setField(result, key, value);
  const ordered = mergeOrderedLists(result, patch, container, types);
  for (const [key, value] of Object.entries(patch)) {
    if (key === RETAIN_KEYS || key.startsWith(SET_ORDER) || ordered.has(key)) continue;
    const deletes = key.startsWith(DELETE_PRIMITIVES);
    const name = deletes ? directiveField(key, DELETE_PRIMITIVES, 'invalid patch format of primitive list') : key;
    mergeMember(result, { key: name, value, deletes }, container, types);
  }
  return result;
}

/** A map that says itself what is to become of it. */
function directed(patch: JsonObject): JsonObject {
  if (patch[DIRECTIVE] === 'replace') {
    const { [DIRECTIVE]: _, ...rest } = patch;
    return rest;
  }
  if (patch[DIRECTIVE] === 'delete') return {};
  throw badDirective(patch);
}

function mergeMember(
  result: JsonObject,
  { key, value, deletes }: { key: string; value: Json; deletes: boolean },
  container: Container,
  types: SchemaSet,
): void {
  if (value === null) {
    delete result[key];
    return;
  }
  const live = Object.hasOwn(result, key) ? (result[key] as Json) : undefined;
  const alike = live !== undefined && kindOf(live) === kindOf(value);
  if (alike && (isObject(value) || Array.isArray(value))) {
    const member = memberOf(container, key);
    setField(result, key, merged(live, value, { member, deletes, types }));
  } else if (!deletes) {
    const plain = withoutDirectives(live === undefined || !alike ? withoutNulls(value) : value);
    if (plain === undefined) delete result[key];
    else setField(result, key, plain);
  }
}

const kindOf = (value: Json): string =>
  typeof value === 'number' || typeof value === 'bigint' ? 'number' : goType(value);

function merged(
  live: Json,
  patch: Json,
  { member, deletes, types }: { member: Member; deletes: boolean; types: SchemaSet },
): Json {
  if (Array.isArray(live) && Array.isArray(patch)) {
    if (member.strategy !== 'merge' && !deletes) return patch;
    return mergeList(live, patch, { member, deletes, types });
  }
  if (member.strategy === 'replace') return patch;
  return mergeMap(live as JsonObject, patch as JsonObject, containerOf(member.type, types), types);
}

interface ListContext {
  member: Member;
  deletes: boolean;
  types: SchemaSet;
}

function mergeList(live: Json[], patch: Json[], { member, deletes, types }: ListContext): Json[] {
  if (live.length === 0 && patch.length === 0) return live;
  if (!itemsAreMaps(live, patch)) {
    if (deletes) {
      const gone = new Set(patch);
      return live.filter((item) => !gone.has(item));
    }
    const both = [...new Set([...live, ...patch])];
    return orderItems(both, { order: patch, live, mergeKey: '' });
  }
  const { mergeKey } = member;
  if (mergeKey === '') {
    const name = member.type?.kind === 'list' && member.type.item.kind === 'struct' ? member.type.item.model : '';
    throw unexpected(`cannot merge lists without merge key for ${name.slice(name.lastIndexOf('.') + 1)}`);
  }
  const { kept, additions } = applyItemDirectives(live as JsonObject[], patch as JsonObject[], mergeKey);
  const items = [...kept];
  const container = member.type?.kind === 'list' ? containerOf(member.type.item, types) : undefined;
  const places = new Map(items.map((item, i) => [JSON.stringify(item[mergeKey]), i] as const).toReversed());
  for (const item of additions) {
    const key = identity(item, mergeKey);
    const at = places.get(key);
    if (at === undefined) places.set(key, items.push(item) - 1);
    else items[at] = mergeMap(items[at] as JsonObject, item, container, types);
  }
  return orderItems(items, { order: additions, live: kept, mergeKey });
}

/** Takes out the items that carry a directive, and does what they say. */
function applyItemDirectives(
  live: readonly JsonObject[],
  patch: readonly JsonObject[],
  mergeKey: string,
): { kept: readonly JsonObject[]; additions: readonly JsonObject[] } {
  let kept = live;
  let replaces = false;
  const additions = patch.filter((item) => !Object.hasOwn(item, DIRECTIVE));
  for (const item of patch) {
    if (!Object.hasOwn(item, DIRECTIVE)) continue;
    switch (item[DIRECTIVE]) {
      case 'delete':
        if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
        kept = kept.filter((other) => !canonicalEqual(other[mergeKey], item[mergeKey]));
        break;
      case 'replace':
        replaces = true;
        break;
      case 'merge':
        throw unexpected('merging lists cannot yet be specified in the patch');
      default:
        throw badDirective(item);
    }
  }
  return replaces ? { kept: additions, additions: [] } : { kept, additions };
}

/** Merges and orders the lists that have a $setElementOrder; returns their names. */
function mergeOrderedLists(result: JsonObject, patch: JsonObject, container: Container, types: SchemaSet): Set<string> {
  const done = new Set<string>();
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(SET_ORDER)) continue;
    if (!Array.isArray(order)) throw expectedList(order);
    const key = directiveField(directive, SET_ORDER, 'invalid patch format of setElementOrder list');
    const live = listMember(result, key);
    const changes = listMember(patch, key);
    const member = memberOf(container, key);
    if (member.type && member.type.kind !== 'list') {
      throw unexpected(`expected slice or array type, but got: ${member.type.kind}`);
    }
    // Upstream comes to no better end with these: it fails, or panics.
    if (member.mergeKey === '' && itemsAreMaps(live ?? [], changes ?? [])) {
      throw unexpected(`cannot order a list without merge key: ${key}`);
    }
    checkElementOrder(changes ?? [], order, member.mergeKey);
    done.add(key);
    if (!live && !changes) continue;
    const both =
      live && changes
        ? (merged(live, changes, { member, deletes: false, types }) as Json[])
        : (live ?? (withoutDirectives(changes as Json) as Json[]));
    setField(result, key, orderItems(both, { order, live: live ?? [], mergeKey: member.mergeKey }));
  }
  return done;
}

const expectedList = (value: Json) => unexpected(`expected a []interface {}, but received a ${goType(value)}`);

function listMember(object: JsonObject, key: string): Json[] | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw expectedList(value);
  return value;
}

function directiveField(key: string, prefix: string, why: string): string {
  if (!key.startsWith(`${prefix}/`)) throw badRequest(why);
  return key.slice(prefix.length + 1);
}

/** $retainKeys clears what it does not name, and must name what the patch sets. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return original;
  const names = patch[RETAIN_KEYS];
  const bad = () => badRequest('invalid patch format of retainKeys');
  if (!Array.isArray(names)) throw bad();
  for (const [key, value] of Object.entries(patch)) {
    const directive = key === RETAIN_KEYS || key.startsWith(DELETE_PRIMITIVES) || key.startsWith(SET_ORDER);
    if (value !== null && !directive && !names.includes(key)) throw bad();
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => names.includes(key)));
}

/** What is left of a value that meets nothing live; undefined when it is itself a directive. */
function withoutDirectives(value: Json): Json | undefined {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  return mapMembers(value as JsonObject, withoutDirectives);
}

const withoutNulls = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return mapMembers(value as JsonObject, (member) => (member === null ? undefined : withoutNulls(member)));
};

function mapMembers(object: JsonObject, change: (value: Json) => Json | undefined): JsonObject {
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(object)) {
    const changed = change(value);
    if (changed !== undefined) setField(result, key, changed);
  }
  return result;
}
