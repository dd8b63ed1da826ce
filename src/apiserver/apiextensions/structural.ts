// Structural schemas of custom resources: what they prune, default and refuse. Messages and reasons are those of
// k8s.io/apiextensions-apiserver/pkg/apiserver/validation. Rules in CEL (x-kubernetes-validations) are not run here.
import { RE2JS } from 're2js';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';

/** JSONSchemaProps as far as it is looked at. */
export interface Schema {
  type?: string;
  nullable?: boolean;
  default?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
}

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const EMBEDDED = new Set(['apiVersion', 'kind', 'metadata']);

/** Takes out of `value` what the schema does not know, in place. */
export function prune(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    for (const item of value) if (schema.items) prune(item, schema.items);
    return;
  }
  if (!isFields(value)) return;
  const { properties = {}, additionalProperties } = schema;
  for (const [key, part] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (schema['x-kubernetes-embedded-resource'] && EMBEDDED.has(key)) continue;
    if (known) prune(part, known);
    else if (isFields(additionalProperties)) prune(part, additionalProperties as Schema);
    else if (!additionalProperties && !schema['x-kubernetes-preserve-unknown-fields']) delete value[key];
  }
}

/** Fills in defaults of what is missing, and of nulls that may not be, in place. */
export function applyDefaults(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    for (const item of value) if (schema.items) applyDefaults(item, schema.items);
    return;
  }
  if (!isFields(value)) return;
  const { properties = {}, additionalProperties } = schema;
  for (const [key, property] of Object.entries(properties)) {
    const missing = value[key] === undefined || (value[key] === null && !property.nullable);
    if (missing && property.default !== undefined) value[key] = structuredClone(property.default);
    applyDefaults(value[key], property);
  }
  if (!isFields(additionalProperties)) return;
  for (const [key, part] of Object.entries(value)) {
    if (!Object.hasOwn(properties, key)) applyDefaults(part, additionalProperties as Schema);
  }
}

/** What is wrong with `value`; `path` is '' for the object itself. */
export function validateValue(value: unknown, schema: Schema, path = ''): FieldError[] {
  const field = path || '<nil>';
  if (value === null) {
    if (schema.nullable) return [];
    return schema.type ? [wrongType(field, schema.type, value)] : [];
  }
  if (!hasType(value, schema)) return [wrongType(field, schema.type ?? 'integer,string', value)];
  const errors = [...enumErrors(value, schema, field), ...scalarErrors(value, schema, field)];
  if (Array.isArray(value)) {
    errors.push(...countErrors(value.length, schema, { field, min: schema.minItems, max: schema.maxItems }));
    const { items } = schema;
    if (items) errors.push(...value.flatMap((item, i) => validateValue(item, items, `${path}[${i}]`)));
  } else if (isFields(value)) {
    errors.push(...fieldsErrors(value, schema, path));
  }
  return errors;
}

function fieldsErrors(value: Fields, schema: Schema, path: string): FieldError[] {
  const { properties = {}, additionalProperties, required = [] } = schema;
  const child = (key: string) => (path ? `${path}.${key}` : key);
  const { minProperties: min, maxProperties: max } = schema;
  const errors = countErrors(Object.keys(value).length, schema, { field: path || '<nil>', min, max });
  for (const key of required) if (value[key] === undefined) errors.push(fieldError.required(child(key)));
  for (const [key, part] of Object.entries(value)) {
    if (!path && EMBEDDED.has(key)) continue; // type and metadata are checked as those of every object
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known) errors.push(...validateValue(part, known, child(key)));
    else if (isFields(additionalProperties)) {
      errors.push(...validateValue(part, additionalProperties as Schema, child(key)));
    }
  }
  return errors;
}

const wrongType = (field: string, type: string, value: unknown): FieldError => {
  const given = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return fieldError.typeInvalid(field, value, `${field} in body must be of type ${type}: ${JSON.stringify(given)}`);
};

function hasType(value: unknown, schema: Schema): boolean {
  if (schema['x-kubernetes-int-or-string']) return Number.isInteger(value) || typeof value === 'string';
  switch (schema.type) {
    case 'string':
    case 'boolean':
      return typeof value === schema.type;
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isFields(value);
    default:
      return true;
  }
}

function enumErrors(value: unknown, schema: Schema, field: string): FieldError[] {
  if (!schema.enum) return [];
  const text = JSON.stringify(value);
  if (schema.enum.some((one) => JSON.stringify(one) === text)) return [];
  return [fieldError.notSupported(field, value, schema.enum.map(String))];
}

function scalarErrors(value: unknown, schema: Schema, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (detail: string) => errors.push(fieldError.invalid(field, value, `${field} in body should ${detail}`));
  if (typeof value === 'number') {
    const { minimum, maximum } = schema;
    if (minimum !== undefined && (value < minimum || (schema.exclusiveMinimum && value === minimum))) {
      refuse(`be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
    }
    if (maximum !== undefined && (value > maximum || (schema.exclusiveMaximum && value === maximum))) {
      refuse(`be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
    }
  }
  if (typeof value === 'string') {
    const length = [...value].length;
    if (schema.minLength !== undefined && length < schema.minLength)
      refuse(`be at least ${schema.minLength} chars long`);
    if (schema.maxLength !== undefined && length > schema.maxLength)
      errors.push(fieldError.tooLong(field, schema.maxLength));
    if (schema.pattern !== undefined && !RE2JS.compile(schema.pattern).matcher(value).find()) {
      refuse(`match '${schema.pattern}'`);
    }
  }
  return errors;
}

function countErrors(
  count: number,
  _schema: Schema,
  { field, min, max }: { field: string; min: number | undefined; max: number | undefined },
): FieldError[] {
  const errors: FieldError[] = [];
  if (min !== undefined && count < min) {
    errors.push(fieldError.invalid(field, count, `${field} in body should have at least ${min} items`));
  }
  if (max !== undefined && count > max) errors.push(fieldError.tooMany(field, count, max));
  return errors;
}
