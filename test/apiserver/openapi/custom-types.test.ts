// How custom resources are told in the documents; expectations follow apiextensions-apiserver's builder_test.go and
// v2/conversion_test.go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Schema } from '../../../src/api/apiextensions/schema.ts';
import { builtinSchema } from '../../../src/api/facts.ts';
import type { CustomResourceDefinition } from '../../../src/api/types/apiextensions/v1.ts';
import { definitionsOf } from '../../../src/apiserver/apiextensions/custom-resource.ts';
import { openapiDocuments } from '../../../src/apiserver/openapi/documents.ts';
import { openapiV2Protobuf } from '../../../src/apiserver/openapi/gnostic.ts';

const MODEL = 'com.example.v1.Widget';

const documentsOf = (schema: Schema, selectableFields: { jsonPath: string }[] = []) => {
  const crd = {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, selectableFields }],
    },
  } as CustomResourceDefinition;
  return openapiDocuments(definitionsOf(crd), builtinSchema);
};
const v2 = (schema: Schema) => JSON.parse(documentsOf(schema).v2().json);
const v3 = (schema: Schema) => JSON.parse(documentsOf(schema).v3('apis/example.com/v1')?.json ?? 'null');
const widget2 = (schema: Schema) => v2(schema).definitions[MODEL];
const spec2 = (spec: Schema) => widget2({ type: 'object', properties: { spec } }).properties.spec;
const spec3 = (spec: Schema) => v3({ type: 'object', properties: { spec } }).components.schemas[MODEL].properties.spec;

test('a custom resource has paths, a model and a list like any other', () => {
  const { paths, components } = v3({ type: 'object', description: 'A widget', properties: { spec: {} } });
  const path = paths['/apis/example.com/v1/namespaces/{namespace}/widgets/{name}'];
  assert.deepEqual(path.patch['x-kubernetes-group-version-kind'], {
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
  });
  const model = components.schemas[MODEL];
  assert.equal(model.description, 'A widget');
  assert.deepEqual(Object.keys(model.properties), ['spec', 'apiVersion', 'kind', 'metadata']);
  assert.deepEqual(model['x-kubernetes-group-version-kind'], [{ group: 'example.com', version: 'v1', kind: 'Widget' }]);
  const list = components.schemas['com.example.v1.WidgetList'];
  assert.deepEqual(list.required, ['items']);
  assert.ok(components.schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']);
});

test('a custom resource is told in JSON and YAML, without strategic merge patches and watches', () => {
  // kubectl apply sends strategic merge patches to whatever says that it takes them.
  const types = (content: object) => Object.keys(content).sort();
  const schema: Schema = { type: 'object', properties: { spec: {} } };
  const item = '/apis/example.com/v1/namespaces/{namespace}/widgets/{name}';
  const { patch, put } = v3(schema).paths[item];
  const patches = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json'];
  const plain = ['application/json', 'application/yaml'];
  assert.deepEqual(types(patch.requestBody.content), patches);
  assert.deepEqual(types(put.requestBody.content), plain);
  assert.deepEqual(types(put.responses[200].content), plain);
  const { paths } = v2(schema);
  assert.deepEqual([...paths[item].patch.consumes].sort(), patches);
  assert.deepEqual(paths[item].put.consumes, plain);
  assert.deepEqual(paths[item].get.produces, plain);
  assert.deepEqual(
    Object.keys(paths).filter((path) => path.includes('/watch/')),
    [],
  );
});

test('what all objects have is explained in custom resources too', () => {
  const { properties } = v3({ type: 'object', properties: { spec: {} } }).components.schemas[MODEL];
  const { properties: own } = widget2({ type: 'object', properties: { spec: {} } });
  for (const told of [properties, own]) {
    assert.match(told.apiVersion.description, /^APIVersion defines the versioned schema/);
    assert.match(told.kind.description, /^Kind is a string value representing the REST resource/);
    assert.match(told.metadata.description, /^Standard object's metadata\./);
  }
});

test('version 3 says all of the schema', () => {
  const spec: Schema = {
    type: 'object',
    required: ['size'],
    properties: {
      size: { type: 'integer', minimum: 0, default: 3 },
      port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
      note: { type: 'string', nullable: true },
    },
  };
  assert.deepEqual(spec3(spec), spec);
});

const plainer: [what: string, given: Schema, told: Schema][] = [
  ['no combinations', { type: 'string', anyOf: [{ minLength: 1 }], not: { maxLength: 3 } }, { type: 'string' }],
  ['no type of what may be null', { type: 'string', nullable: true }, {}],
  [
    'nothing required that may be null',
    { type: 'object', required: ['a', 'b'], properties: { a: { nullable: true }, b: { type: 'string' } } },
    { type: 'object', required: ['b'], properties: { a: {}, b: { type: 'string' } } },
  ],
  [
    'nothing of what is in a free object',
    { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: { type: 'string' } } },
    { 'x-kubernetes-preserve-unknown-fields': true },
  ],
  ['no type of a list of anything', { type: 'array' }, {}],
  [
    'the inside of lists and maps likewise',
    { type: 'object', additionalProperties: { type: 'array', items: { type: 'string', oneOf: [{}] } } },
    { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
  ],
];
for (const [what, given, told] of plainer) {
  test(`version 2 says ${what}`, () => assert.deepEqual(spec2(given), told));
}

test('version 2 of a free object says nothing, so that kubectl refuses nothing', () => {
  const free: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: {} } };
  assert.equal(widget2(free).properties, undefined);
});

test('an embedded object has type and metadata', () => {
  const template = spec3({ type: 'object', 'x-kubernetes-embedded-resource': true });
  assert.deepEqual(Object.keys(template.properties), ['apiVersion', 'kind', 'metadata']);
  assert.deepEqual(template.required, ['kind', 'apiVersion']);
});

test('version 2 with all that a schema may say has a protobuf form', () => {
  const document = v2({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        title: 'Spec',
        maxProperties: 5,
        properties: {
          a: { type: 'number', minimum: 0.5, exclusiveMinimum: true, multipleOf: 0.5, enum: [1, 2] },
          b: { type: 'array', items: { type: 'string', pattern: '^a' }, 'x-kubernetes-list-type': 'set', minItems: 1 },
          c: { 'x-kubernetes-validations': [{ rule: 'self > 1' }], type: 'integer', default: 2 },
        },
      },
    },
  });
  assert.ok(openapiV2Protobuf(document).length > 0);
});

test('fields that a custom resource can be selected by are told at its model and its list', () => {
  const schema: Schema = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { host: { type: 'string' }, port: { type: 'integer' } } } },
  };
  const documents = documentsOf(schema, [{ jsonPath: '.spec.port' }, { jsonPath: '.spec.host' }]);
  const schemas = JSON.parse(documents.v3('apis/example.com/v1')?.json ?? 'null').components.schemas;
  const { definitions } = JSON.parse(documents.v2().json);
  const told = [{ fieldPath: 'spec.port' }, { fieldPath: 'spec.host' }];
  for (const models of [schemas, definitions]) {
    assert.deepEqual(models[MODEL]['x-kubernetes-selectable-fields'], told);
    assert.deepEqual(models[`${MODEL}List`]['x-kubernetes-selectable-fields'], told);
  }
  assert.equal('x-kubernetes-selectable-fields' in widget2(schema), false);
});
