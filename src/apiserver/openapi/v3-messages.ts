// The protobuf messages of an OpenAPI 3.0 document, as data: names and field numbers of
// github.com/google/gnostic-models v0.7.0, openapiv3/OpenAPIv3.proto; which of several messages a value is, as in
// openapiv3/OpenAPIv3.go. Messages that no document of ours can hold (callbacks, links, headers, OAuth) are left out.
import { BOUNDS, type Message, type Messages, refOr, type TypeName } from './messages.ts';

/** By name in JSON. */
const named = (type: TypeName): Message => ({ named: [1, type] });
const orReference = (type: TypeName): Message => ({ oneOf: refOr(1, type, [2, 'Reference']) });

/** Defaults that are no scalar get lost. */
const SCALARS: Readonly<Record<string, readonly [number, TypeName]>> = {
  number: [1, 'double'],
  boolean: [2, 'bool'],
  string: [3, 'string'],
};

export const V3_MESSAGES: Messages = {
  AdditionalPropertiesItem: {
    oneOf: (value) => (typeof value === 'boolean' ? [2, 'bool'] : [1, 'SchemaOrReference']),
  },
  Components: {
    fields: {
      schemas: 'SchemasOrReferences',
      responses: 'Responses',
      parameters: 'ParametersOrReferences',
      examples: 'ExamplesOrReferences',
      requestBodies: 'RequestBodiesOrReferences',
      headers: 'HeadersOrReferences',
      securitySchemes: 'SecuritySchemesOrReferences',
    },
  },
  DefaultType: { oneOf: (value) => SCALARS[typeof value] },
  Document: {
    fields: {
      openapi: 'string',
      info: 'Info',
      servers: 'Server',
      paths: 'Paths',
      components: 'Components',
    },
  },
  ExternalDocs: { fields: { description: 'string', url: 'string' }, extensions: true },
  Info: {
    fields: {
      title: 'string',
      description: 'string',
      termsOfService: 'string',
      contact: 'Contact',
      license: 'License',
      version: 'string',
    },
    extensions: true,
  },
  ItemsItem: { wraps: 'SchemaOrReference' },
  MediaType: { fields: { schema: 'SchemaOrReference', example: 'any' } },
  MediaTypes: named('MediaType'),
  Operation: {
    fields: {
      tags: 'string',
      summary: 'string',
      description: 'string',
      externalDocs: 'ExternalDocs',
      operationId: 'string',
      parameters: 'ParameterOrReference',
      requestBody: 'RequestBodyOrReference',
      responses: 'Responses',
      callbacks: 'CallbacksOrReferences',
      deprecated: 'bool',
      security: 'SecurityRequirement',
      servers: 'Server',
    },
    extensions: true,
  },
  Parameter: {
    fields: {
      name: 'string',
      in: 'string',
      description: 'string',
      required: 'bool',
      deprecated: 'bool',
      allowEmptyValue: 'bool',
      style: 'string',
      explode: 'bool',
      allowReserved: 'bool',
      schema: 'SchemaOrReference',
    },
  },
  ParameterOrReference: orReference('Parameter'),
  PathItem: {
    fields: {
      $ref: 'string',
      summary: 'string',
      description: 'string',
      get: 'Operation',
      put: 'Operation',
      post: 'Operation',
      delete: 'Operation',
      options: 'Operation',
      head: 'Operation',
      patch: 'Operation',
      trace: 'Operation',
      servers: 'Server',
      parameters: 'ParameterOrReference',
    },
    extensions: true,
  },
  Paths: { named: [1, 'PathItem'], extensions: 2 },
  Properties: named('SchemaOrReference'),
  Reference: { fields: { $ref: 'string', summary: 'string', description: 'string' } },
  RequestBody: { fields: { description: 'string', content: 'MediaTypes', required: 'bool' }, extensions: true },
  RequestBodyOrReference: orReference('RequestBody'),
  Response: { fields: { description: 'string', headers: 'HeadersOrReferences', content: 'MediaTypes' } },
  ResponseOrReference: orReference('Response'),
  Responses: { named: [2, 'ResponseOrReference'], extensions: 3 },
  Schema: {
    fields: {
      nullable: 'bool',
      discriminator: 'Discriminator',
      readOnly: 'bool',
      writeOnly: 'bool',
      xml: 'Xml',
      externalDocs: 'ExternalDocs',
      example: 'any',
      deprecated: 'bool',
      title: 'string',
      multipleOf: 'double',
      ...BOUNDS,
      maxProperties: 'int64',
      minProperties: 'int64',
      required: 'string',
      enum: 'eachAny',
      type: 'string',
      allOf: 'SchemaOrReference',
      oneOf: 'SchemaOrReference',
      anyOf: 'SchemaOrReference',
      not: 'Schema',
      items: 'ItemsItem',
      properties: 'Properties',
      additionalProperties: 'AdditionalPropertiesItem',
      default: 'DefaultType',
      description: 'string',
      format: 'string',
    },
    extensions: true,
  },
  SchemaOrReference: orReference('Schema'),
  SchemasOrReferences: named('SchemaOrReference'),
  SecurityScheme: { fields: { type: 'string', description: 'string', name: 'string', in: 'string' }, extensions: true },
  SecuritySchemeOrReference: orReference('SecurityScheme'),
  SecuritySchemesOrReferences: named('SecuritySchemeOrReference'),
};
