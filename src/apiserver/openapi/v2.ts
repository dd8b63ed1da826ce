// The one OpenAPI 2.0 (Swagger) document of everything served.
import { type Body, CUSTOM_TYPES, type Operation } from './operations.ts';
import { parameterType, pathParameters } from './parameters.ts';
import { type JsonSchema, OPENAPI_V2, schemaWriter } from './schemas.ts';
import { type DocumentParts, modelsOf, sorted } from './v3.ts';

const PRODUCES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/cbor'];
const STREAMS = [
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
  'application/cbor-seq',
];
const PATCHES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'application/apply-patch+cbor',
];
const CUSTOM_PATCHES = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'];
const PHRASES: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

export function openapiV2(parts: Omit<DocumentParts, 'tag'> & { tagOf(operation: Operation): string }): JsonSchema {
  const { operations, plain, schemas, custom, extensions, descriptions } = parts;
  const writer = schemaWriter(schemas, { dialect: OPENAPI_V2, custom, descriptions });
  const paths: Record<string, JsonSchema> = {};
  for (const { path, tag, operationId, response, mediaTypes } of plain) {
    paths[path] = {
      get: {
        tags: [tag],
        operationId,
        consumes: mediaTypes,
        produces: mediaTypes,
        schemes: ['https'],
        responses: responses(response, [200]),
      },
    };
  }
  for (const operation of operations) {
    const { path } = operation;
    paths[path] ??= {
      parameters: pathParameters(path).map((name) => ({
        name,
        in: 'path',
        required: true,
        type: 'string',
        uniqueItems: true,
      })),
    };
    paths[path][operation.method] = render(operation, parts.tagOf(operation));
  }
  const names = new Set(operations.flatMap(({ query }) => query));
  const models = writer.closure([...operations, ...plain].flatMap(modelsOf));
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: sorted(paths),
    definitions: Object.fromEntries(
      models.map((model) => [model, { ...writer.definition(model), ...extensions.get(model) }]),
    ),
    parameters: Object.fromEntries(
      [...names].sort().map((name) => [name, { name, in: 'query', type: parameterType(name), uniqueItems: true }]),
    ),
    securityDefinitions: {
      BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
    },
    security: [{ BearerToken: [] }],
  };
}

function render(operation: Operation, tag: string): JsonSchema {
  const { action, gvk, operationId, query, request, response, codes } = operation;
  const required = !action.startsWith('delete');
  return {
    tags: [tag],
    operationId,
    consumes: consumed(operation),
    produces: produced(operation),
    schemes: ['https'],
    parameters: [
      ...(request ? [{ name: 'body', in: 'body', ...(required ? { required } : {}), schema: schemaOf(request) }] : []),
      ...query.map((name) => ({ $ref: `#/parameters/${name}` })),
    ],
    responses: responses(response, codes),
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  };
}

function consumed({ action, isCustom }: Operation): readonly string[] {
  if (action === 'patch') return isCustom ? CUSTOM_PATCHES : PATCHES;
  return isCustom ? CUSTOM_TYPES : ['*/*'];
}

function produced({ action, isCustom, streams }: Operation): readonly string[] {
  if (isCustom) return CUSTOM_TYPES;
  if (action === 'connect') return ['*/*'];
  return streams ? [...PRODUCES, ...STREAMS] : PRODUCES;
}

const responses = (response: Body, codes: readonly number[]): JsonSchema => ({
  ...Object.fromEntries(codes.map((code) => [code, { description: PHRASES[code], schema: schemaOf(response) }])),
  401: { description: 'Unauthorized' },
});

const schemaOf = (body: Body): JsonSchema => (body === 'string' ? { type: 'string' } : OPENAPI_V2.ref(body.model));
