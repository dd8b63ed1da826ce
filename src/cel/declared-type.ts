// A schema as a type, with what bounds its values: costs are estimated by how large they can be
// (k8s.io/apiserver pkg/cel/common/schemas.go, pkg/cel/types.go).
import { escapeName } from './escaping.ts';
import { type DataSchema, itemSchema, valueSchema, withTypeAndMetadata } from './schema.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  structType,
  TIMESTAMP,
  type Type,
} from './types.ts';

export interface DeclaredType {
  readonly type: Type;
  /** Most items, entries or bytes; 0 for what has none. */
  readonly maxElements: number;
  /** Fewest bytes in JSON. */
  readonly minSize: number;
  readonly fields?: Fields;
  readonly key?: DeclaredType;
  /** Of lists and maps. */
  readonly item?: DeclaredType;
}

/** A map, or what knows fields of any name. */
export interface Fields {
  get(name: string): DeclaredType | undefined;
  values(): Iterable<DeclaredType>;
}

export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
const MAX_STRING = MAX_REQUEST_BYTES - 2;
const MAX_TIME = 32;
const DATE_SIZE = 12;

const scalar = (type: Type, minSize: number, maxElements = 0): DeclaredType => ({ type, minSize, maxElements });

/** Undefined for what expressions do not see; `name` is that of the type, should it be an object. */
export function declareType(given: DataSchema, name: string, isRoot: boolean): DeclaredType | undefined {
  if (given['x-kubernetes-int-or-string']) return scalar(DYN, 1, bytesOf(given.maxLength) ?? MAX_STRING);
  const schema = isRoot ? withTypeAndMetadata(given) : given;
  switch (schema.type) {
    case 'array':
      return declareList(schema, name);
    case 'object':
      return valueSchema(schema) ? declareMap(schema, name) : declareObject(schema, name);
    case 'string':
      return declareString(schema);
    case 'boolean':
      return scalar(BOOL, 4);
    case 'number':
      return scalar(DOUBLE, 1);
    case 'integer':
      return scalar(INT, 1);
    default:
      return undefined;
  }
}

const isWhole = (schema: DataSchema): boolean => schema['x-kubernetes-embedded-resource'] === true;

/** Limits may be as long as 64 bits. */
const notNegative = (value: number | bigint | undefined): number | undefined =>
  value === undefined ? value : Math.max(Number(value), 0);

/** A character has up to four. */
const bytesOf = (length: number | bigint | undefined): number | undefined =>
  length === undefined ? undefined : Math.max(Number(length), 0) * 4;

function declareList(schema: DataSchema, name: string): DeclaredType | undefined {
  const items = itemSchema(schema);
  const item = items && declareType(items, `${name}.@idx`, isWhole(items));
  if (!item) return undefined;
  const most = notNegative(schema.maxItems) ?? Math.trunc(MAX_STRING / (item.minSize + 1));
  return { type: listOf(item.type), maxElements: most, minSize: 2, item };
}

function declareMap(schema: DataSchema, name: string): DeclaredType | undefined {
  const values = valueSchema(schema) as DataSchema;
  const item = declareType(values, `${name}.@elem`, isWhole(values));
  if (!item) return undefined;
  const most = notNegative(schema.maxProperties) ?? Math.trunc(MAX_STRING / (item.minSize + 6));
  return { type: mapOf(STRING, item.type), maxElements: most, minSize: 2, key: scalar(STRING, 2), item };
}

function declareObject(schema: DataSchema, name: string): DeclaredType {
  const fields = new Map<string, DeclaredType>();
  const required = new Set(schema.required);
  let minSize = 2;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const escaped = escapeName(key);
    const field = declareType(property, `${name}.${escaped ?? key}`, isWhole(property));
    if (!field) continue;
    if (escaped !== undefined) fields.set(escaped, field);
    const hasDefault = property.default !== undefined && property.default !== null;
    if (required.has(key) && !hasDefault) minSize += Buffer.byteLength(key) + field.minSize + 4;
  }
  return { type: structType(name), maxElements: 0, minSize, fields };
}

function declareString({ format, maxLength, enum: choices = [] }: DataSchema): DeclaredType {
  switch (format) {
    case 'byte':
      return scalar(BYTES, 2, notNegative(maxLength) ?? MAX_STRING);
    case 'duration':
      return scalar(DURATION, 3, MAX_TIME);
    case 'date':
      return scalar(TIMESTAMP, DATE_SIZE, DATE_SIZE);
    case 'date-time':
      return scalar(TIMESTAMP, 21, MAX_TIME);
    default: {
      const texts = choices.filter((choice) => typeof choice === 'string').map((choice) => Buffer.byteLength(choice));
      const most = bytesOf(maxLength) ?? (choices.length > 0 ? Math.max(0, ...texts) : MAX_STRING);
      return scalar(STRING, 2, most);
    }
  }
}

/** Every object type within, by its name. */
export function objectsOf(type: DeclaredType | undefined): Map<string, DeclaredType> {
  const found = new Map<string, DeclaredType>();
  const visit = (one: DeclaredType): void => {
    if (one.fields) found.set(one.type.name, one);
    for (const field of one.fields?.values() ?? []) visit(field);
    if (one.item) visit(one.item);
  };
  if (type) visit(type);
  return found;
}
