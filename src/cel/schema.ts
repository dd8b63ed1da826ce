// What of an OpenAPI schema types its data in expressions.

export interface DataSchema {
  type?: string;
  format?: string;
  nullable?: boolean;
  default?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, DataSchema>;
  additionalProperties?: DataSchema | boolean;
  items?: DataSchema | DataSchema[];
  maxLength?: number | bigint;
  maxItems?: number | bigint;
  maxProperties?: number | bigint;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
}

export const itemSchema = ({ items }: DataSchema): DataSchema | undefined => (Array.isArray(items) ? undefined : items);

export const valueSchema = ({ additionalProperties }: DataSchema): DataSchema | undefined =>
  typeof additionalProperties === 'object' ? additionalProperties : undefined;

const TEXT: DataSchema = { type: 'string' };
const METADATA: DataSchema = { type: 'object', properties: { name: TEXT, generateName: TEXT } };

/** Of every whole object kind, apiVersion and the names can be read, whatever its schema says of them. */
export function withTypeAndMetadata(schema: DataSchema): DataSchema {
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  const names = metadata?.type === 'object' ? metadata.properties : undefined;
  const complete =
    kind?.type === 'string' &&
    apiVersion?.type === 'string' &&
    names?.name?.type === 'string' &&
    names.generateName?.type === 'string';
  if (complete) return schema;
  return { ...schema, properties: { ...schema.properties, kind: TEXT, apiVersion: TEXT, metadata: METADATA } };
}
