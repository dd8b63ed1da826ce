// The shape of types as the facts record it (src/api/facts/schema.json), read once and resolved by name.
// Field keys are short in the file; here they get names. Source of every value: docs/api-facts.md.

export type ScalarType = 'string' | 'bool' | 'int32' | 'int64' | 'float64' | 'bytes' | 'any';

/** What a value is: a scalar, a list, a string-keyed map, or a struct by model name. */
export type TypeRef =
  | { kind: ScalarType }
  | { kind: 'list'; item: TypeRef }
  | { kind: 'map'; value: TypeRef }
  | { kind: 'struct'; model: string };

export interface FieldSchema {
  name: string;
  type: TypeRef;
  omitEmpty: boolean;
  /** Go's omitzero: left out even where it is a struct. */
  omitZero?: boolean;
  pointer: boolean;
  required: boolean;
  enum?: readonly string[];
  listType?: 'atomic' | 'set' | 'map';
  listMapKeys?: readonly string[];
  mapType?: 'atomic' | 'granular';
  patchStrategy?: string;
  patchMergeKey?: string;
  protobuf?: number;
  /** Numbers of the messages around it, outermost first: what is inlined in JSON is nested in protobuf. */
  protobufPath?: readonly number[];
  /** Go's names of the structs around it, outermost first, that are inlined in JSON. */
  embeddedIn?: readonly string[];
  default?: unknown;
  /** What the defaulting of the one object that was tried put there; often, not always, a plain default. */
  observedDefault?: unknown;
  featureGate?: string;
}

export interface TypeSchema {
  /** io.k8s.api.core.v1.Pod; empty for schemas made at run time. */
  model: string;
  /** JSON fields by name, inlined structs already flattened. */
  fields: ReadonlyMap<string, FieldSchema>;
  /** Set for types that are not plain structs: Quantity, Time, IntOrString, RawExtension … */
  special?: { json: string; format?: string };
  /** Whether the type has apiVersion and kind. */
  typeMeta: boolean;
  mapType?: 'atomic' | 'granular';
}

/** Resolves model names; the facts' own for built-in types. */
export interface SchemaSet {
  type(model: string): TypeSchema;
}
