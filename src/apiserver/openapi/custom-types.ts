// Custom resources in the documents: models named after group, version and kind, with the schema of their
// definition (k8s.io/apiextensions-apiserver pkg/controller/openapi/builder/builder.go and v2/conversion.go).
import { isFields, type Schema } from '../../api/apiextensions/schema.ts';
import type { ResourceDefinition } from '../../api/definition.ts';
import type { FieldSchema, SchemaSet, TypeSchema } from '../../apimachinery/schema.ts';
import type { Dialect, JsonSchema } from './schemas.ts';

/** What is said of the fields of a type, by name. */
type Texts = Readonly<Record<string, string>>;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** 'com.example.v1.Widget' for a type that has no model among the facts. */
export function modelOfDefinition({ group, version, kind, schema }: ResourceDefinition): string {
  return schema.model || [...group.split('.').reverse(), version, kind].join('.');
}

export const listModelOf = (definition: ResourceDefinition): string =>
  modelOfDefinition(definition).replace(/[^.]+$/, definition.listKind);

/** Schemas of `definitions` that are custom resources, by model. */
export function customSchemas(definitions: readonly ResourceDefinition[]): ReadonlyMap<string, Schema> {
  return new Map(
    definitions.flatMap((definition) =>
      definition.customSchema ? [[modelOfDefinition(definition), definition.customSchema] as const] : [],
    ),
  );
}

/** Adds the types of custom resources and their lists: what the server knows of them, not what their schema says. */
export function withCustomTypes(schemas: SchemaSet, definitions: readonly ResourceDefinition[]): SchemaSet {
  const types = new Map<string, TypeSchema>();
  for (const definition of definitions) {
    if (!definition.customSchema) continue;
    const model = modelOfDefinition(definition);
    const list = listModelOf(definition);
    types.set(model, typeOf(model, [structField('metadata', `${META}.ObjectMeta`)]));
    const items: FieldSchema = {
      name: 'items',
      type: { kind: 'list', item: { kind: 'struct', model } },
      omitEmpty: false,
      pointer: true,
      required: true,
    };
    types.set(list, typeOf(list, [items, structField('metadata', `${META}.ListMeta`)]));
  }
  return { type: (model) => types.get(model) ?? schemas.type(model) };
}

const typeOf = (model: string, fields: readonly FieldSchema[]): TypeSchema => ({
  model,
  fields: new Map(fields.map((field) => [field.name, field])),
  typeMeta: true,
});

const structField = (name: string, model: string): FieldSchema => ({
  name,
  type: { kind: 'struct', model },
  omitEmpty: true,
  pointer: false,
  required: false,
});

/** The schema of whole objects. In version 2 free-form objects say nothing, or kubectl would refuse their fields. */
export function customDefinition(schema: Schema, dialect: Dialect, texts: Texts = {}): JsonSchema {
  const isFree = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (dialect.version === 2 && isFree) return { type: 'object' };
  const rendered = render(schema, dialect, texts);
  return {
    ...rendered,
    type: 'object',
    properties: { ...((rendered.properties ?? {}) as JsonSchema), ...objectProperties(dialect, texts) },
  };
}

export const described = (text: string | undefined): JsonSchema => (text ? { description: text } : {});

function objectProperties(dialect: Dialect, texts: Texts): JsonSchema {
  const reference = dialect.ref(`${META}.ObjectMeta`);
  return {
    apiVersion: { ...described(texts.apiVersion), type: 'string' },
    kind: { ...described(texts.kind), type: 'string' },
    metadata: { ...described(texts.metadata), ...(dialect.version === 3 ? { allOf: [reference] } : reference) },
  };
}

function render(schema: Schema, dialect: Dialect, texts: Texts): JsonSchema {
  const { properties, items, additionalProperties, ...rest } = dialect.version === 2 ? plainer(schema) : schema;
  const rendered: JsonSchema = { ...rest };
  if (properties) {
    rendered.properties = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, render(property, dialect, texts)]),
    );
  }
  if (isFields(items)) rendered.items = render(items, dialect, texts);
  if (additionalProperties !== undefined) {
    rendered.additionalProperties = isFields(additionalProperties)
      ? render(additionalProperties as Schema, dialect, texts)
      : additionalProperties;
  }
  const isFree = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (!schema['x-kubernetes-embedded-resource'] || (dialect.version === 2 && isFree)) return rendered;
  return {
    ...rendered,
    properties: { ...((rendered.properties ?? {}) as JsonSchema), ...objectProperties(dialect, texts) },
    required: [...new Set([...(schema.required ?? []), 'kind', 'apiVersion'])],
  };
}

/** Without what version 2 does not have, and what kubectl's reader of it cannot cope with. */
function plainer(schema: Schema): Schema {
  const { allOf: _all, anyOf: _any, oneOf: _one, not: _not, nullable, ...plain } = schema;
  const isFree = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (nullable || isFree) {
    delete plain.items;
    delete plain.properties;
  }
  const untyped =
    nullable || (plain.type === 'array' && plain.items === undefined) || (plain.type === 'object' && isFree);
  if (untyped) delete plain.type;
  const { properties = {}, additionalProperties } = schema;
  const valuesMayBeNull = isFields(additionalProperties) && (additionalProperties as Schema).nullable === true;
  const required = valuesMayBeNull ? [] : (plain.required ?? []).filter((name) => !properties[name]?.nullable);
  if (required.length > 0) plain.required = required;
  else delete plain.required;
  return plain;
}
