// What a structural schema takes out of a custom resource: unknown fields, and nulls that may not be
// (apiextensions-apiserver pkg/apiserver/schema/pruning and defaulting/prunenulls.go). All in place.
import { isFields, itemsOf, memberOf, OBJECT_FIELDS, type Schema, valuesOf } from './schema.ts';

/** Takes out what the schema does not know; returns the paths of that. The root is a whole object. */
export function prune(object: unknown, schema: Schema): string[] {
  const unknown: string[] = [];
  pruneValue(object, { ...schema, 'x-kubernetes-embedded-resource': true }, { path: '', unknown });
  return unknown.sort();
}

interface Walk {
  path: string;
  unknown: string[];
}

/** Without a schema nothing is known. */
function pruneValue(value: unknown, schema: Schema | undefined, { path, unknown }: Walk): void {
  if (Array.isArray(value)) {
    const items = schema && itemsOf(schema);
    const keeps = schema?.['x-kubernetes-preserve-unknown-fields'] && !items;
    if (!keeps) for (const [i, item] of value.entries()) pruneValue(item, items, { path: `${path}[${i}]`, unknown });
    return;
  }
  if (!isFields(value)) return;
  for (const [key, part] of Object.entries(value)) {
    if (schema?.['x-kubernetes-embedded-resource'] && OBJECT_FIELDS.has(key)) continue;
    const at = path ? `${path}.${key}` : key;
    const declared = schema?.properties && Object.hasOwn(schema.properties, key);
    if (schema && (declared || valuesOf(schema))) pruneValue(part, memberOf(schema, key), { path: at, unknown });
    else if (schema?.['x-kubernetes-preserve-unknown-fields']) continue;
    else if (schema?.additionalProperties) pruneValue(part, undefined, { path: at, unknown });
    else {
      unknown.push(at);
      delete value[key];
    }
  }
}

/** Nulls of fields that are not nullable are as good as missing; those with a default get that instead. */
export function pruneNulls(value: unknown, schema: Schema | undefined): void {
  if (Array.isArray(value)) {
    for (const item of value) pruneNulls(item, schema && itemsOf(schema));
    return;
  }
  if (!isFields(value)) return;
  for (const [key, part] of Object.entries(value)) {
    const member = schema && memberOf(schema, key);
    const stays = part !== null || !member || member.nullable || hasDefault(member);
    if (stays) pruneNulls(part, member);
    else delete value[key];
  }
}

/** A default of null says nothing. */
export const hasDefault = (schema: Schema): boolean => schema.default !== undefined && schema.default !== null;
