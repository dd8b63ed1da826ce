// Fits a decoded value to its type as Go's decoder would: unknown fields are dropped and reported, wrong JSON types
// refused, times, durations and quantities brought to the form they are written in. Never changes its input; the parts of
// it that fit as they are become parts of the outcome.
import type { Json, JsonObject } from '../meta.ts';
import type { SchemaSet, TypeRef, TypeSchema } from '../schema.ts';
import { isObject } from '../value.ts';
import { zeroOfScalar, zeroOfSpecial } from '../zero.ts';
import { type Decoded, DecodeError, fieldPath, indexPath, setField } from './decoded.ts';
import { fieldType, type GoPlace, goName, located, mismatch } from './go-errors.ts';
import { schemaForm, schemaModel } from './schema-forms.ts';
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
  const duplicates = new Set(decoded.duplicates);
  const walk: Walk = { types, root: schema, decoded, problems, duplicates, way: [], owner: undefined };
  if (!isObject(decoded.value)) {
    throw new DecodeError(
      `json: cannot unmarshal ${kindOf(decoded.value)} into Go value of type ${goName(schema.model)}`,
    );
  }
  const given = decoded.value as JsonObject;
  const value = struct(given, schema, walk);
  return {
    value: value === given ? { ...value } : value,
    problems: problems.length > 0 ? [...new Set(problems)].slice(0, MAX_PROBLEMS) : problems,
  };
}

/** The strict problems of a value whose type is not known here (custom resources): repeated fields only. */
export const untypedProblems = (decoded: Decoded): string[] => [
  ...decoded.problems,
  ...decoded.duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`),
];

/** The message under which strict problems refuse a request. */
export const strictError = (problems: readonly string[]): string => `strict decoding error: ${problems.join(', ')}`;

interface Walk extends GoPlace {
  decoded: Decoded;
  problems: string[];
  duplicates: ReadonlySet<string>;
}

/** Where the value is, as strict problems say it: spec.containers[0].name */
const pathOf = ({ way }: Walk): string =>
  way.reduce<string>((path, step) => (typeof step === 'number' ? indexPath(path, step) : fieldPath(path, step)), '');

function struct(object: JsonObject, schema: TypeSchema, walk: Walk): JsonObject {
  const outside = walk.owner;
  walk.owner = schema.model.slice(schema.model.lastIndexOf('.') + 1);
  const result = members(object, walk, (key, value) => {
    const type = fieldType(key, schema);
    if (type === undefined) {
      walk.problems.push(`unknown field ${JSON.stringify(pathOf(walk))}`);
      return undefined;
    }
    // null leaves a field as it was: unset.
    const converted = value !== null || type.kind === 'any' ? convert(value, type, walk) : undefined;
    reportDuplicate(walk);
    return converted;
  });
  walk.owner = outside;
  return result;
}

/** What `convert` makes of each member, without those of which it makes nothing; `object` itself when it all stays the same. */
function members(object: JsonObject, walk: Walk, convert: (key: string, value: Json) => Json | undefined): JsonObject {
  let result: JsonObject | undefined;
  for (const key in object) {
    const value = object[key] as Json;
    walk.way.push(key);
    const converted = convert(key, value);
    walk.way.pop();
    if (!result && converted !== value) result = membersBefore(key, object);
    if (result && converted !== undefined) setField(result, key, converted);
  }
  return result ?? object;
}

function membersBefore(end: string, object: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const key in object) {
    if (key === end) break;
    setField(result, key, object[key]);
  }
  return result;
}

function reportDuplicate(walk: Walk): void {
  if (walk.duplicates.size === 0) return;
  const path = pathOf(walk);
  if (walk.duplicates.has(path)) walk.problems.push(`duplicate field ${JSON.stringify(path)}`);
}

function convert(given: Json, type: TypeRef, walk: Walk): Json {
  // Only these hold 64 bits; the literal is still there for what is told of the others.
  const isExact = type.kind === 'int64' || type.kind === 'any' || type.kind === 'struct';
  const value = typeof given === 'bigint' && !isExact ? Number(given) : given;
  switch (type.kind) {
    case 'any':
      reportDuplicatesIn(walk);
      return value;
    case 'list':
      if (!Array.isArray(value)) throw mismatch(value, type, walk);
      return list(value, type.item, walk);
    case 'map':
      if (!isObject(value)) throw mismatch(value, type, walk);
      return members(value as JsonObject, walk, (_key, item) => {
        const converted = item === null ? zero(type.value, walk) : convert(item, type.value, walk);
        reportDuplicate(walk);
        return converted;
      });
    case 'struct':
      return model(value, type.model, walk);
    default:
      return checkedScalar(value, type, walk);
  }
}

function list(items: Json[], type: TypeRef, walk: Walk): Json[] {
  let result: Json[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as Json;
    walk.way.push(i);
    const converted = item === null ? zero(type, walk) : convert(item, type, walk);
    walk.way.pop();
    if (converted !== item) result ??= items.slice(0, i);
    result?.push(converted);
  }
  return result ?? items;
}

function model(value: Json, name: string, walk: Walk): Json {
  const schema = walk.types.type(name);
  const read = specialReader(name);
  if (read) {
    try {
      return read(typeof value === 'bigint' ? Number(value) : value, literalOf(walk));
    } catch (error) {
      throw error instanceof DecodeError ? located(error, walk) : error;
    }
  }
  if (schema.special) {
    if (schema.special.json === '[string]') {
      return convert(value, { kind: 'list', item: { kind: 'string' } }, walk);
    }
    const form = schemaForm(name);
    if (form) return form(value, (schema) => model(schema, schemaModel(name), { ...walk, problems: [] }));
    reportDuplicatesIn(walk);
    return value;
  }
  if (!isObject(value)) throw mismatch(value, { kind: 'struct', model: name }, walk);
  return struct(value as JsonObject, schema, walk);
}

const literalOf = (walk: Walk): string | undefined =>
  walk.decoded.literals.size === 0 ? undefined : walk.decoded.literals.get(pathOf(walk));

/** Fields repeated inside a value that has no type. */
function reportDuplicatesIn(walk: Walk): void {
  if (walk.duplicates.size === 0) return;
  const path = pathOf(walk);
  for (const duplicate of walk.duplicates) {
    if (duplicate.startsWith(`${path}.`) || duplicate.startsWith(`${path}[`)) {
      walk.problems.push(`duplicate field ${JSON.stringify(duplicate)}`);
    }
  }
}

const LIMITS = { int32: 2 ** 31, int64: 2 ** 63 } as const;

function checkedScalar(value: Json, type: TypeRef, walk: Walk): Json {
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
    case 'int64': {
      if (typeof value === 'bigint') return value;
      if (typeof value !== 'number') break;
      const literal = literalOf(walk);
      if (isIntegerWithin(value, literal, LIMITS[type.kind])) return value;
      if (walk.decoded.wrapsIntegers && type.kind === 'int32' && Number.isInteger(value)) {
        return Number(BigInt.asIntN(32, BigInt(value)));
      }
      throw mismatch(value, type, walk, `number ${literal ?? value}`);
    }
    case 'bytes':
      if (typeof value === 'string') return base64(value);
      if (isBytes(value)) return Buffer.from(value).toString('base64');
      break;
  }
  throw mismatch(value, type, walk);
}

/** What was written and is too long for a double is a bigint, or has more than 64 bits. */
const isIntegerWithin = (value: number, literal: string | undefined, limit: number): boolean =>
  Number.isInteger(value) &&
  value < limit &&
  value >= -limit &&
  (literal === undefined || (/^-?[0-9]+$/.test(literal) && Number.isSafeInteger(value)));

/** Go takes the numbers of an array for bytes. */
const isBytes = (value: Json): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isInteger(item) && Number(item) >= 0 && Number(item) <= 255);

/** encoding/base64's standard alphabet with padding; line breaks are skipped, as Go skips them. */
function base64(text: string): string {
  const packed = text.replace(/[\r\n]/g, '');
  const bad = /[^A-Za-z0-9+/]/.exec(packed.replace(/={1,2}$/, ''));
  if (bad) throw new DecodeError(`illegal base64 data at input byte ${bad.index}`);
  if (packed.length % 4 !== 0)
    throw new DecodeError(`illegal base64 data at input byte ${packed.length - (packed.length % 4)}`);
  // Bits that stand for no byte are not kept.
  return packed.slice(0, -4) + Buffer.from(packed.slice(-4), 'base64').toString('base64');
}

/** What Go has where a list or map holds null. */
function zero(type: TypeRef, walk: Walk): Json {
  if (type.kind === 'bytes') return '';
  if (type.kind !== 'struct') return zeroOfScalar(type.kind) ?? null;
  const schema = walk.types.type(type.model);
  return schema.special ? zeroOfSpecial(schema) : {};
}
