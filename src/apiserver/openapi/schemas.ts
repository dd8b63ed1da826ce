// Types as OpenAPI schemas, in the dialect of version 3 or 2. Rules of the generator they imitate: a struct that is
// always written has the default {}, a scalar that is always written its zero value.
import type { Schema } from '../../api/apiextensions/schema.ts';
import type { Descriptions } from '../../api/descriptions.ts';
import type { FieldSchema, SchemaSet, TypeRef, TypeSchema } from '../../apimachinery/schema.ts';
import { customDefinition, described } from './custom-types.ts';

export type JsonSchema = { [key: string]: unknown };

export interface Dialect {
  readonly version: 2 | 3;
  ref(model: string): JsonSchema;
}

export const OPENAPI_V3: Dialect = { version: 3, ref: (model) => ({ $ref: `#/components/schemas/${model}` }) };
export const OPENAPI_V2: Dialect = { version: 2, ref: (model) => ({ $ref: `#/definitions/${model}` }) };

const SCALARS: Readonly<Record<string, JsonSchema>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  float64: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  any: {},
};
const ZEROS: Readonly<Record<string, unknown>> = { string: '', bool: false, int32: 0, int64: 0, float64: 0 };

/** Custom resources say of type and metadata what all types do. */
const ANY_OBJECT = 'io.k8s.api.core.v1.ConfigMap';
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

export interface SchemaWriter {
  /** The schema of a named type. */
  definition(model: string): JsonSchema;
  /** All named types that `models` need, themselves included, by name in order. */
  closure(models: Iterable<string>): string[];
}

export interface WriterOptions {
  dialect: Dialect;
  /** What is said of custom resources, by model. */
  custom: ReadonlyMap<string, Schema>;
  descriptions: Descriptions;
}

export function schemaWriter(schemas: SchemaSet, { dialect, custom, descriptions }: WriterOptions): SchemaWriter {
  const isStruct = (model: string): boolean => !schemas.type(model).special;

  /** Lists under a name of their own (ExtraValue) are written where they are used. */
  const inlined = (model: string): boolean => schemas.type(model).special?.json.startsWith('[') ?? false;

  function schemaOf(type: TypeRef): JsonSchema {
    switch (type.kind) {
      case 'list':
        return { type: 'array', items: element(type.item) };
      case 'map':
        return { type: 'object', additionalProperties: element(type.value) };
      case 'struct':
        return inlined(type.model) ? { type: 'array', items: element({ kind: 'string' }) } : dialect.ref(type.model);
      default:
        return { ...SCALARS[type.kind] };
    }
  }

  const element = (type: TypeRef): JsonSchema => withDefault(schemaOf(type), implicitDefault(type));

  function implicitDefault(type: TypeRef): unknown {
    if (type.kind === 'struct') return isStruct(type.model) ? {} : undefined;
    return ZEROS[type.kind];
  }

  /** Version 2 has no defaults; version 3 cannot put one beside a $ref. */
  function withDefault(schema: JsonSchema, value: unknown): JsonSchema {
    if (dialect.version === 2) return schema;
    if (value === undefined) return schema;
    return schema.$ref ? { allOf: [schema], default: value } : { ...schema, default: value };
  }

  function property(field: FieldSchema, text: string | undefined): JsonSchema {
    const always = field.type.kind === 'struct' || !(field.omitEmpty || field.omitZero);
    const value = field.default ?? (field.pointer || !always ? undefined : implicitDefault(field.type));
    const schema = withDefault(withEnum(schemaOf(field.type), field.enum), value);
    const extensions = extensionsOf(field);
    // Nothing may stand beside a $ref in version 3.
    const base = dialect.version === 3 && schema.$ref ? { allOf: [schema] } : schema;
    return { ...described(text), ...base, ...extensions };
  }

  return {
    definition(model) {
      const said = custom.get(model);
      if (said) return customDefinition(said, dialect, descriptions[ANY_OBJECT]);
      const type = schemas.type(model);
      if (type.special) return specialSchema(model, type, dialect);
      const { '': about, ...texts } = descriptions[model] ?? {};
      const own: Record<string, JsonSchema> = type.typeMeta
        ? {
            apiVersion: { ...described(texts.apiVersion), type: 'string' },
            kind: { ...described(texts.kind), type: 'string' },
          }
        : {};
      const properties: Record<string, JsonSchema> = { ...own };
      for (const field of type.fields.values()) properties[field.name] = property(field, texts[field.name]);
      const required = [...type.fields.values()].filter((f) => f.required).map((f) => f.name);
      return {
        ...described(about),
        type: 'object',
        ...(Object.keys(properties).length > 0 ? { properties } : {}),
        ...(required.length > 0 ? { required } : {}),
        ...(type.mapType ? { 'x-kubernetes-map-type': type.mapType } : {}),
      };
    },

    closure(models) {
      const found = new Set<string>();
      const queue = [...models];
      for (let model = queue.pop(); model !== undefined; model = queue.pop()) {
        if (found.has(model) || inlined(model)) continue;
        found.add(model);
        for (const field of schemas.type(model).fields.values()) queue.push(...modelsIn(field.type));
      }
      return [...found].sort();
    },
  };
}

/** What a list of such values says is said of its items. */
function withEnum(schema: JsonSchema, values: readonly string[] | undefined): JsonSchema {
  if (!values) return schema;
  const { items, additionalProperties } = schema;
  if (items) return { ...schema, items: { ...items, enum: values } };
  if (additionalProperties) return { ...schema, additionalProperties: { ...additionalProperties, enum: values } };
  return { ...schema, enum: values };
}

function modelsIn(type: TypeRef): string[] {
  if (type.kind === 'struct') return [type.model];
  if (type.kind === 'list') return modelsIn(type.item);
  return type.kind === 'map' ? modelsIn(type.value) : [];
}

function extensionsOf(field: FieldSchema): JsonSchema {
  const all: JsonSchema = {
    'x-kubernetes-list-type': field.listType,
    'x-kubernetes-list-map-keys': field.listMapKeys,
    'x-kubernetes-map-type': field.mapType,
    'x-kubernetes-patch-strategy': field.patchStrategy,
    'x-kubernetes-patch-merge-key': field.patchMergeKey,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function specialSchema(model: string, { special }: TypeSchema, dialect: Dialect): JsonSchema {
  if (dialect.version === 3) {
    if (special?.format === 'int-or-string') {
      return { format: special.format, oneOf: [{ type: 'integer' }, { type: 'string' }] };
    }
    if (model === QUANTITY) return { oneOf: [{ type: 'string' }, { type: 'number' }] };
  }
  return {
    ...(special?.json && special.json !== 'any' ? { type: special.json } : {}),
    ...(special?.format ? { format: special.format } : {}),
  };
}
