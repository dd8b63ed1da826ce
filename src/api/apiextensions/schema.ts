// OpenAPI v3 schemas of CustomResourceDefinitions (JSONSchemaProps) as far as they are looked at.

export interface Schema {
  id?: string;
  $schema?: string;
  $ref?: string;
  description?: string;
  title?: string;
  type?: string;
  format?: string;
  nullable?: boolean;
  default?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  patternProperties?: Record<string, Schema>;
  dependencies?: Record<string, unknown>;
  definitions?: Record<string, Schema>;
  items?: Schema | Schema[];
  additionalItems?: Schema | boolean;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-validations'?: Rule[];
}

export interface Rule {
  rule?: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

export type Fields = Record<string, unknown>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema of a list's items; lists of schemas are refused in definitions. */
export const itemsOf = ({ items }: Schema): Schema | undefined => (Array.isArray(items) ? undefined : items);

/** The schema of a map's values. */
export const valuesOf = ({ additionalProperties }: Schema): Schema | undefined =>
  isFields(additionalProperties) ? (additionalProperties as Schema) : undefined;

/** The schema of one member: a declared property, or the map's values. */
export function memberOf(schema: Schema, key: string): Schema | undefined {
  const { properties } = schema;
  return properties && Object.hasOwn(properties, key) ? properties[key] : valuesOf(schema);
}

/** What every object has; known wherever a whole object stands. */
export const OBJECT_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** Whether `holds` for the schema or any below it. */
export function someSchema(schema: Schema, holds: (schema: Schema) => boolean): boolean {
  return holds(schema) || below(schema).some((one) => someSchema(one, holds));
}

/** Every schema directly within. */
export const below = (schema: Schema): Schema[] => [
  ...(schema.items ? [schema.items].flat() : []),
  ...Object.values(schema.properties ?? {}),
  ...[schema.additionalProperties, schema.additionalItems, schema.not].filter(isFields),
  ...(schema.allOf ?? []),
  ...(schema.anyOf ?? []),
  ...(schema.oneOf ?? []),
  ...Object.values(schema.definitions ?? {}),
  ...Object.values(schema.patternProperties ?? {}),
];
