// Defaults of a structural schema (apiextensions-apiserver pkg/apiserver/schema/defaulting/algorithm.go).
import { hasDefault } from './pruning.ts';
import { isFields, itemsOf, memberOf, type Schema } from './schema.ts';

/** Fills in what is missing, and nulls that may not be, in place. */
export function applyDefaults(value: unknown, schema: Schema | undefined): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    for (const [i, item] of value.entries()) {
      if (isRefusedNull(item, items) && items && hasDefault(items)) value[i] = structuredClone(items.default);
      applyDefaults(value[i], items);
    }
    return;
  }
  if (!isFields(value)) return;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (!hasDefault(property)) continue;
    if (value[key] === undefined || isRefusedNull(value[key], property)) value[key] = structuredClone(property.default);
  }
  for (const key of Object.keys(value)) {
    const member = memberOf(schema, key);
    if (isRefusedNull(value[key], member) && member && hasDefault(member)) value[key] = structuredClone(member.default);
    applyDefaults(value[key], member);
  }
}

const isRefusedNull = (value: unknown, schema: Schema | undefined): boolean =>
  value === null && schema !== undefined && !schema.nullable;
