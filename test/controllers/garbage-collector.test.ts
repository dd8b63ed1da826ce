import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterRoles, configMaps, deployments, pods, replicaSets } from '../../src/api/resources.ts';
import type { ReplicaSet } from '../../src/api/types/apps/v1.ts';
import type { ConfigMap, Pod } from '../../src/api/types/core/v1.ts';
import type { ClusterRole } from '../../src/api/types/rbac/v1.ts';
import type { KubeObject, OwnerReference } from '../../src/apimachinery/meta.ts';
import { garbageCollector } from '../../src/controllers/gc/garbage-collector.ts';
import { deploymentObject, podObject, replicaSetObject } from '../support/objects.ts';
import { harness, served } from './harness.ts';

const resources = served(deployments, replicaSets, pods, configMaps, clusterRoles);

const ownedBy = (owner: KubeObject, blockOwnerDeletion = true): OwnerReference => ({
  apiVersion: owner.apiVersion as string,
  kind: owner.kind as string,
  name: owner.metadata.name as string,
  uid: owner.metadata.uid as string,
  controller: true,
  blockOwnerDeletion,
});

async function family(t: Parameters<typeof harness>[0]) {
  const h = harness(t, garbageCollector({ resources }));
  const [deployment] = h.api.seed(deploymentObject('web'));
  const [replicaSet] = h.api.seed(replicaSetObject('web-1', { metadata: { ownerReferences: [ownedBy(deployment!)] } }));
  h.api.seed(podObject('web-1-a', { metadata: { ownerReferences: [ownedBy(replicaSet!)] } }));
  await h.start();
  const counts = () => ['deployments', 'replicasets', 'pods'].map((plural) => h.api.objects(plural).length);
  assert.deepEqual(counts(), [1, 1, 1]);
  return { ...h, counts };
}

test('background: what the owner leaves behind goes, level by level', async (t) => {
  const h = await family(t);
  await h.client.delete(deployments, 'default', 'web', { propagationPolicy: 'Background' });
  assert.deepEqual(h.counts(), [0, 1, 1]);
  await h.settle();
  assert.deepEqual(h.counts(), [0, 0, 0]);
});

test('foreground: the owner stays until its dependents have gone', async (t) => {
  const h = await family(t);
  h.api.change<Pod>('pods', 'default', 'web-1-a', (pod) => {
    pod.metadata.finalizers = ['example.com/hold'];
  });
  await h.client.delete(deployments, 'default', 'web', { propagationPolicy: 'Foreground' });
  await h.settle();
  assert.deepEqual(h.counts(), [1, 1, 1]);
  assert.deepEqual(h.api.object<ReplicaSet>('replicasets', 'default', 'web-1')?.metadata.finalizers, [
    'foregroundDeletion',
  ]);
  await h.client.patch(pods, 'default', 'web-1-a', { type: 'merge', body: { metadata: { finalizers: [] } } });
  await h.settle();
  assert.deepEqual(h.counts(), [0, 0, 0]);
});

test('orphan: dependents are let go and stay', async (t) => {
  const h = await family(t);
  await h.client.delete(deployments, 'default', 'web', { propagationPolicy: 'Orphan' });
  await h.settle();
  assert.deepEqual(h.counts(), [0, 1, 1]);
  assert.deepEqual(h.api.object<ReplicaSet>('replicasets', 'default', 'web-1')?.metadata.ownerReferences, []);
});

test('one owner that remains is enough; the reference to the other goes', async (t) => {
  const h = harness(t, garbageCollector({ resources }));
  const [kept, gone] = h.api.seed(deploymentObject('kept'), deploymentObject('gone'));
  h.api.seed<ConfigMap>({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'shared', namespace: 'default', ownerReferences: [ownedBy(kept!), ownedBy(gone!)] },
  });
  await h.start();
  await h.client.delete(deployments, 'default', 'gone');
  await h.settle();
  const left = h.api.object<ConfigMap>('configmaps', 'default', 'shared')?.metadata.ownerReferences;
  assert.deepEqual(
    left?.map((owner) => owner.name),
    ['kept'],
  );
});

test('owners are judged by uid, namespace and kind', async (t) => {
  const h = harness(t, garbageCollector({ resources }));
  const [deployment] = h.api.seed(deploymentObject('web'));
  const [role] = h.api.seed<ClusterRole>({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'owner' },
    rules: [],
  });
  const owned = (name: string, owner: OwnerReference, namespace: string | undefined = 'default') =>
    h.api.seed<ConfigMap>({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, ownerReferences: [owner] },
    });
  const reference = ownedBy(deployment!);
  owned('namesake', { ...reference, uid: 'another' });
  owned('elsewhere', reference, 'other');
  owned('unknown-kind', { ...reference, kind: 'Widget', apiVersion: 'example.com/v1' });
  owned('cluster-scoped-owner', ownedBy(role!));
  h.api.seed<ClusterRole>({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'owned-by-namespaced', ownerReferences: [reference] },
    rules: [],
  });
  await h.start();
  const left = h.api.objects('configmaps').map((object) => object.metadata.name);
  assert.deepEqual(left.toSorted(), ['cluster-scoped-owner', 'unknown-kind']);
  assert.equal(h.api.objects('clusterroles').length, 2);
});

test('kinds that come later are followed, those that go are asked for no more', async (t) => {
  const widgets = { group: 'example.com', version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: true };
  const changing = served(deployments, configMaps);
  const h = harness(t, garbageCollector({ resources: changing }));
  const [deployment] = h.api.seed(deploymentObject('web'));
  h.api.seed({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w', namespace: 'default', ownerReferences: [ownedBy(deployment!)] },
  });
  await h.start();
  changing.set(deployments, configMaps, widgets);
  await h.settle();
  await h.client.delete(deployments, 'default', 'web');
  await h.settle();
  assert.equal(h.api.objects('widgets').length, 0);

  changing.set(deployments, configMaps);
  h.api.breakWatches();
  await h.clock.advance(1);
  const before = h.api.requests.length;
  await h.clock.advance(60_000);
  assert.ok(!h.api.requests.slice(before).some((request) => request.includes('widgets')));
});
