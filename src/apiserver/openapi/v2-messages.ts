// The protobuf messages of an OpenAPI 2.0 document, as data: names and field numbers of
// github.com/google/gnostic-models v0.7.0, openapiv2/OpenAPIv2.proto; which of several messages a value is, as in
// openapiv2/OpenAPIv2.go. Messages that no document of ours can hold (OAuth, files, forms, headers) are left out.

export type Scalar = 'string' | 'bool' | 'int64' | 'double';

/**
 * A scalar, 'any' (the message Any, whose second field holds the value as YAML), 'eachAny' (one for each item), or a
 * message below. All but 'any' may be repeated, which an array in JSON says.
 */
export type TypeName = Scalar | 'any' | 'eachAny' | (string & {});

/** Field number and type. */
export type Member = readonly [number: number, type: TypeName];

export type Message =
  /** By name in JSON; a field's number is its place. Vendor extensions (x-…) come after the last, as NamedAny. */
  | { fields: Readonly<Record<string, TypeName>>; extensions?: true }
  /** All names but x-… go into messages of a name (1) and a value (2). */
  | { named: Member; extensions?: number }
  /** A message around one value or several. */
  | { wraps: TypeName }
  /** One of several members. */
  | { oneOf(value: object | boolean): Member };

/** A reference, or else the member given. */
const refOr =
  (number: number, type: TypeName, reference: Member) =>
  (value: object | boolean): Member =>
    Object.hasOwn(value as object, '$ref') ? reference : [number, type];

/** What a value may be, in the order of every message that says it. */
const LIMITS: Readonly<Record<string, TypeName>> = {
  default: 'any',
  maximum: 'double',
  exclusiveMaximum: 'bool',
  minimum: 'double',
  exclusiveMinimum: 'bool',
  maxLength: 'int64',
  minLength: 'int64',
  pattern: 'string',
  maxItems: 'int64',
  minItems: 'int64',
  uniqueItems: 'bool',
  enum: 'eachAny',
  multipleOf: 'double',
};
const TYPED: Readonly<Record<string, TypeName>> = {
  type: 'string',
  format: 'string',
  items: 'PrimitivesItems',
  collectionFormat: 'string',
  ...LIMITS,
};
const PARAMETER: Readonly<Record<string, TypeName>> = {
  required: 'bool',
  in: 'string',
  description: 'string',
  name: 'string',
};

export const MESSAGES: Readonly<Record<string, Message>> = {
  AdditionalPropertiesItem: { oneOf: (value) => (typeof value === 'boolean' ? [2, 'bool'] : [1, 'Schema']) },
  ApiKeySecurity: { fields: { type: 'string', name: 'string', in: 'string', description: 'string' }, extensions: true },
  BodyParameter: {
    fields: { description: 'string', name: 'string', in: 'string', required: 'bool', schema: 'Schema' },
    extensions: true,
  },
  Definitions: { named: [1, 'Schema'] },
  Document: {
    fields: {
      swagger: 'string',
      info: 'Info',
      host: 'string',
      basePath: 'string',
      schemes: 'string',
      consumes: 'string',
      produces: 'string',
      paths: 'Paths',
      definitions: 'Definitions',
      parameters: 'ParameterDefinitions',
      responses: 'ResponseDefinitions',
      security: 'SecurityRequirement',
      securityDefinitions: 'SecurityDefinitions',
      tags: 'Tag',
      externalDocs: 'ExternalDocs',
    },
    extensions: true,
  },
  ExternalDocs: { fields: { description: 'string', url: 'string' }, extensions: true },
  Info: { fields: { title: 'string', version: 'string', description: 'string' } },
  ItemsItem: { wraps: 'Schema' },
  JsonReference: { fields: { $ref: 'string', description: 'string' } },
  NonBodyParameter: {
    oneOf: (value) => ((value as { in: string }).in === 'path' ? [4, 'PathParameter'] : [3, 'QueryParameter']),
  },
  Operation: {
    fields: {
      tags: 'string',
      summary: 'string',
      description: 'string',
      externalDocs: 'ExternalDocs',
      operationId: 'string',
      produces: 'string',
      consumes: 'string',
      parameters: 'ParametersItem',
      responses: 'Responses',
      schemes: 'string',
      deprecated: 'bool',
      security: 'SecurityRequirement',
    },
    extensions: true,
  },
  Parameter: {
    oneOf: (value) => ((value as { in: string }).in === 'body' ? [1, 'BodyParameter'] : [2, 'NonBodyParameter']),
  },
  ParameterDefinitions: { named: [1, 'Parameter'] },
  ParametersItem: { oneOf: refOr(1, 'Parameter', [2, 'JsonReference']) },
  PathItem: {
    fields: {
      $ref: 'string',
      get: 'Operation',
      put: 'Operation',
      post: 'Operation',
      delete: 'Operation',
      options: 'Operation',
      head: 'Operation',
      patch: 'Operation',
      parameters: 'ParametersItem',
    },
    extensions: true,
  },
  PathParameter: { fields: { ...PARAMETER, ...TYPED }, extensions: true },
  Paths: { named: [2, 'PathItem'], extensions: 1 },
  PrimitivesItems: { fields: TYPED, extensions: true },
  Properties: { named: [1, 'Schema'] },
  QueryParameter: { fields: { ...PARAMETER, allowEmptyValue: 'bool', ...TYPED }, extensions: true },
  Response: { fields: { description: 'string', schema: 'SchemaItem' } },
  ResponseDefinitions: { named: [1, 'Response'] },
  ResponseValue: { oneOf: refOr(1, 'Response', [2, 'JsonReference']) },
  Responses: { named: [1, 'ResponseValue'], extensions: 2 },
  Schema: {
    fields: {
      $ref: 'string',
      format: 'string',
      title: 'string',
      description: 'string',
      default: 'any',
      multipleOf: 'double',
      maximum: 'double',
      exclusiveMaximum: 'bool',
      minimum: 'double',
      exclusiveMinimum: 'bool',
      maxLength: 'int64',
      minLength: 'int64',
      pattern: 'string',
      maxItems: 'int64',
      minItems: 'int64',
      uniqueItems: 'bool',
      maxProperties: 'int64',
      minProperties: 'int64',
      required: 'string',
      enum: 'eachAny',
      additionalProperties: 'AdditionalPropertiesItem',
      type: 'TypeItem',
      items: 'ItemsItem',
      allOf: 'Schema',
      properties: 'Properties',
      discriminator: 'string',
      readOnly: 'bool',
      xml: 'Xml',
      externalDocs: 'ExternalDocs',
      example: 'any',
    },
    extensions: true,
  },
  SchemaItem: { oneOf: () => [1, 'Schema'] },
  SecurityDefinitions: { named: [1, 'SecurityDefinition'] },
  SecurityDefinition: { oneOf: () => [2, 'ApiKeySecurity'] },
  SecurityRequirement: { named: [1, 'StringArray'] },
  StringArray: { wraps: 'string' },
  Tag: { fields: { name: 'string', description: 'string', externalDocs: 'ExternalDocs' }, extensions: true },
  TypeItem: { wraps: 'string' },
  Xml: {
    fields: { name: 'string', namespace: 'string', prefix: 'string', attribute: 'bool', wrapped: 'bool' },
    extensions: true,
  },
};
