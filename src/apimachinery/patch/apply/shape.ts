// What server-side apply needs to know of a type: which values are owned whole and which by their parts. Derived from
// the schema as structured-merge-diff derives it from OpenAPI: lists are atomic unless they say otherwise, maps are not.
import type { Json, JsonObject } from '../../meta.ts';
import type { FieldSchema, SchemaSet, TypeRef, TypeSchema } from '../../schema.ts';
import { isObject } from '../../value.ts';
import { zeroOfScalar } from '../../zero.ts';
import { fieldElement, quoted, valueElement } from './field-set.ts';

export type ScalarKind = 'string' | 'numeric' | 'boolean' | 'untyped';

export type Shape =
  | { kind: 'scalar'; scalar: ScalarKind }
  /** Owned whole, whatever it is. */
  | { kind: 'atomic' }
  /** No schema: maps by their members, all else whole. */
  | { kind: 'deduced' }
  | ListShape
  | MapShape;

export interface ListShape {
  kind: 'list';
  atomic: boolean;
  /** Sorted; none for a set of scalars. */
  keys: readonly string[];
  keyDefaults: JsonObject;
  item: () => Shape;
}

export interface MapShape {
  kind: 'map';
  atomic: boolean;
  /** Whether `name` is a declared field, rather than a key of a map. */
  declares(name: string): boolean;
  /** Undefined for a field the type does not have. */
  member(name: string): Shape | undefined;
  /** The path elements of declared fields, where these are known beforehand. */
  elements?: ReadonlyMap<string, string>;
}

export const elementOfMember = (map: MapShape, name: string): string => map.elements?.get(name) ?? fieldElement(name);

const ATOMIC: Shape = { kind: 'atomic' };
const DEDUCED: Shape = { kind: 'deduced' };
const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const STRING: Shape = { kind: 'scalar', scalar: 'string' };

/** The shape of whole objects; without a schema only metadata is typed. */
export function objectShape(schema: TypeSchema | undefined, types: SchemaSet): Shape {
  if (schema) return structShape(schema, types);
  return {
    kind: 'map',
    atomic: false,
    declares: (name) => name === 'apiVersion' || name === 'kind' || name === 'metadata',
    member(name) {
      if (name === 'apiVersion' || name === 'kind') return STRING;
      return name === 'metadata' ? structShape(types.type(OBJECT_META), types) : DEDUCED;
    },
  };
}

/** Shapes do not change, and every write asks for those of all fields it has. */
const structShapes = new WeakMap<TypeSchema, Shape>();

function structShape(schema: TypeSchema, types: SchemaSet): Shape {
  let shape = structShapes.get(schema);
  if (!shape) {
    shape = makeStructShape(schema, types);
    structShapes.set(schema, shape);
  }
  return shape;
}

function makeStructShape(schema: TypeSchema, types: SchemaSet): Shape {
  if (schema.special) return specialShape(schema.special.json, schema);
  const isTypeMeta = (name: string) => schema.typeMeta && (name === 'apiVersion' || name === 'kind');
  const members = new Map<string, Shape>();
  return {
    kind: 'map',
    atomic: schema.mapType === 'atomic',
    declares: (name) => schema.fields.has(name) || isTypeMeta(name),
    elements: new Map([...schema.fields.keys()].map((name) => [name, fieldElement(name)])),
    member(name) {
      const known = members.get(name);
      if (known) return known;
      const field = schema.fields.get(name);
      if (!field) return isTypeMeta(name) ? STRING : undefined;
      const shape = fieldShape(field, types);
      members.set(name, shape);
      return shape;
    },
  };
}

function specialShape(json: string, schema: TypeSchema): Shape {
  if (json !== 'string') return ATOMIC;
  const untyped = schema.model.endsWith('.Quantity') || schema.model.endsWith('.IntOrString');
  return { kind: 'scalar', scalar: untyped ? 'untyped' : 'string' };
}

function fieldShape(field: FieldSchema, types: SchemaSet): Shape {
  const shape = typeShape(field.type, types);
  switch (shape.kind) {
    case 'list':
      return listShape(shape, field, types);
    case 'map':
      return field.mapType === undefined ? shape : { ...shape, atomic: field.mapType === 'atomic' };
    case 'atomic':
      return field.mapType === 'granular' ? DEDUCED : shape;
    default:
      return shape;
  }
}

function typeShape(type: TypeRef, types: SchemaSet): Shape {
  switch (type.kind) {
    case 'any':
      return ATOMIC;
    case 'list':
      return { kind: 'list', atomic: true, keys: [], keyDefaults: {}, item: () => typeShape(type.item, types) };
    case 'map':
      return {
        kind: 'map',
        atomic: false,
        declares: () => false,
        member: () => typeShape(type.value, types),
      };
    case 'struct':
      return structShape(types.type(type.model), types);
    case 'bool':
      return { kind: 'scalar', scalar: 'boolean' };
    case 'string':
    case 'bytes':
      return STRING;
    default:
      return { kind: 'scalar', scalar: 'numeric' };
  }
}

/** A list without listType merges when its patch strategy says so. */
function listShape(shape: ListShape, field: FieldSchema, types: SchemaSet): Shape {
  const merges = field.patchStrategy?.split(',').includes('merge') ?? false;
  const listType = field.listType ?? (merges ? (field.patchMergeKey ? 'map' : 'set') : 'atomic');
  if (listType === 'atomic') return shape;
  const keys = listType === 'map' ? (field.listMapKeys ?? [field.patchMergeKey ?? '']).toSorted() : [];
  return { ...shape, atomic: false, keys, keyDefaults: defaultsOf(keys, field.type, types) };
}

/** A key that is missing counts as its default; for a required scalar, as OpenAPI has it, that is its zero value. */
function defaultsOf(keys: readonly string[], type: TypeRef, types: SchemaSet): JsonObject {
  if (type.kind !== 'list' || type.item.kind !== 'struct') return {};
  const { fields } = types.type(type.item.model);
  const known = keys
    .map((key) => [key, defaultOf(fields.get(key))] as const)
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as JsonObject;
}

function defaultOf(field: FieldSchema | undefined): unknown {
  if (!field || field.default !== undefined) return field?.default;
  if (field.pointer || field.omitEmpty) return undefined;
  return zeroOfScalar(field.type.kind);
}

/** How a value is treated: as a leaf, or by its items or members. */
export type Treated = { as: 'leaf' } | { as: 'list'; list: ListShape } | { as: 'map'; map: MapShape };

const LEAF: Treated = { as: 'leaf' };
const DEDUCED_MAP: MapShape = { kind: 'map', atomic: false, declares: () => false, member: () => DEDUCED };

/** null takes the shape of its type; a value of another JSON type than its schema's is a leaf. */
export function treat(shape: Shape, value: Json | undefined): Treated {
  switch (shape.kind) {
    case 'list':
      if (shape.atomic) return LEAF;
      return value === null || value === undefined || Array.isArray(value) ? { as: 'list', list: shape } : LEAF;
    case 'map':
      if (shape.atomic) return LEAF;
      return value === null || value === undefined || isObject(value) ? { as: 'map', map: shape } : LEAF;
    case 'deduced':
      return isObject(value) ? { as: 'map', map: DEDUCED_MAP } : LEAF;
    default:
      return LEAF;
  }
}

export class ItemError extends Error {}

/** The path element of an item of a list that merges. Throws ItemError when it has none. */
export function itemElement(list: ListShape, item: Json): string {
  if (list.keys.length === 0) {
    if (isObject(item)) throw new ItemError("associative list without keys has an element that's a map type");
    if (Array.isArray(item)) throw new ItemError('not supported: associative list with lists as elements');
    if (item === null) throw new ItemError("associative list without keys has an element that's an explicit null");
    return valueElement(item);
  }
  if (item === null) throw new ItemError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new ItemError('associative list with keys may not have non-map elements');
  const known: string[] = [];
  for (const key of list.keys) {
    const value = Object.hasOwn(item, key) ? item[key] : list.keyDefaults[key];
    if (value !== undefined)
      known.push(`${quoted(key)}:${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`);
  }
  if (known.length === 0) {
    const names = list.keys.map((key) => JSON.stringify(key)).join(' ');
    throw new ItemError(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  // What keyElement writes, without the detour over an object: this runs for every item of every write.
  return `k:{${known.join(',')}}`;
}
