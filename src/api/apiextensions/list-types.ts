// Lists whose items must differ: x-kubernetes-list-type set, and map by its keys
// (apiextensions-apiserver pkg/apiserver/schema/listtype).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { type Fields, isFields, itemsOf, memberOf, type Schema } from './schema.ts';

/** Each item that is there before is reported once, at its second place. */
export function validateListTypes(value: unknown, schema: Schema | undefined, path = ''): FieldError[] {
  if (!schema) return [];
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    return [
      ...listErrors(value, schema, path),
      ...value.flatMap((item, i) => validateListTypes(item, items, `${path}[${i}]`)),
    ];
  }
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    const declared = schema.properties && Object.hasOwn(schema.properties, key);
    const at = declared ? (path ? `${path}.${key}` : key) : `${path}[${key}]`;
    return validateListTypes(part, memberOf(schema, key), at);
  });
}

function listErrors(list: readonly unknown[], schema: Schema, path: string): FieldError[] {
  const strange =
    schema['x-kubernetes-list-type'] === 'map' ? list.findIndex((item) => item !== null && !isFields(item)) : -1;
  if (strange < 0) {
    return repeated(list, schema).map((i) => fieldError.duplicate(`${path}[${i}]`, told(list[i], schema)));
  }
  return [fieldError.invalid(`${path}[${strange}]`, list[strange], 'must be an object for an array of list-type map')];
}

/** Of an item of a map what it is told apart by. */
function told(item: unknown, schema: Schema): unknown {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (schema['x-kubernetes-list-type'] !== 'map' || !isFields(item)) return item;
  return Object.fromEntries(keys.filter((key) => item[key] !== undefined).map((key) => [key, item[key]]));
}

function repeated(list: readonly unknown[], schema: Schema): number[] {
  const type = schema['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return [];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const identity = type === 'set' ? canonical : (item: unknown) => canonical(keysOf(item, keys));
  const counts = new Map<string, number>();
  return list.flatMap((item, i) => {
    const id = identity(item);
    const count = (counts.get(id) ?? 0) + 1;
    counts.set(id, count);
    return count === 2 ? [i] : [];
  });
}

const keysOf = (item: unknown, keys: readonly string[]): unknown[] =>
  keys.map((key) => (isFields(item) ? (item[key] ?? null) : null));

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    isFields(part) ? (Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) as Fields) : part,
  );
