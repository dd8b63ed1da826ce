// The controllers on the real API server (memory storage), each as its own service account under the bootstrap roles.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ResourceType } from '../../src/api/definition.ts';
import {
  configMaps,
  deployments,
  endpointSlices,
  endpoints,
  ipAddresses,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  replicaSets,
  secrets,
  serviceCidrs,
  services,
  validatingAdmissionPolicies,
  volumeAttributesClasses,
} from '../../src/api/resources.ts';
import type { Pod } from '../../src/api/types/core/v1.ts';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import { bootstrapRbac } from '../../src/apiserver/bootstrap/rbac.ts';
import { createClient } from '../../src/client/create-client.ts';
import { createInformers } from '../../src/client/create-informers.ts';
import { createEventRecorder } from '../../src/client/events.ts';
import { runController } from '../../src/client/run-controller.ts';
import { createControllers } from '../../src/controllers/index.ts';
import { startAll, stopAll } from '../../src/lifecycle.ts';
import { silentLogger as log } from '../../src/log.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { deploymentObject, serviceObject } from '../support/objects.ts';
import { ADMIN, startTestServer } from '../support/server.ts';

async function cluster(t: TestContext) {
  const clock = fakeClock();
  const { server, client, stop } = await startTestServer({ clock, namespaces: [] });
  for (const name of ['default', 'kube-system', 'kube-public']) {
    await client.create(namespaces, { metadata: { name }, spec: {} });
  }
  for (const { type, object } of bootstrapRbac()) await client.create(type, object);
  const informers = createInformers({ client: createClient(server.transport(ADMIN)), clock, log, random: () => 0 });
  const refused: string[] = [];
  const controllers = createControllers({
    resources: server.catalogue,
    rootCa: 'PEM',
    signToken: async () => 'token',
  }).map((controller) => {
    const username = controller.username ?? `system:serviceaccount:kube-system:${controller.name}`;
    const own = createClient(
      server.transport({ username, groups: ['system:serviceaccounts', 'system:authenticated'] }),
    );
    const told = {
      ...log,
      warn: (_details: object, _text: string) =>
        refused.push(`${controller.name}: ${(_details as { err: Error }).err.message}`),
      debug: () => undefined,
    } as unknown as typeof log;
    const events = createEventRecorder({ client: own, clock, log, component: controller.name });
    const signal = new AbortController().signal;
    return runController(controller, { client: own, informers, events, clock, log: told, signal });
  });
  await startAll(controllers);
  t.after(async () => {
    await stopAll(controllers);
    await informers.stop();
    await stop();
  });
  const settle = async () => {
    for (let i = 0; i < 60; i++) await clock.advance(20);
  };
  await settle();
  const names = async (type: ResourceType<KubeObject>) =>
    (await client.list(type, { namespace: 'default' })).items.map((object) => object.metadata.name);
  return { client, clock, settle, names, refused };
}

test('a Deployment and its Service come up, roll, and go with all they made', async (t) => {
  const { client, settle, names, refused } = await cluster(t);
  assert.deepEqual(await names(configMaps), ['kube-root-ca.crt']);
  await client.create(
    services,
    serviceObject('web', { spec: { selector: { app: 'web' }, clusterIP: '10.43.0.77', clusterIPs: ['10.43.0.77'] } }),
  );
  await client.create(deployments, deploymentObject('web'));
  await settle();
  const made = await client.list<Pod>(pods, { namespace: 'default' });
  assert.equal(made.items.length, 3);

  for (const [i, pod] of made.items.entries()) {
    const ip = `10.42.0.${i + 2}`;
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
    const status = { ...pod.status, phase: 'Running' as const, podIP: ip, podIPs: [{ ip }], conditions };
    await client.updateStatus(pods, { ...pod, status });
  }
  await settle();
  const deployment = await client.get(deployments, 'default', 'web');
  assert.equal(deployment.status?.availableReplicas, 3);
  assert.equal(deployment.metadata.annotations?.['deployment.kubernetes.io/revision'], '1');
  const [slice] = (await client.list(endpointSlices, { namespace: 'default' })).items;
  assert.equal(slice?.endpoints.filter((endpoint) => endpoint.conditions?.ready).length, 3);

  const versions = async () => {
    const lists = [deployments, replicaSets, pods, services, endpoints, endpointSlices].map((type) =>
      client.list<KubeObject>(type),
    );
    return (await Promise.all(lists)).flatMap((list) => list.items.map((object) => object.metadata.resourceVersion));
  };
  const settled = await versions();
  await settle();
  assert.deepEqual(await versions(), settled, 'nothing is written when nothing changes');

  const annotations = { 'kubectl.kubernetes.io/restartedAt': 'now' };
  await client.patch(deployments, 'default', 'web', {
    type: 'strategic',
    body: { spec: { template: { metadata: { annotations } } } },
  });
  await settle();
  assert.equal((await names(replicaSets)).length, 2);

  await client.delete(deployments, 'default', 'web', { propagationPolicy: 'Background' });
  await client.delete(services, 'default', 'web');
  await settle();
  assert.deepEqual([await names(replicaSets), await names(pods), await names(endpointSlices)], [[], [], []]);
  assert.deepEqual(refused, []);
});

test('a deleted namespace is emptied and goes', async (t) => {
  const { client, settle, refused } = await cluster(t);
  await client.create(namespaces, { metadata: { name: 'going' }, spec: {} });
  await settle();
  await client.create(deployments, deploymentObject('web', { metadata: { namespace: 'going' } }));
  await settle();
  await client.delete(namespaces, undefined, 'going');
  await settle();
  await assert.rejects(client.get(namespaces, undefined, 'going'), /not found/);
  assert.deepEqual(refused, []);
});

test('volumes, claims and classes of attributes that nobody uses go when they are deleted', async (t) => {
  const { client, settle, refused } = await cluster(t);
  const resources = { requests: { storage: '1Gi' } };
  const accessModes = ['ReadWriteOnce' as const];
  const claim = { metadata: { name: 'c', namespace: 'default' }, spec: { accessModes, resources } };
  const volume = {
    metadata: { name: 'v' },
    spec: { accessModes, capacity: { storage: '1Gi' }, hostPath: { path: '/data' } },
  };
  await client.create(persistentVolumeClaims, claim);
  await client.create(persistentVolumes, volume);
  await client.create(volumeAttributesClasses, { metadata: { name: 'a' }, driverName: 'd', parameters: { a: 'b' } });
  await client.delete(persistentVolumeClaims, 'default', 'c');
  await client.delete(persistentVolumes, undefined, 'v');
  await client.delete(volumeAttributesClasses, undefined, 'a');
  await settle();
  for (const type of [persistentVolumeClaims, persistentVolumes, volumeAttributesClasses]) {
    assert.deepEqual((await client.list<KubeObject>(type)).items, [], type.plural);
  }
  assert.deepEqual(refused, []);
});

test('token Secrets are filled, and nodes that never report are tainted', async (t) => {
  const { client, clock, settle, refused } = await cluster(t);
  const annotations = { 'kubernetes.io/service-account.name': 'default' };
  const type = 'kubernetes.io/service-account-token';
  await client.create(secrets, { metadata: { name: 'token', namespace: 'default', annotations }, type });
  await client.create(nodes, { metadata: { name: 'silent' }, spec: {} });
  await settle();
  const { data } = await client.get(secrets, 'default', 'token');
  assert.deepEqual(Object.keys(data ?? {}).toSorted(), ['ca.crt', 'namespace', 'token']);

  await clock.advance(61_000);
  await settle();
  const taints = (await client.get(nodes, undefined, 'silent')).spec?.taints ?? [];
  assert.ok(taints.some((taint) => taint.key === 'node.kubernetes.io/unreachable' && taint.effect === 'NoExecute'));
  assert.deepEqual(refused, []);
});

test('a validating policy is told what of it does not fit, once a generation', async (t) => {
  const { client, settle, refused } = await cluster(t);
  const rule = {
    operations: ['CREATE' as const],
    apiGroups: ['apps'],
    apiVersions: ['v1'],
    resources: ['deployments'],
  };
  const policy = (expression: string) => ({
    metadata: { name: 'p' },
    spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression }] },
  });
  const status = async () => {
    await settle();
    return (await client.get(validatingAdmissionPolicies, undefined, 'p')).status;
  };
  await client.create(validatingAdmissionPolicies, policy('object.replicas > 1'));
  const told = await status();
  assert.equal(told?.observedGeneration, 1);
  assert.deepEqual(
    told?.typeChecking?.expressionWarnings?.map(({ fieldRef }) => fieldRef),
    ['spec.validations[0].expression'],
  );
  const { resourceVersion } = (await client.get(validatingAdmissionPolicies, undefined, 'p')).metadata;
  await settle();
  const later = await client.get(validatingAdmissionPolicies, undefined, 'p');
  assert.equal(later.metadata.resourceVersion, resourceVersion, 'nothing is written again');
  await client.update(validatingAdmissionPolicies, { ...later, spec: policy('object.spec.replicas > 1').spec });
  const mended = await status();
  assert.deepEqual([mended?.observedGeneration, mended?.typeChecking?.expressionWarnings], [2, undefined]);
  assert.deepEqual(refused, []);
});

test('a block of Service addresses says that it is ready, and goes when nobody has an address of it', async (t) => {
  const { client, clock, settle, refused } = await cluster(t);
  await client.create(serviceCidrs, { metadata: { name: 'more' }, spec: { cidrs: ['10.44.0.0/29'] } });
  await settle();
  const block = () => client.get(serviceCidrs, undefined, 'more');
  const ready = async () =>
    (await block()).status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
  assert.deepEqual((await block()).metadata.finalizers, ['networking.k8s.io/service-cidr-finalizer']);
  assert.deepEqual(await ready(), ['Ready True ']);

  const spec = { clusterIP: '10.44.0.2', clusterIPs: ['10.44.0.2'] };
  await client.create(services, serviceObject('web', { spec }));
  await client.delete(serviceCidrs, undefined, 'more');
  await settle();
  assert.deepEqual(await ready(), ['Ready False Terminating']);
  await assert.rejects(
    client.create(services, serviceObject('late', { spec: { clusterIP: '10.44.0.3', clusterIPs: ['10.44.0.3'] } })),
    /failed to allocate IP 10\.44\.0\.3: the provided network does not match the current range/,
  );

  await client.delete(services, 'default', 'web');
  await settle();
  assert.deepEqual((await client.list(ipAddresses)).items, []);
  await clock.advance(10_000);
  await settle();
  await assert.rejects(block(), /"more" not found/);
  assert.deepEqual(refused, []);
});

test('a block within another goes although its addresses are in use', async (t) => {
  const { client, clock, settle } = await cluster(t);
  for (const [name, cidr] of Object.entries({ wide: '10.44.0.0/24', narrow: '10.44.0.0/28' })) {
    await client.create(serviceCidrs, { metadata: { name }, spec: { cidrs: [cidr] } });
  }
  const spec = { clusterIP: '10.44.0.2', clusterIPs: ['10.44.0.2'] };
  await client.create(services, serviceObject('web', { spec }));
  await settle();
  await client.delete(serviceCidrs, undefined, 'narrow');
  await settle();
  await clock.advance(10_000);
  await settle();
  assert.deepEqual(
    (await client.list(serviceCidrs)).items.map(({ metadata }) => metadata.name),
    ['wide'],
  );
});
