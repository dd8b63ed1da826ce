// Resources are found by every name kubectl takes, from a real server's discovery.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TransportError } from '../../src/client/client.ts';
import { httpsTransport } from '../../src/client/https-transport.ts';
import { createRestMapper, type RestMapper, UnknownResource } from '../../src/client/rest-mapper.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let mapper: RestMapper;
let transport: ReturnType<typeof httpsTransport>;
before(async () => {
  server = await startTestServer({ port: 0, staticToken: 'secret' });
  transport = httpsTransport({
    server: server.server.url,
    ca: server.ca,
    token: () => 'secret',
  });
  mapper = createRestMapper(transport);
});
after(async () => {
  await transport.close();
  await server.stop();
});

const NAMES: readonly [string, string][] = [
  ['deploy', 'deployments.v1.apps'],
  ['deployments', 'deployments.v1.apps'],
  ['Deployment', 'deployments.v1.apps'],
  ['deploy.apps', 'deployments.v1.apps'],
  ['deployments.v1.apps', 'deployments.v1.apps'],
  ['po', 'pods.v1.'],
  ['pods.v1.', 'pods.v1.'],
  ['events', 'events.v1.'],
  ['events.events.k8s.io', 'events.v1.events.k8s.io'],
  ['ing.networking', 'ingresses.v1.networking.k8s.io'],
  ['crd', 'customresourcedefinitions.v1.apiextensions.k8s.io'],
  ['hpa.v1.autoscaling', 'horizontalpodautoscalers.v1.autoscaling'],
  ['hpa', 'horizontalpodautoscalers.v2.autoscaling'],
];
for (const [name, expected] of NAMES) {
  test(`${name} is ${expected}`, async () => {
    const { plural, version, group } = await mapper.resolve(name);
    assert.equal(`${plural}.${version}.${group}`, expected);
  });
}

for (const name of ['nonsense', 'pods.apps', '']) {
  test(`"${name}" is told to be none`, async () => {
    await assert.rejects(mapper.resolve(name), (error: Error) => {
      assert.ok(error instanceof UnknownResource);
      assert.equal(error.message, `the server doesn't have a resource type "${name}"`);
      return true;
    });
  });
}

test('an object names its resource by apiVersion and kind', async () => {
  const replicaSets = await mapper.ofKind('apps/v1', 'ReplicaSet');
  assert.deepEqual([replicaSets?.plural, replicaSets?.namespaced], ['replicasets', true]);
  assert.equal(await mapper.ofKind('apps/v1', 'Nothing'), undefined);
});

test('each resource is there once, in the preferred version', async () => {
  const names = (await mapper.preferred()).map(({ plural, group }) => `${plural}.${group}`);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes('pods.'));
});

test('a server without aggregated discovery is told', async () => {
  const other = createRestMapper({
    request: async () => ({ kind: 'APIVersions', metadata: {} }),
    stream: transport.stream,
  });
  await assert.rejects(other.resolve('pods'), TransportError);
});
