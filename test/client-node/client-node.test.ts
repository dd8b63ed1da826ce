// A program written with @kubernetes/client-node: objects, patches, apply, watches, informers, custom types, errors.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node';
import { systemClock } from '../../src/clock.ts';
import { eventually } from '../support/eventually.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const namespace = 'default';
const config = new KubeConfig();
let api: TestServer;
let core: CoreV1Api;

before(async () => {
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
  config.loadFromOptions({
    clusters: [{ name: 'c', server: api.server.url, caData: Buffer.from(api.ca).toString('base64') }],
    users: [{ name: 'u', token: TOKEN }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  core = config.makeApiClient(CoreV1Api);
});
after(() => api.stop());

const configMap = (name: string, data: Record<string, string> = {}): V1ConfigMap => ({ metadata: { name }, data });

test('objects are made, read, listed in pages, changed and deleted', async () => {
  const made = await core.createNamespacedConfigMap({ namespace, body: configMap('a', { text: 'wörld' }) });
  assert.ok(made.metadata?.creationTimestamp instanceof Date);
  await core.createNamespacedConfigMap({ namespace, body: configMap('b') });
  const first = await core.listNamespacedConfigMap({ namespace, limit: 1 });
  const rest = await core.listNamespacedConfigMap({ namespace, _continue: first.metadata?._continue as string });
  assert.deepEqual(
    [...first.items, ...rest.items].map((item) => item.metadata?.name),
    ['a', 'b'],
  );
  const body = { ...made, data: { text: 'other' } };
  await core.replaceNamespacedConfigMap({ name: 'a', namespace, body });
  assert.deepEqual((await core.readNamespacedConfigMap({ name: 'a', namespace })).data, { text: 'other' });
  const stale = await core.replaceNamespacedConfigMap({ name: 'a', namespace, body }).catch((error: unknown) => error);
  assert.ok(stale instanceof ApiException && stale.code === 409, String(stale));
  await core.deleteNamespacedConfigMap({ name: 'b', namespace });
  const gone = await core.readNamespacedConfigMap({ name: 'b', namespace }).catch((error: unknown) => error);
  assert.ok(gone instanceof ApiException && JSON.parse(gone.body).reason === 'NotFound', String(gone));
});

test('every kind of patch', async () => {
  await core.createNamespacedConfigMap({ namespace, body: configMap('patched', { a: '1', b: '2' }) });
  const patches: [string, unknown][] = [
    [PatchStrategy.JsonPatch, [{ op: 'replace', path: '/data/a', value: 'json' }]],
    [PatchStrategy.MergePatch, { data: { b: null, c: 'merge' } }],
    [PatchStrategy.StrategicMergePatch, { data: { d: 'strategic' } }],
  ];
  for (const [type, body] of patches) {
    await core.patchNamespacedConfigMap({ name: 'patched', namespace, body }, setHeaderOptions('Content-Type', type));
  }
  const { data } = await core.readNamespacedConfigMap({ name: 'patched', namespace });
  assert.deepEqual(data, { a: 'json', c: 'merge', d: 'strategic' });
});

test('server-side apply: two managers, a conflict, force', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config);
  const apply = (manager: string, text: string, force?: boolean) =>
    objects.patch<V1ConfigMap>(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        ...configMap('applied', { text }),
        metadata: { name: 'applied', namespace },
      },
      undefined,
      undefined,
      manager,
      force,
      PatchStrategy.ServerSideApply,
    );
  await apply('one', 'a');
  const conflict = await apply('two', 'b').catch((error: unknown) => error);
  assert.ok(conflict instanceof ApiException && conflict.code === 409, String(conflict));
  const { data, metadata } = await apply('two', 'b', true);
  assert.deepEqual(data, { text: 'b' });
  assert.ok(metadata?.managedFields?.some(({ manager, operation }) => manager === 'two' && operation === 'Apply'));
});

test('a watch tells of each change', async () => {
  const told: [string, string | undefined][] = [];
  const watch = await new Watch(config).watch(
    `/api/v1/namespaces/${namespace}/configmaps`,
    { fieldSelector: 'metadata.name=watched' },
    (type: string, object: V1ConfigMap) => told.push([type, object.data?.n]),
    () => undefined,
  );
  await core.createNamespacedConfigMap({ namespace, body: configMap('watched', { n: '1' }) });
  await core.replaceNamespacedConfigMap({ name: 'watched', namespace, body: configMap('watched', { n: '2' }) });
  await core.deleteNamespacedConfigMap({ name: 'watched', namespace });
  await eventually('three events', () => told.length === 3);
  watch.abort();
  assert.deepEqual(told, [
    ['ADDED', '1'],
    ['MODIFIED', '2'],
    ['DELETED', '2'],
  ]);
});

test('an informer lists, follows, and keeps what there is', async () => {
  const apps = config.makeApiClient(AppsV1Api);
  const labels = { app: 'a' };
  const deployment = (name: string) => ({
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  await apps.createNamespacedDeployment({ namespace, body: deployment('before') });
  const told: string[] = [];
  const informer = makeInformer(config, `/apis/apps/v1/namespaces/${namespace}/deployments`, () =>
    apps.listNamespacedDeployment({ namespace }),
  );
  for (const verb of ['add', 'update', 'delete'] as const) {
    informer.on(verb, ({ metadata }) => told.push(`${verb} ${metadata?.name}`));
  }
  informer.on('error', (error: unknown) => told.push(String(error)));
  await informer.start();
  await apps.createNamespacedDeployment({ namespace, body: deployment('after') });
  await apps.replaceNamespacedDeploymentScale({
    name: 'after',
    namespace,
    body: { metadata: { name: 'after' }, spec: { replicas: 3 } },
  });
  await apps.deleteNamespacedDeployment({ name: 'before', namespace, propagationPolicy: 'Background' });
  await eventually('all changes', () => told.includes('delete before'));
  assert.deepEqual(told, ['add before', 'add after', 'update after', 'delete before']);
  assert.deepEqual(
    informer.list().map(({ metadata, spec }) => [metadata?.name, spec?.replicas]),
    [['after', 3]],
  );
  await informer.stop();
});

test('custom types, as soon as they are defined', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config);
  const spec = { type: 'object', properties: { size: { type: 'integer' } } };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
  await objects.create({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'crates.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'crates', kind: 'Crate' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  } as never);
  const custom = config.makeApiClient(CustomObjectsApi);
  const place = { group: 'example.com', version: 'v1', namespace, plural: 'crates' };
  const body = { apiVersion: 'example.com/v1', kind: 'Crate', metadata: { name: 'c' }, spec: { size: 3 } };
  await eventually('the type', () => custom.createNamespacedCustomObject({ ...place, body }));
  assert.deepEqual((await custom.getNamespacedCustomObject({ ...place, name: 'c' })).spec, { size: 3 });
});
