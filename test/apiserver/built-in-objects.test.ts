// Objects and answers of which only the server knows that they are special.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ResourceType } from '../../src/api/definition.ts';
import { namespaces, pods, priorityClasses, serviceAccounts } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import { ensureDefaultServiceCidr } from '../../src/apiserver/bootstrap/default-service-cidr.ts';
import { toPartialMetadata, toPartialMetadataList, toTable } from '../../src/apiserver/table.ts';
import { createClient } from '../../src/client/create-client.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { podObject } from '../support/objects.ts';
import { startTestServer } from '../support/server.ts';

const { client, server, stop } = await startTestServer();
after(stop);

const type = (group: string, plural: string, kind: string, namespaced: boolean): ResourceType => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const serviceCidrs = type('networking.k8s.io', 'servicecidrs', 'ServiceCIDR', false);
const claims = type('resource.k8s.io', 'resourceclaims', 'ResourceClaim', true);

test('the priority classes of the system cannot be deleted, nor their values changed', async () => {
  const name = 'system-node-critical';
  await client.create(priorityClasses, { metadata: { name }, value: 2_000_001_000 });
  await assert.rejects(
    client.delete(priorityClasses, undefined, name),
    /this is a system priority class and cannot be/,
  );
  const change = (body: object) => client.patch(priorityClasses, undefined, name, { type: 'merge', body });
  await assert.rejects(change({ value: 1 }), /is invalid: value: Forbidden: may not be changed in an update/);
  assert.equal((await change({ description: 'x' })).description, 'x');
});

test('the range of Services is an object, which says once that it is ready', async () => {
  const { reader } = server;
  const apiserver = createClient(server.transport({ username: 'system:apiserver', groups: ['system:masters'] }));
  const ensure = () =>
    ensureDefaultServiceCidr({ client: apiserver, reader, clock: fakeClock(), serviceCidr: '10.43.0.0/16' });
  await ensure();
  const made = (await client.get(serviceCidrs, undefined, 'kubernetes')) as KubeObject & { status: object };
  assert.deepEqual(
    made.metadata.managedFields?.map(({ manager, operation, subresource }) => [manager, operation, subresource]),
    [
      ['kubernetes-service-cidr-controller', 'Apply', 'status'],
      ['kube-apiserver', 'Update', undefined],
    ],
  );
  await ensure();
  assert.deepEqual(await client.get(serviceCidrs, undefined, 'kubernetes'), made);
});

test('devices are lent for administration only where the namespace says so', async () => {
  const claim = (name: string) => {
    const requests = [{ name: 'r', exactly: { deviceClassName: 'c', adminAccess: true } }];
    const object = { metadata: { name, namespace: 'default' }, spec: { devices: { requests } } };
    return client.create(claims, object as KubeObject);
  };
  await assert.rejects(claim('a'), /spec\.devices\.requests\[0\]\.adminAccess: Forbidden: admin access to devices/);
  const body = { metadata: { labels: { 'resource.kubernetes.io/admin-access': 'true' } } };
  await client.patch(namespaces, undefined, 'default', { type: 'merge', body });
  await claim('a');
});

test('a token is bound to an object that is named', async () => {
  const bind = (boundObjectRef: object) =>
    client.createSubresource(serviceAccounts, 'default', 'default', 'token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { boundObjectRef },
    } as unknown as KubeObject);
  await assert.rejects(bind({ kind: 'Pod', apiVersion: 'v1' }), /^StatusError: Name parameter required\.$/);
  await assert.rejects(bind({ kind: 'Pod', apiVersion: 'v2', name: 'x' }), /pods "x" not found/);
  await assert.rejects(
    bind({ kind: 'Pod', apiVersion: 'a/v1', name: 'x' }),
    /cannot bind token to object of type a\/v1/,
  );
});

test('items without the keys of their list leave the object without owners of fields', async () => {
  const loose = { metadata: { name: 'loose', namespace: 'default' }, secrets: [{}, { name: 'a' }] };
  const made = await client.create(serviceAccounts, loose as KubeObject);
  assert.equal(made.metadata.managedFields, undefined);
});

test('a quality of service that a new pod brings along is believed', async () => {
  const given = { ...podObject('given'), status: { qosClass: 'Guaranteed', phase: 'Running' } };
  const { status } = await client.create(pods, given as never);
  assert.deepEqual([status?.qosClass, status?.phase], ['Guaranteed', 'Pending']);
});

test('bare metadata has no annotations that stand for fields', () => {
  const annotations = { 'deprecated.daemonset.template.generation': '1', a: 'b' };
  const bare = (kind: string) =>
    toPartialMetadata({ kind, apiVersion: 'apps/v1', metadata: { name: 'a', annotations } }, 'v1').metadata.annotations;
  assert.deepEqual([bare('DaemonSet'), bare('Deployment')], [{ a: 'b' }, annotations]);
});

test('a list of no bare metadata is null, as Go has it', () => {
  const list = (...objects: KubeObject[]) => toPartialMetadataList(objects, { metadata: {}, version: 'v1' }).items;
  assert.equal(list(), null);
  assert.equal(list({ metadata: { name: 'a' } })?.length, 1);
});

test('what a node may do is not told whole by rules', async () => {
  const reviews = type('authorization.k8s.io', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', false);
  const rulesOf = async (username: string, groups: string[]) => {
    const asking = createClient(server.transport({ username, groups }));
    const review = (await asking.create(reviews, {
      metadata: {},
      spec: { namespace: 'default' },
    } as never)) as KubeObject;
    const { incomplete, evaluationError } = (review as { status?: Record<string, unknown> }).status ?? {};
    return { incomplete, evaluationError };
  };
  const evaluationError = 'node authorizer does not support user rule resolution';
  assert.deepEqual(await rulesOf('system:node:n1', ['system:nodes', 'system:masters']), {
    incomplete: true,
    evaluationError,
  });
  assert.deepEqual(await rulesOf('jane', ['system:masters']), { incomplete: false, evaluationError: undefined });
});

test('schemas within schemas have nothing that says nothing', async () => {
  const crds = type('apiextensions.k8s.io', 'customresourcedefinitions', 'CustomResourceDefinition', false);
  const idle = { nullable: false, description: '', pattern: '', enum: [], default: null };
  const properties = {
    list: { type: 'array', items: { type: 'string', ...idle } },
    map: { type: 'object', additionalProperties: { type: 'string', ...idle } },
    open: { type: 'object', additionalProperties: true },
  };
  const openAPIV3Schema = { type: 'object', properties };
  const spec = {
    group: 'plain.example.com',
    scope: 'Cluster',
    names: { plural: 'things', kind: 'Thing' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
  };
  const made = await client.create(crds, { metadata: { name: 'things.plain.example.com' }, spec } as never);
  assert.deepEqual((made as unknown as { spec: typeof spec }).spec.versions[0]?.schema.openAPIV3Schema.properties, {
    list: { type: 'array', items: { type: 'string' } },
    map: { type: 'object', additionalProperties: { type: 'string' } },
    open: { type: 'object', additionalProperties: true },
  });
});

test('the row of a pod that has ended says so', () => {
  const row = (phase: string) => {
    const pod = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p' }, status: { phase } };
    const options = {
      version: 'v1',
      includeObject: 'None',
      now: 0,
      headers: false,
      metadata: {},
      definition: undefined,
    };
    const [first] = toTable([pod], options as never).rows as { conditions?: { reason: string }[] }[];
    return first?.conditions?.map(({ reason }) => reason);
  };
  assert.deepEqual([row('Failed'), row('Succeeded'), row('Running')], [['Failed'], ['Succeeded'], undefined]);
});
