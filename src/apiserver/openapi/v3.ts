// One OpenAPI 3.0 document: the operations given and every schema they need.
import type { Schema } from '../../api/apiextensions/schema.ts';
import type { Descriptions } from '../../api/descriptions.ts';
import type { SchemaSet } from '../../apimachinery/schema.ts';
import { type Body, CUSTOM_TYPES, type Operation } from './operations.ts';
import { parameterType, pathParameters } from './parameters.ts';
import { type JsonSchema, OPENAPI_V3, schemaWriter } from './schemas.ts';

export const MEDIA_TYPES = [
  'application/cbor',
  'application/json',
  'application/vnd.kubernetes.protobuf',
  'application/yaml',
];
const STREAM_TYPES = [
  'application/cbor-seq',
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
];
const PATCH_TYPES = [
  'application/apply-patch+cbor',
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];
const CUSTOM_PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
];
const PHRASES: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

/** What is told of a model beside its schema (`x-kubernetes-…`), by model. */
export type Extensions = ReadonlyMap<string, JsonSchema>;

/** A path that only says what is there: /apis/apps/, /version/. */
export interface PlainPath {
  path: string;
  tag: string;
  operationId: string;
  response: Body;
  mediaTypes: readonly string[];
}

export interface DocumentParts {
  operations: readonly Operation[];
  plain: readonly PlainPath[];
  tag: string;
  schemas: SchemaSet;
  /** Schemas of custom resources, by model. */
  custom: ReadonlyMap<string, Schema>;
  extensions: Extensions;
  descriptions: Descriptions;
}

export function openapiV3(parts: DocumentParts): JsonSchema {
  const { operations, plain, tag, schemas, custom, extensions, descriptions } = parts;
  const writer = schemaWriter(schemas, { dialect: OPENAPI_V3, custom, descriptions });
  const paths: Record<string, JsonSchema> = {};
  for (const { path, tag: own, operationId, response, mediaTypes } of plain) {
    paths[path] = { get: { tags: [own], operationId, responses: responses({ response, codes: [200] }, mediaTypes) } };
  }
  for (const operation of operations) {
    const { path } = operation;
    paths[path] ??= {
      parameters: pathParameters(path).map((name) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string', uniqueItems: true },
      })),
    };
    paths[path][operation.method] = render(operation, tag);
  }
  const models = writer.closure([...operations, ...plain].flatMap(modelsOf));
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: sorted(paths),
    components: {
      schemas: Object.fromEntries(
        models.map((model) => [model, { ...writer.definition(model), ...extensions.get(model) }]),
      ),
      securitySchemes: {
        BearerToken: {
          type: 'apiKey',
          description: 'Bearer Token authentication',
          name: 'authorization',
          in: 'header',
        },
      },
    },
  };
}

function render(operation: Operation, tag: string): JsonSchema {
  const { action, gvk, operationId, query, request } = operation;
  return {
    tags: [tag],
    operationId,
    parameters: query.map((name) => ({
      name,
      in: 'query',
      schema: { type: parameterType(name), uniqueItems: true },
    })),
    ...(request ? { requestBody: requestBody(request, operation) } : {}),
    responses: responses(operation, typesOf(operation)),
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  };
}

function requestBody(request: Body, { action, isCustom }: Operation): JsonSchema {
  const [patches, others] = isCustom ? [CUSTOM_PATCH_TYPES, CUSTOM_TYPES] : [PATCH_TYPES, ['*/*']];
  // Options of a DELETE may be left out.
  return {
    content: content(action === 'patch' ? patches : others, request),
    ...(action.startsWith('delete') ? {} : { required: true }),
  };
}

function typesOf({ action, isCustom, path, streams }: Operation): readonly string[] {
  if (isCustom) return CUSTOM_TYPES;
  if (action === 'connect') return ['*/*'];
  if (path.endsWith('/log')) return [...MEDIA_TYPES, 'text/plain'];
  return streams ? [...MEDIA_TYPES, ...STREAM_TYPES].sort() : MEDIA_TYPES;
}

const responses = (
  { response, codes }: Pick<Operation, 'response' | 'codes'>,
  types: readonly string[],
): JsonSchema => ({
  ...Object.fromEntries(codes.map((code) => [code, { description: PHRASES[code], content: content(types, response) }])),
  401: { description: 'Unauthorized' },
});

const content = (types: readonly string[], body: Body): JsonSchema =>
  Object.fromEntries(
    types.map((type) => [type, { schema: body === 'string' ? { type: 'string' } : { ...OPENAPI_V3.ref(body.model) } }]),
  );

export const modelsOf = (operation: { request?: Body; response: Body }): string[] =>
  [operation.request, operation.response].flatMap((body) => (body && body !== 'string' ? [body.model] : []));

export const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
