// The whole document was compared with gnostic's own encoding of the same JSON once; here are the rules one by one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinDefinitions, builtinSchema } from '../../../src/api/index.ts';
import { WireReader } from '../../../src/apimachinery/codec/wire-reader.ts';
import { openapiDocuments } from '../../../src/apiserver/openapi/documents.ts';
import { openapiV2Protobuf } from '../../../src/apiserver/openapi/gnostic.ts';

/** All values of a message: texts where they are text, integers, or bytes; by field number. */
function fieldsOf(bytes: Uint8Array): Map<number, (Uint8Array | bigint)[]> {
  const fields = new Map<number, (Uint8Array | bigint)[]>();
  for (const reader = new WireReader(bytes); !reader.done; ) {
    const { number, wireType } = reader.tag();
    const value = wireType === 0 ? reader.varint() : reader.bytes();
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

/** The message (or text) at a path of field numbers, the first one where there are several. */
function at(bytes: Uint8Array, ...path: number[]): Uint8Array {
  return path.reduce((message, number) => {
    const [value] = fieldsOf(message).get(number) ?? [];
    assert.ok(value instanceof Uint8Array, `field ${number} of ${path.join('.')}`);
    return value;
  }, bytes);
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const schema = (value: object): Uint8Array => at(openapiV2Protobuf({ definitions: { One: value } }), 9, 1, 2);

test('a document has its fields under their numbers', () => {
  const bytes = openapiV2Protobuf({
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'v1' },
    security: [{ BearerToken: [] }],
  });
  assert.equal(text(at(bytes, 1)), '2.0');
  assert.equal(text(at(bytes, 2, 1)), 'Kubernetes');
  assert.equal(text(at(bytes, 12, 1, 1)), 'BearerToken');
  assert.equal(at(bytes, 12, 1, 2).length, 0);
});

test('a path has parameters of its own, operations and what the server adds', () => {
  const get = {
    operationId: 'readOne',
    parameters: [{ name: 'body', in: 'body', required: true, schema: { $ref: '#/definitions/One' } }],
    responses: { 200: { description: 'OK', schema: { type: 'string' } }, 'x-note': 1 },
    'x-kubernetes-action': 'get',
  };
  const bytes = openapiV2Protobuf({
    paths: {
      '/one': {
        parameters: [
          { name: 'name', in: 'path', required: true, type: 'string', uniqueItems: true },
          { $ref: '#/parameters/pretty' },
        ],
        get,
      },
    },
  });
  const item = at(bytes, 8, 2, 2);
  assert.equal(text(at(bytes, 8, 2, 1)), '/one');
  const [named, reference] = fieldsOf(item).get(9) as Uint8Array[];
  assert.equal(text(at(named as Uint8Array, 1, 2, 4, 4)), 'name');
  assert.equal(text(at(reference as Uint8Array, 2, 1)), '#/parameters/pretty');
  const operation = at(item, 2);
  assert.equal(text(at(operation, 5)), 'readOne');
  assert.equal(text(at(operation, 8, 1, 1, 5, 1)), '#/definitions/One');
  assert.equal(text(at(operation, 9, 1, 1)), '200');
  assert.equal(text(at(operation, 9, 1, 2, 1, 2, 1, 22, 1)), 'string');
  assert.equal(text(at(operation, 9, 2, 1)), 'x-note');
  assert.equal(text(at(operation, 13, 1)), 'x-kubernetes-action');
  assert.equal(text(at(operation, 13, 2, 2)), '"get"\n');
});

test('a query parameter that all paths share is known by its place', () => {
  const bytes = openapiV2Protobuf({ parameters: { limit: { name: 'limit', in: 'query', type: 'integer' } } });
  const parameter = at(bytes, 10, 1, 2, 2, 3);
  assert.equal(text(at(parameter, 4)), 'limit');
  assert.equal(text(at(parameter, 6)), 'integer');
});

test('how fields of schemas are told', () => {
  assert.equal(text(at(schema({ type: 'object' }), 22, 1)), 'object');
  assert.equal(text(at(schema({ items: { type: 'string' } }), 23, 1, 22, 1)), 'string');
  assert.equal(text(at(schema({ additionalProperties: { type: 'string' } }), 21, 1, 22, 1)), 'string');
  assert.deepEqual(fieldsOf(at(schema({ additionalProperties: false }), 21)).get(2), [0n]);
  assert.deepEqual(fieldsOf(schema({ required: ['a', 'b'] })).get(19)?.length, 2);
  assert.deepEqual(fieldsOf(schema({ maxLength: 300 })).get(11), [300n]);
  assert.equal(text(at(schema({ properties: { a: { format: 'int32' } } }), 25, 1, 2, 2)), 'int32');
  assert.equal(text(at(schema({ default: [] }), 5, 2)), '[]\n');
  assert.equal(text(at(schema({ default: false }), 5, 2)), 'false\n');
  assert.equal(fieldsOf(schema({ enum: ['a', 'b'] })).get(20)?.length, 2);
  assert.equal(text(at(schema({ 'x-kubernetes-list-map-keys': ['name'] }), 31, 2, 2)), '["name"]\n');
});

test('what is empty is left out', () => {
  assert.equal(schema({ description: '', readOnly: false, maxLength: 0, required: [] }).length, 0);
});

test('what the messages cannot hold is an error', () => {
  assert.throws(() => schema({ nullable: true }), /has no field nullable in Schema/);
  assert.throws(() => openapiV2Protobuf({ info: { contact: {} } }), /has no field contact in Info/);
});

test('the document of all built-in resources has a protobuf form, made once', () => {
  const documents = openapiDocuments(builtinDefinitions(), builtinSchema);
  const bytes = documents.v2Protobuf();
  assert.deepEqual(documents.v2Protobuf(), bytes);
  const json = JSON.parse(documents.v2().json);
  assert.equal(fieldsOf(at(bytes, 8)).get(2)?.length, Object.keys(json.paths).length);
  assert.equal(fieldsOf(at(bytes, 9)).get(1)?.length, Object.keys(json.definitions).length);
});
