// Fits a decoded value to its type as Go's decoder would: unknown fields are dropped and reported, wrong JSON types
// refused, times, durations and quantities brought to the form they are written in. Never changes its input.
import type { Json, JsonObject } from '../meta.ts';
import type { FieldSchema, SchemaSet, TypeRef, TypeSchema } from '../schema.ts';
import { isObject } from '../value.ts';
import { type Decoded, DecodeError, fieldPath, indexPath, setField } from './decoded.ts';
import { kindOf, specialReader } from './special.ts';

export interface Typed {
  value: JsonObject;
  /** What only strict validation reports: `unknown field "spec.foo"`, `duplicate field "spec.x"`, in document order. */
  problems: readonly string[];
}

/** Upstream reports no more than this many. */
const MAX_PROBLEMS = 100;

/** Throws DecodeError when a value has the wrong JSON type. */
export function decodeTyped(decoded: Decoded, schema: TypeSchema, types: SchemaSet): Typed {
  const problems = [...decoded.problems];
  const walk: Walk = { types, decoded, problems, duplicates: new Set(decoded.duplicates) };
  if (!isObject(decoded.value)) {
    throw new DecodeError(
      `json: cannot unmarshal ${kindOf(decoded.value)} into Go value of type ${goName(schema.model)}`,
    );
  }
  const value = struct(decoded.value as JsonObject, schema, { path: '', field: '' }, walk);
  return { value, problems: [...new Set(problems)].slice(0, MAX_PROBLEMS) };
}

/** The strict problems of a value whose type is not known here (custom resources): repeated fields only. */
export const untypedProblems = (decoded: Decoded): string[] => [
  ...decoded.problems,
  ...decoded.duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`),
];

/** The message under which strict problems refuse a request. */
export const strictError = (problems: readonly string[]): string => `strict decoding error: ${problems.join(', ')}`;

interface Walk {
  types: SchemaSet;
  decoded: Decoded;
  problems: string[];
  duplicates: ReadonlySet<string>;
}

/** Where a value is: with indices for strict problems, without and with its Go struct for type errors. */
interface Place {
  path: string;
  field: string;
  owner?: string;
}

function struct(object: JsonObject, schema: TypeSchema, place: Place, walk: Walk): JsonObject {
  const result: JsonObject = {};
  const owner = schema.model.slice(schema.model.lastIndexOf('.') + 1);
  for (const [key, value] of Object.entries(object)) {
    const path = fieldPath(place.path, key);
    const type = fieldType(key, schema);
    if (type === undefined) {
      walk.problems.push(`unknown field ${JSON.stringify(path)}`);
      continue;
    }
    // null leaves a field as it was: unset.
    if (value !== null || type.kind === 'any') {
      setField(result, key, convert(value, type, { path, field: fieldPath(place.field, key), owner }, walk));
    }
    if (walk.duplicates.has(path)) walk.problems.push(`duplicate field ${JSON.stringify(path)}`);
  }
  return result;
}

function fieldType(key: string, schema: TypeSchema): TypeRef | undefined {
  const known: FieldSchema | undefined = schema.fields.get(key);
  if (known) return known.type;
  return schema.typeMeta && (key === 'apiVersion' || key === 'kind') ? { kind: 'string' } : undefined;
}

function convert(given: Json, type: TypeRef, place: Place, walk: Walk): Json {
  const isFree = type.kind === 'any' || type.kind === 'struct';
  const value = typeof given === 'bigint' && !isFree ? Number(given) : given;
  switch (type.kind) {
    case 'any':
      reportDuplicatesIn(place.path, walk);
      return value;
    case 'list':
      if (!Array.isArray(value)) throw mismatch(value, type, place, walk);
      return value.map((item, i) => {
        const at = { ...place, path: indexPath(place.path, i) };
        return item === null ? zero(type.item, walk) : convert(item, type.item, at, walk);
      });
    case 'map':
      if (!isObject(value)) throw mismatch(value, type, place, walk);
      return map(value as JsonObject, type.value, place, walk);
    case 'struct':
      return model(value, type.model, place, walk);
    default:
      return checkedScalar(value, type, place, walk);
  }
}

function map(object: JsonObject, type: TypeRef, place: Place, walk: Walk): JsonObject {
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(object)) {
    const path = fieldPath(place.path, key);
    // Go's decoder names the map's field, not the key, and its struct context ends there.
    const at = { path, field: fieldPath(place.field, key), ...(place.owner ? { owner: place.owner } : {}) };
    setField(result, key, value === null ? zero(type, walk) : convert(value, type, at, walk));
    if (walk.duplicates.has(path)) walk.problems.push(`duplicate field ${JSON.stringify(path)}`);
  }
  return result;
}

function model(value: Json, name: string, place: Place, walk: Walk): Json {
  const schema = walk.types.type(name);
  const read = specialReader(name);
  if (read) return read(typeof value === 'bigint' ? Number(value) : value, walk.decoded.literals.get(place.path));
  if (schema.special) {
    if (schema.special.json === '[string]') {
      return convert(value, { kind: 'list', item: { kind: 'string' } }, place, walk);
    }
    reportDuplicatesIn(place.path, walk);
    return value;
  }
  if (!isObject(value)) throw mismatch(value, { kind: 'struct', model: name }, place, walk);
  return struct(value as JsonObject, schema, place, walk);
}

/** Fields repeated inside a value that has no type. */
function reportDuplicatesIn(path: string, walk: Walk): void {
  for (const duplicate of walk.duplicates) {
    if (duplicate.startsWith(`${path}.`) || duplicate.startsWith(`${path}[`)) {
      walk.problems.push(`duplicate field ${JSON.stringify(duplicate)}`);
    }
  }
}

const LIMITS = { int32: 2 ** 31, int64: 2 ** 63 } as const;

function checkedScalar(value: Json, type: TypeRef, place: Place, walk: Walk): Json {
  const literal = walk.decoded.literals.get(place.path);
  switch (type.kind) {
    case 'string':
      if (typeof value === 'string') return value;
      break;
    case 'bool':
      if (typeof value === 'boolean') return value;
      break;
    case 'float64':
      if (typeof value === 'number') return value;
      break;
    case 'int32':
    case 'int64':
      if (typeof value === 'number' && isIntegerWithin(value, literal, LIMITS[type.kind])) return value;
      if (typeof value === 'number') throw mismatch(value, type, place, walk, `number ${literal ?? value}`);
      break;
    case 'bytes':
      if (typeof value === 'string') return base64(value);
      break;
  }
  throw mismatch(value, type, place, walk);
}

const isIntegerWithin = (value: number, literal: string | undefined, limit: number): boolean =>
  Number.isInteger(value) && (literal === undefined || /^-?[0-9]+$/.test(literal)) && value < limit && value >= -limit;

/** encoding/base64's standard alphabet with padding; line breaks are skipped, as Go skips them. */
function base64(text: string): string {
  const packed = text.replace(/[\r\n]/g, '');
  const bad = /[^A-Za-z0-9+/]/.exec(packed.replace(/={1,2}$/, ''));
  if (bad) throw new DecodeError(`illegal base64 data at input byte ${bad.index}`);
  if (packed.length % 4 !== 0)
    throw new DecodeError(`illegal base64 data at input byte ${packed.length - (packed.length % 4)}`);
  return packed;
}

/** What Go has where a list or map holds null. */
function zero(type: TypeRef, walk: Walk): Json {
  switch (type.kind) {
    case 'string':
    case 'bytes':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'float64':
      return 0;
    case 'struct': {
      const special = walk.types.type(type.model).special;
      if (type.model.endsWith('.Quantity')) return '0';
      if (type.model.endsWith('.IntOrString')) return 0;
      return special ? null : {};
    }
    default:
      return null;
  }
}

function mismatch(value: Json, type: TypeRef, place: Place, walk: Walk, told = kindOf(value)): DecodeError {
  const into = place.owner ? `Go struct field ${place.owner}.${place.field}` : 'Go value';
  return new DecodeError(`json: cannot unmarshal ${told} into ${into} of type ${goType(type, walk)}`);
}

function goType(type: TypeRef, walk: Walk): string {
  switch (type.kind) {
    case 'list':
      return `[]${goType(type.item, walk)}`;
    case 'map':
      return `map[string]${goType(type.value, walk)}`;
    case 'struct':
      return goName(type.model);
    case 'bytes':
      return '[]uint8';
    case 'any':
      return 'interface {}';
    default:
      return type.kind;
  }
}

/** io.k8s.api.core.v1.Pod → v1.Pod */
const goName = (name: string): string => name.split('.').slice(-2).join('.');
