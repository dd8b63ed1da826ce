// JSON as values, typed by an OpenAPI schema; nothing is converted before it is asked for
// (k8s.io/apiserver pkg/cel/common/valuesunstructured.go).
import { isDeepStrictEqual } from 'node:util';
import { DurationError, parseDuration } from '../apimachinery/duration.ts';
import { itemsOf, keyOf, listOfValues } from './collections.ts';
import { equal, equalItems, NO_OVERLOAD } from './equality.ts';
import { escapeName, unescapeName } from './escaping.ts';
import { formatValue } from './format-value.ts';
import { type DataSchema, itemSchema, valueSchema, withTypeAndMetadata } from './schema.ts';
import { parseTimestamp } from './timestamp.ts';
import {
  type Dict,
  duration,
  type Failure,
  failure,
  isDict,
  isList,
  type List,
  type Opaque,
  type Value,
} from './values.ts';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the data was, for comparing it as such. */
const ORIGIN = new WeakMap<object, unknown>();

/** `data` must be what its schema lets through; what is not gives a failure. */
export function dataToValue(data: unknown, schema: DataSchema): Value {
  if (data === null || data === undefined) {
    return schema.nullable ? null : failure('invalid data, got null for schema with nullable=false');
  }
  if (schema['x-kubernetes-int-or-string']) {
    if (typeof data === 'string') return data;
    if (typeof data === 'bigint' || Number.isInteger(data)) return integer(data as number | bigint);
    return failure('invalid data, expected XIntOrString value to be either a string or integer');
  }
  switch (schema.type) {
    case 'object':
      if (!isFields(data)) return failure('invalid data, expected a map for the provided schema with type=object');
      return fieldsToDict(data, schema);
    case 'array':
      return arrayToList(data, schema);
    case 'string':
      return typeof data === 'string' ? stringToValue(data, schema.format) : mismatch('string', data);
    case 'number':
      return typeof data === 'number' || typeof data === 'bigint' ? Number(data) : mismatch('float', data);
    case 'integer':
      return typeof data === 'bigint' || Number.isInteger(data)
        ? integer(data as number | bigint)
        : mismatch('int', data);
    case 'boolean':
      return typeof data === 'boolean' ? data : mismatch('bool', data);
    default:
      if (schema['x-kubernetes-preserve-unknown-fields']) return preserved(data);
      return failure(
        `invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got ${schema.type ?? ''}`,
      );
  }
}

/** As doubles the greatest integer and the one after it are the same. */
const integer = (data: number | bigint): bigint => (data === 2 ** 63 ? 2n ** 63n - 1n : BigInt(data));

const mismatch = (expected: string, data: unknown): Failure =>
  failure(`invalid data, expected ${expected}, got ${Array.isArray(data) ? 'array' : typeof data}`);

function stringToValue(text: string, format: string | undefined): Value {
  switch (format) {
    case 'duration':
      try {
        return duration(parseDuration(text));
      } catch (error) {
        if (!(error instanceof DurationError)) throw error;
        return failure(`Invalid duration ${text}: ${error.message}`);
      }
    case 'date':
      return parseTimestamp(`${text}T00:00:00Z`) ?? failure(`Invalid date formatted string ${text}`);
    case 'date-time':
      return parseTimestamp(text) ?? failure(`Invalid date-time formatted string ${text}`);
    case 'byte':
      return new Uint8Array(Buffer.from(text, 'base64'));
    default:
      return text;
  }
}

/** Of no known type: it can be passed on and compared. */
function preserved(data: unknown): Opaque {
  return {
    tag: 'opaque',
    type: { kind: 'opaque', name: 'unknown', params: [] },
    value: data,
    same: (other) => isDeepStrictEqual(data, other.value),
  };
}

function fieldsToDict(data: Fields, given: DataSchema): Dict {
  const schema = given['x-kubernetes-embedded-resource'] ? withTypeAndMetadata(given) : given;
  const { properties } = schema;
  const values = properties ? undefined : valueSchema(schema);
  const schemaOf = (name: string): DataSchema | undefined =>
    properties ? (Object.hasOwn(properties, name) ? properties[name] : undefined) : values;
  const names = Object.keys(data);
  const dict: Dict = {
    tag: 'map',
    size: names.length,
    find(key) {
      if (typeof key !== 'string') return NO_OVERLOAD;
      const name = properties ? unescapeName(key) : key;
      if (name === undefined || !Object.hasOwn(data, name)) return undefined;
      const value = data[name];
      const its = schemaOf(name);
      return its && !(properties && value === null) ? dataToValue(value, its) : undefined;
    },
    keys: () => names.filter((name) => schemaOf(name)).map((name) => (properties ? (escapeName(name) ?? name) : name)),
    same(other) {
      if (other.size !== names.length) return false;
      for (const name of names) {
        const its = schemaOf(name);
        if (its) {
          const [mine, theirs] = [dict.find(name), other.find(name)];
          if ((mine === undefined) !== (theirs === undefined)) return false;
          const same = mine === undefined || equal(mine, theirs as Value);
          if (same !== true) return same;
        } else {
          const theirs = ORIGIN.get(other);
          if (!isFields(theirs)) return NO_OVERLOAD;
          if (Object.hasOwn(theirs, name) && !isDeepStrictEqual(data[name], theirs[name])) return false;
        }
      }
      return true;
    },
  };
  ORIGIN.set(dict, data);
  return dict;
}

function arrayToList(data: unknown, schema: DataSchema): Value {
  if (!Array.isArray(data)) return failure('invalid data, expected an array for the provided schema with type=array');
  const items = itemSchema(schema);
  if (!items) return failure('invalid array type, expected Items with a non-empty Schema');
  const plain: List = {
    tag: 'list',
    size: data.length,
    at: (index) => dataToValue(data[index], items),
    plus: (other) => listOfValues(Array.from(data, (item) => dataToValue(item, items))).plus(other),
    same: (other) => equalItems(plain, other),
  };
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return identified(plain, identityOf);
    case 'map': {
      const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => escapeName(key) ?? key);
      return identified(plain, keysOf(keys));
    }
    default:
      return plain;
  }
}

/** Items with the same keys have the same. */
const keysOf =
  (keys: readonly string[]) =>
  (item: Value): string =>
    isDict(item) ? keys.map((key) => identityOf(item.find(key) ?? null)).join() : identityOf(item);

/** Equal values have the same. */
function identityOf(value: Value): string {
  if (isList(value)) return `[${[...itemsOf(value)].map(identityOf).join()}]`;
  if (!isDict(value)) return JSON.stringify(keyOf(value) ?? formatValue(value));
  const parts = value.keys().map((key) => `${identityOf(key)}:${identityOf(value.find(key) ?? null)}`);
  return `{${parts.sort().join()}}`;
}

/** Sets, and maps written as lists: order does not matter, and adding replaces what is there. */
function identified(list: List, identify: (item: Value) => string): List {
  const index = (): Map<string, Value> => new Map([...itemsOf(list)].map((item) => [identify(item), item]));
  return {
    ...list,
    same(other) {
      if (other.size !== list.size) return false;
      const mine = index();
      for (const item of itemsOf(other)) {
        const found = mine.get(identify(item));
        const same = found !== undefined && equal(found, item);
        if (same !== true) return same;
      }
      return true;
    },
    plus(other) {
      const all = index();
      for (const item of itemsOf(other)) all.set(identify(item), item);
      return identified(listOfValues([...all.values()]), identify);
    },
  };
}
