// CustomResourceDefinitions: served while they exist, with the rules of their schema.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { applyDefaults } from '../../src/api/apiextensions/defaulting.ts';
import { prune } from '../../src/api/apiextensions/pruning.ts';
import type { Schema } from '../../src/api/apiextensions/schema.ts';
import { validateValue } from '../../src/api/apiextensions/value-rules.ts';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import type { Transport } from '../../src/client/transport.ts';
import { eventually } from '../support/eventually.ts';
import { ADMIN, startTestServer, type TestServer } from '../support/server.ts';

type Thing = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> };

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const THINGS = '/apis/example.com/v1/namespaces/default/things';

const definition = {
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.now', labelSelectorPath: '.status.by' },
        },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['size'],
                properties: { size: { type: 'integer', minimum: 1 }, color: { type: 'string', default: 'red' } },
              },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
};

let api: TestServer;
let transport: Transport;
before(async () => {
  api = await startTestServer();
  transport = api.server.transport(ADMIN);
  await transport.request({ method: 'POST', path: CRDS, body: definition });
  await eventually('the type to be served', () => api.server.catalogue.find('example.com', 'v1', 'things'));
});
after(() => api.stop());

const send = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
  (await transport.request({ method, path, body })) as Thing;
const thing = (name: string, spec: Record<string, unknown>, kind = 'Thing') => ({
  apiVersion: 'example.com/v1',
  kind,
  metadata: { name },
  spec,
});

test('a definition becomes established', async () => {
  const types = await eventually('conditions', async () => {
    const { status } = await send('GET', `${CRDS}/things.example.com`);
    return (status?.conditions as { type: string }[] | undefined)?.map(({ type }) => type);
  });
  assert.deepEqual(types, ['NamesAccepted', 'Established']);
});

test('objects are pruned, defaulted and validated', async () => {
  const made = await send('POST', THINGS, thing('a', { size: 1, unknown: true }));
  assert.deepEqual(made.spec, { size: 1, color: 'red' });
  await assert.rejects(
    send('POST', THINGS, thing('b', { size: 0 })),
    (error) => error instanceof StatusError && error.status.details?.causes?.[0]?.field === 'spec.size',
  );
});

test('spec and status are written at their own endpoints, and generation counts the spec', async () => {
  const made = await send('POST', THINGS, thing('parts', { size: 1 }));
  const reported = await send('PUT', `${THINGS}/parts/status`, { ...made, spec: { size: 9 }, status: { ready: true } });
  assert.deepEqual([reported.spec?.size, reported.status, reported.metadata.generation], [1, { ready: true }, 1]);
  const grown = await send('PUT', `${THINGS}/parts`, { ...reported, spec: { size: 2 }, status: {} });
  assert.deepEqual([grown.spec?.size, grown.status, grown.metadata.generation], [2, { ready: true }, 2]);
});

test('deleting a definition takes its objects along and ends the serving', async () => {
  const name = 'others.example.com';
  const names = { plural: 'others', singular: 'other', kind: 'Other', listKind: 'OtherList' };
  const path = THINGS.replace('things', 'others');
  await send('POST', CRDS, { metadata: { name }, spec: { ...definition.spec, names } });
  await eventually('the type to be served', () => api.server.catalogue.find('example.com', 'v1', 'others'));
  await send('POST', path, thing('a', { size: 1 }, 'Other'));
  await send('DELETE', `${CRDS}/${name}`);
  await eventually('the type to be gone', () => !api.server.catalogue.find('example.com', 'v1', 'others'));
  await assert.rejects(send('GET', path), (error) => error instanceof StatusError && error.code === 404);
  assert.equal(api.storage.list('/example.com/others/').entries.length, 0);
});

test('pruning keeps what is known, marked or free-form', () => {
  const schema: Schema = {
    properties: {
      list: { items: { properties: { a: {} } } },
      map: { additionalProperties: { properties: { a: {} } } },
      free: { 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
  const value = { list: [{ a: 1, b: 2 }], map: { x: { a: 1, b: 2 } }, free: { any: 1 }, other: 1 };
  prune(value, schema);
  assert.deepEqual(value, { list: [{ a: 1 }], map: { x: { a: 1 } }, free: { any: 1 } });
});

test('defaults fill what is missing, also below what was defaulted', () => {
  const value: Record<string, unknown> = { given: null };
  applyDefaults(value, {
    properties: {
      given: { default: 1 },
      nested: { default: {}, properties: { a: { default: 'x' } } },
    },
  });
  assert.deepEqual(value, { given: 1, nested: { a: 'x' } });
});

const invalid: [value: unknown, schema: Schema, reason: string][] = [
  ['x', { type: 'integer' }, 'FieldValueTypeInvalid'],
  [null, { type: 'string' }, 'FieldValueTypeInvalid'],
  ['c', { type: 'string', enum: ['a', 'b'] }, 'FieldValueNotSupported'],
  ['c', { type: 'string', pattern: '^[ab]$' }, 'FieldValueInvalid'],
  ['abc', { type: 'string', maxLength: 2 }, 'FieldValueTooLong'],
  [[1, 2], { type: 'array', maxItems: 1 }, 'FieldValueTooMany'],
  [5, { type: 'integer', exclusiveMaximum: true, maximum: 5 }, 'FieldValueInvalid'],
  [{}, { type: 'object', required: ['a'] }, 'FieldValueRequired'],
];

for (const [value, schema, reason] of invalid) {
  test(`${JSON.stringify(value)} against ${JSON.stringify(schema)} is ${reason}`, () => {
    assert.deepEqual(
      validateValue(value, schema, { path: 'spec' }).map((error) => error.reason),
      [reason],
    );
  });
}

test('strategic merge patches are not among those that a custom resource and its scale take', async () => {
  await send('POST', THINGS, thing('patched', { size: 2 }));
  for (const path of [`${THINGS}/patched`, `${THINGS}/patched/scale`]) {
    const patch = { method: 'PATCH', path, contentType: 'application/strategic-merge-patch+json', body: {} } as const;
    await assert.rejects(transport.request(patch), {
      code: 415,
      message:
        /accepted media types include: application\/json-patch\+json, application\/merge-patch\+json, application\/apply-patch\+yaml$/,
    });
  }
});

test('scale reads and writes the fields that the definition names', async () => {
  await send('POST', THINGS, thing('scaled', { size: 2 }));
  await send('PUT', `${THINGS}/scaled/status`, {
    ...((await send('GET', `${THINGS}/scaled`)) as Thing),
    status: { now: 1, by: 'app=scaled' },
  });
  const scale = (await send('GET', `${THINGS}/scaled/scale`)) as Thing;
  assert.deepEqual(scale.spec, { replicas: 2 });
  assert.deepEqual(scale.status, { replicas: 1, selector: 'app=scaled' });
  await send('PUT', `${THINGS}/scaled/scale`, { ...scale, spec: { replicas: 5 } });
  assert.deepEqual(((await send('GET', `${THINGS}/scaled`)) as Thing).spec, { size: 5, color: 'red' });
});
