import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinDefinitions } from '../../../src/api/index.ts';
import { endpointSlices, services } from '../../../src/api/resources.ts';
import type { APIService } from '../../../src/api/types/apiregistration/v1.ts';
import { endpointOf, tlsOf, userHeaders } from '../../../src/apiserver/aggregation/backend.ts';
import { difference, localApiServices } from '../../../src/apiserver/aggregation/local.ts';
import { ofList } from '../../../src/apiserver/aggregation/remote-discovery.ts';
import { servedGroups, withRemote } from '../../../src/apiserver/discovery/groups.ts';
import { memoryReader } from '../../support/memory-reader.ts';

const remoteApi = (parts: Partial<APIService['spec']> = {}): APIService => ({
  metadata: { name: 'v1.example.com' },
  spec: {
    group: 'example.com',
    version: 'v1',
    groupPriorityMinimum: 100,
    versionPriority: 10,
    service: { namespace: 'apps', name: 'api', port: 443 },
    ...parts,
  },
});

test('every version served has an APIService, but for that of APIServices', () => {
  const names = localApiServices(builtinDefinitions()).map(({ metadata }) => metadata.name);
  assert.ok(names.includes('v1.'));
  assert.ok(names.includes('v2.autoscaling'));
  assert.equal(new Set(names).size, names.length);
  assert.ok(!names.some((name) => name?.endsWith('apiregistration.k8s.io')));
});

test('custom resources come after all built-in groups, and follow their definitions', () => {
  const [custom] = localApiServices([{ group: 'example.com', version: 'v1beta1' }]);
  assert.equal(custom?.metadata.name, 'v1beta1.example.com');
  assert.equal(custom?.metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'], 'true');
  assert.equal(custom?.spec.groupPriorityMinimum, 1000);
  assert.equal(custom?.spec.versionPriority, 100);
});

test('what is missing is made, what was changed is put back, what is served no longer goes, what others made stays', () => {
  const [apps, batch, core] = ['apps', 'batch', ''].flatMap((group) => localApiServices([{ group, version: 'v1' }]));
  const changed = { ...batch, spec: { ...batch?.spec, versionPriority: 1 } } as APIService;
  const others = remoteApi();
  const result = difference([core as APIService, changed, others], [apps, batch] as APIService[]);
  assert.deepEqual(result.create, [apps]);
  assert.deepEqual(result.update, [batch]);
  assert.deepEqual(result.remove, [core]);
  const taken = { ...others, metadata: { name: 'v1.apps' } };
  assert.deepEqual(difference([taken], [apps] as APIService[]), { create: [], update: [], remove: [] });
});

test('the group of metrics stays with the metrics-server that took it, and no other group stays taken', () => {
  const [own] = localApiServices([{ group: 'metrics.k8s.io', version: 'v1beta1' }]) as [APIService];
  const taken = { ...own, spec: { ...own.spec, service: { namespace: 'kube-system', name: 'metrics-server' } } };
  assert.deepEqual(difference([taken], [own]), { create: [], update: [], remove: [] });
  const [apps] = localApiServices([{ group: 'apps', version: 'v1' }]) as [APIService];
  const stolen = { ...apps, spec: { ...apps.spec, service: { namespace: 'x', name: 'y' } } };
  assert.equal(difference([stolen], [apps]).update.length, 1);
});

test('why a Service cannot be reached, in upstream’s words', () => {
  const reader = memoryReader();
  const why = () => endpointOf(reader, remoteApi());
  assert.deepEqual(why(), { reason: 'ServiceNotFound', message: 'service/api in "apps" is not present' });
  const service = (spec: object) =>
    reader.put(services, { metadata: { namespace: 'apps', name: 'api' }, spec } as never);
  service({ ports: [{ port: 8443 }] });
  assert.deepEqual(why(), {
    reason: 'ServicePortError',
    message: 'service/api in "apps" is not listening on port 443',
  });
  service({ ports: [{ name: 'https', port: 443 }] });
  assert.deepEqual(why(), {
    reason: 'EndpointsNotFound',
    message: 'cannot find endpointslices for service/api in "apps"',
  });
  const slice = (parts: object) =>
    reader.put(endpointSlices, {
      metadata: { namespace: 'apps', name: 'api-1', labels: { 'kubernetes.io/service-name': 'api' } },
      addressType: 'IPv4',
      ports: [{ name: 'https', port: 6443 }],
      ...parts,
    } as never);
  slice({ endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: false } }] });
  assert.deepEqual(why(), {
    reason: 'MissingEndpoints',
    message: 'endpointslices for service/api in "apps" have no addresses with port name "https"',
  });
  slice({ endpoints: [{ addresses: ['10.0.0.1'] }] });
  assert.equal(String(why()), 'https://10.0.0.1:6443/');
  slice({ endpoints: [{ addresses: ['fd00::1'] }] });
  assert.equal(String(why()), 'https://[fd00::1]:6443/');
  service({ type: 'ExternalName', externalName: 'api.example.com' });
  assert.equal(String(why()), 'https://api.example.com/');
});

test('the server is checked for the name of its Service, unless that is waived', () => {
  const ca = Buffer.from('PEM').toString('base64');
  const frontProxy = { cert: 'c', key: 'k' };
  assert.deepEqual(tlsOf(remoteApi({ caBundle: ca }), frontProxy), {
    ...frontProxy,
    ca: 'PEM',
    rejectUnauthorized: true,
    servername: 'api.apps.svc',
  });
  assert.equal(tlsOf(remoteApi({ insecureSkipTLSVerify: true }), undefined).rejectUnauthorized, false);
});

test('a user is named in headers; keys of extras are lower case and escaped', () => {
  const extra = { 'Example.com/Scopes': ['a', 'b'], "x'y": ['1'] };
  assert.deepEqual(userHeaders({ username: 'jane', uid: '7', groups: ['dev', 'ops'], extra }), {
    'x-remote-user': 'jane',
    'x-remote-uid': '7',
    'x-remote-group': ['dev', 'ops'],
    'x-remote-extra-example.com%2Fscopes': ['a', 'b'],
    'x-remote-extra-x%27y': ['1'],
  });
  assert.deepEqual(userHeaders({ username: 'jane', groups: [] }), { 'x-remote-user': 'jane' });
});

test('an old list of resources becomes the aggregated form', () => {
  const list = [
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
    {
      name: 'flunders',
      singularName: 'flunder',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['get', 'list'],
      shortNames: ['fl'],
    },
    { name: 'ghosts/scale', namespaced: false, group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get'] },
  ];
  assert.deepEqual(ofList(list), [
    {
      resource: 'flunders',
      responseKind: { group: '', version: '', kind: 'Flunder' },
      scope: 'Namespaced',
      singularResource: 'flunder',
      verbs: ['get', 'list'],
      shortNames: ['fl'],
      subresources: [
        { subresource: 'status', responseKind: { group: '', version: '', kind: 'Flunder' }, verbs: ['get'] },
      ],
    },
    {
      resource: 'ghosts',
      scope: 'Cluster',
      singularResource: '',
      verbs: [],
      subresources: [
        { subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs: ['get'] },
      ],
    },
  ]);
});

test('groups of other servers stand where their priority says', () => {
  const local = servedGroups(builtinDefinitions());
  const remote = (group: string, version: string, groupPriority: number, versionPriority = 1) => ({
    group,
    version,
    groupPriority,
    versionPriority,
    resources: [],
    openapi: undefined,
    fresh: true,
  });
  const merged = withRemote(local, [
    remote('last.example.com', 'v1', 10),
    remote('first.example.com', 'v1', 20_000),
    remote('batch', 'v3', 100, 99),
  ]);
  const names = merged.map(({ name }) => name);
  assert.deepEqual(names.slice(0, 3), ['', 'apiregistration.k8s.io', 'first.example.com']);
  assert.equal(names.at(-1), 'last.example.com');
  assert.deepEqual(
    merged.find(({ name }) => name === 'batch')?.versions.map(({ version }) => version),
    ['v3', 'v1'],
  );
  const rest = names.filter((name) => !name.includes('example.com'));
  assert.deepEqual(
    rest,
    local.map(({ name }) => name),
  );
});
