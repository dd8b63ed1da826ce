// JSON without a schema as values of type dyn, and values as JSON; nothing is converted before it is asked for.
import { formatDuration } from '../apimachinery/duration.ts';
import { itemsOf, listOfValues } from './collections.ts';
import { formatTimestamp } from './timestamp.ts';
import {
  type Dict,
  type Duration,
  type Failure,
  failure,
  isDict,
  isFailure,
  isList,
  kindOf,
  type List,
  type Optional,
  type Timestamp,
  typeNameOf,
  type Uint,
  type Value,
} from './values.ts';

/** Whole numbers are of type int, as JSON cannot tell them from doubles. */
export function jsonToValue(data: unknown): Value {
  switch (typeof data) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return data;
    case 'number':
      return Number.isInteger(data) ? BigInt(data) : data;
    default:
      if (data === null || data === undefined) return null;
      return Array.isArray(data) ? arrayToList(data) : objectToDict(data as Record<string, unknown>);
  }
}

function objectToDict(data: Record<string, unknown>): Dict {
  const names = Object.keys(data).filter((name) => data[name] !== undefined);
  return {
    tag: 'map',
    size: names.length,
    find: (key) =>
      typeof key === 'string' && Object.hasOwn(data, key) && data[key] !== undefined
        ? jsonToValue(data[key])
        : undefined,
    keys: () => names,
  };
}

const arrayToList = (data: readonly unknown[]): List => ({
  tag: 'list',
  size: data.length,
  at: (index) => jsonToValue(data[index]),
  plus: (other) => listOfValues(data.map(jsonToValue)).plus(other),
});

type Converted = { json: unknown } | Failure;

/** What a value is in JSON; a failure for what JSON has nothing for. */
export function valueToJson(value: Value): Converted {
  switch (kindOf(value)) {
    case 'int':
      return { json: Number(value) };
    case 'uint':
      return { json: Number((value as Uint).value) };
    case 'bytes':
      return { json: Buffer.from(value as Uint8Array).toString('base64') };
    case 'timestamp':
      return { json: formatTimestamp(value as Timestamp) };
    case 'duration':
      return { json: formatDuration((value as Duration).nanos) };
    case 'string':
    case 'bool':
    case 'double':
    case 'null':
      return { json: value };
    case 'list':
      return listToJson(value as List);
    case 'map':
      return dictToJson(value as Dict);
    case 'optional': {
      const held = (value as Optional).value;
      return held === undefined ? { json: null } : valueToJson(held);
    }
    case 'error':
      return value as Failure;
    default:
      return failure(`${typeNameOf(value)} cannot be written as JSON`);
  }
}

function listToJson(list: List): Converted {
  const items: unknown[] = [];
  for (const item of itemsOf(list)) {
    const converted = valueToJson(item);
    if (isFailure(converted)) return converted;
    items.push(converted.json);
  }
  return { json: items };
}

function dictToJson(dict: Dict): Converted {
  const members: [string, unknown][] = [];
  for (const key of dict.keys()) {
    if (typeof key !== 'string') return failure(`unsupported key type: ${kindOf(key)}`);
    const converted = valueToJson(dict.find(key) as Value);
    if (isFailure(converted)) return converted;
    members.push([key, converted.json]);
  }
  return { json: Object.fromEntries(members) };
}

/**
 * Objects that an expression makes are named after where they stand: Object, Object.spec, Object.spec.template
 * (k8s.io/apiserver pkg/cel/mutation/dynamic/objects.go). What is wrong with the names of `value` and below it.
 */
export function typeNameProblems(value: Value, path: string): string[] {
  if (isList(value)) return [...itemsOf(value)].flatMap((item) => typeNameProblems(item, path));
  if (!isDict(value)) return [];
  const { typeName } = value;
  const members = value.keys().map((key) => [String(key), value.find(key) as Value] as const);
  if (typeName === undefined) return members.flatMap(([, member]) => typeNameProblems(member, path));
  const wrong = `unexpected type name ${JSON.stringify(typeName)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`;
  return [
    ...(typeName === path ? [] : [wrong]),
    ...members.flatMap(([name, member]) => typeNameProblems(member, `${path}.${name}`)),
  ];
}
