import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceDefinition } from '../../../src/api/definition.ts';
import { readDescriptions } from '../../../src/api/descriptions.ts';
import { builtinDefinitions, builtinSchema } from '../../../src/api/index.ts';
import { openapiDocuments } from '../../../src/apiserver/openapi/documents.ts';

const deployments = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  singular: 'deployment',
  kind: 'Deployment',
  listKind: 'DeploymentList',
  namespaced: true,
  shortNames: [],
  categories: [],
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  schema: builtinSchema.type('io.k8s.api.apps.v1.Deployment'),
  subresources: {
    scale: { name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] },
  },
} as unknown as ResourceDefinition;
const documents = openapiDocuments([deployments], builtinSchema, () => ({}));
const read = (path: string) => JSON.parse(documents.v3(path)?.json ?? 'null');
const apps = read('apis/apps/v1');

test('the index names every document with the hash of its content', () => {
  const { paths } = JSON.parse(documents.index().json);
  assert.deepEqual(Object.keys(paths), [
    '.well-known/openid-configuration',
    'api',
    'apis',
    'apis/apps',
    'apis/apps/v1',
    'openid/v1/jwks',
    'version',
  ]);
  assert.equal(
    paths['apis/apps/v1'].serverRelativeURL,
    `/openapi/v3/apis/apps/v1?hash=${documents.v3('apis/apps/v1')?.hash}`,
  );
  assert.equal(documents.v3('apis/none/v1'), undefined);
  assert.equal(documents.v3('apis/apps/v1'), documents.v3('apis/apps/v1'));
});

test('every path of a resource is there', () => {
  const collection = '/apis/apps/v1/namespaces/{namespace}/deployments';
  const watch = '/apis/apps/v1/watch';
  assert.deepEqual(Object.keys(apps.paths), [
    '/apis/apps/v1/',
    '/apis/apps/v1/deployments',
    collection,
    `${collection}/{name}`,
    `${collection}/{name}/scale`,
    `${watch}/deployments`,
    `${watch}/namespaces/{namespace}/deployments`,
    `${watch}/namespaces/{namespace}/deployments/{name}`,
  ]);
  assert.deepEqual(Object.keys(read('apis/apps').paths), ['/apis/apps/']);
});

test('kubectl finds server-side validation and the kind at the PATCH operation', () => {
  const { patch } = apps.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'];
  assert.ok(
    patch.parameters.some((p: { name: string; in: string }) => p.name === 'fieldValidation' && p.in === 'query'),
  );
  assert.equal(patch.operationId, 'patchAppsV1NamespacedDeployment');
  assert.equal(patch['x-kubernetes-action'], 'patch');
  assert.deepEqual(patch['x-kubernetes-group-version-kind'], { group: 'apps', version: 'v1', kind: 'Deployment' });
  assert.deepEqual(Object.keys(patch.requestBody.content), [
    'application/apply-patch+cbor',
    'application/apply-patch+yaml',
    'application/json-patch+json',
    'application/merge-patch+json',
    'application/strategic-merge-patch+json',
  ]);
});

// Expectations are upstream's published schemas (api/openapi-spec/v3), without descriptions.
test('schemas have the types, defaults and patch rules of upstream', () => {
  const { schemas } = apps.components;
  const ref = (model: string) => ({ $ref: `#/components/schemas/${model}` });
  assert.deepEqual(schemas['io.k8s.api.apps.v1.Deployment']['x-kubernetes-group-version-kind'], [
    { group: 'apps', version: 'v1', kind: 'Deployment' },
  ]);
  assert.deepEqual(schemas['io.k8s.api.apps.v1.DeploymentSpec'].required, ['selector', 'template']);
  assert.deepEqual(schemas['io.k8s.api.apps.v1.DeploymentSpec'].properties.strategy, {
    allOf: [ref('io.k8s.api.apps.v1.DeploymentStrategy')],
    default: {},
    'x-kubernetes-patch-strategy': 'retainKeys',
  });
  assert.deepEqual(schemas['io.k8s.api.core.v1.PodSpec'].properties.containers, {
    type: 'array',
    items: { allOf: [ref('io.k8s.api.core.v1.Container')], default: {} },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': 'name',
  });
  assert.deepEqual(schemas['io.k8s.api.core.v1.ContainerPort'].properties.containerPort, {
    type: 'integer',
    format: 'int32',
    default: 0,
  });
  assert.deepEqual(schemas['io.k8s.apimachinery.pkg.util.intstr.IntOrString'], {
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  });
});

// Enum in kubernetes/pkg/generated/openapi/zz_generated.openapi.go; the published files are written without (OpenAPIEnums).
test('fields that take only certain values say which', () => {
  const { schemas } = apps.components;
  assert.deepEqual(schemas['io.k8s.api.core.v1.PodSpec'].properties.restartPolicy.enum, [
    'Always',
    'Never',
    'OnFailure',
  ]);
  const { accessModes } = schemas['io.k8s.api.core.v1.PersistentVolumeClaimSpec'].properties;
  assert.equal(accessModes.enum, undefined);
  assert.ok(accessModes.items.enum.includes('ReadWriteOnce'));
});

test('every reference of a document resolves within it', () => {
  for (const json of [documents.v3('apis/apps/v1')?.json, documents.v3('version')?.json, documents.v2().json]) {
    const document = JSON.parse(json ?? 'null');
    for (const [, pointer = ''] of (json ?? '').matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      let value = document;
      for (const step of pointer.split('/')) value = value?.[step];
      assert.ok(value, pointer);
    }
  }
});

test('version 2 holds all groups in one document, without defaults', () => {
  const v2 = JSON.parse(documents.v2().json);
  assert.equal(v2.swagger, '2.0');
  assert.ok(v2.paths['/apis/apps/v1/deployments'] && v2.paths['/version/']);
  const { post } = v2.paths['/apis/apps/v1/namespaces/{namespace}/deployments'];
  assert.deepEqual(post.parameters[0], {
    name: 'body',
    in: 'body',
    required: true,
    schema: { $ref: '#/definitions/io.k8s.api.apps.v1.Deployment' },
  });
  assert.deepEqual(v2.definitions['io.k8s.api.core.v1.ContainerPort'].properties.containerPort, {
    type: 'integer',
    format: 'int32',
  });
  assert.deepEqual(v2.definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString'], {
    type: 'string',
    format: 'int-or-string',
  });
});

test('texts stand at types and fields, in both versions', () => {
  const texts = {
    'io.k8s.api.apps.v1.Deployment': { '': 'A deployment.', kind: 'What it is.', spec: 'What it shall be.' },
  };
  const described = openapiDocuments([deployments], builtinSchema, () => texts);
  const model = 'io.k8s.api.apps.v1.Deployment';
  const v3 = JSON.parse(described.v3('apis/apps/v1')?.json ?? '').components.schemas[model];
  assert.deepEqual([v3.description, v3.properties.kind.description], ['A deployment.', 'What it is.']);
  assert.equal(v3.properties.spec.description, 'What it shall be.');
  assert.equal(v3.properties.status.description, undefined);
  const v2 = JSON.parse(described.v2().json).definitions[model];
  assert.equal(v2.properties.spec.description, 'What it shall be.');
});

test('every served built-in type has a text from set-up, and nearly every field', () => {
  const texts = readDescriptions();
  const untold = builtinDefinitions().filter(({ schema }) => !texts[schema.model]?.['']);
  assert.deepEqual(
    untold.map(({ kind }) => kind),
    [],
  );
  assert.match(texts['io.k8s.api.core.v1.Pod']?.spec ?? '', /^PodSpec is a description of a pod/);
  assert.match(texts['io.k8s.api.core.v1.PodSpec']?.nodeName ?? '', /^NodeName indicates in which node/);
  assert.match(texts['io.k8s.api.core.v1.ContainerPort']?.containerPort ?? '', /the pod's IP address/);
});
