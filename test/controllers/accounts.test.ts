import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps, secrets, serviceAccounts } from '../../src/api/resources.ts';
import type { ConfigMap, Secret, ServiceAccount } from '../../src/api/types/core/v1.ts';
import type { ClusterRole } from '../../src/api/types/rbac/v1.ts';
import { clusterRoleAggregationController } from '../../src/controllers/clusterrole-aggregation.ts';
import { rootCaCertPublisher } from '../../src/controllers/root-ca-cert-publisher.ts';
import { serviceAccountController } from '../../src/controllers/serviceaccount.ts';
import { serviceAccountTokenController } from '../../src/controllers/serviceaccount-token.ts';
import { namespaceObject } from '../support/objects.ts';
import { harness } from './harness.ts';

test('every namespace has its default account, made again when it is deleted', async (t) => {
  const h = harness(t, serviceAccountController());
  h.api.seed(
    namespaceObject('a'),
    namespaceObject('going', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
  );
  await h.start();
  assert.equal(h.api.objects('serviceaccounts').length, 1);
  await h.client.delete(serviceAccounts, 'a', 'default');
  await h.settle();
  assert.equal(h.api.object('serviceaccounts', 'a', 'default')?.metadata.name, 'default');
});

test('every namespace has the root authority, kept as it is', async (t) => {
  const h = harness(t, rootCaCertPublisher({ rootCa: 'PEM' }));
  h.api.seed(namespaceObject('a'));
  await h.start();
  await h.client.patch(configMaps, 'a', 'kube-root-ca.crt', { type: 'merge', body: { data: { 'ca.crt': 'forged' } } });
  await h.settle();
  assert.deepEqual(h.api.object<ConfigMap>('configmaps', 'a', 'kube-root-ca.crt')?.data, { 'ca.crt': 'PEM' });
});

test('a token Secret is filled, and goes with its account', async (t) => {
  const signToken = async (account: ServiceAccount) => `token of ${account.metadata.name}`;
  const h = harness(t, serviceAccountTokenController({ rootCa: 'PEM', signToken }));
  h.api.seed<ServiceAccount>({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sa', namespace: 'a' } });
  const secret = (name: string, account: string): Secret => ({
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: { name, namespace: 'a', annotations: { 'kubernetes.io/service-account.name': account } },
  });
  h.api.seed(secret('token', 'sa'), secret('stray', 'nobody'));
  await h.start();
  const data = h.api.object<Secret>('secrets', 'a', 'token')?.data ?? {};
  const text = Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v, 'base64').toString()]));
  assert.deepEqual(text, { 'ca.crt': 'PEM', namespace: 'a', token: 'token of sa' });
  assert.equal(h.api.object('secrets', 'a', 'stray'), undefined);
  await h.client.delete(serviceAccounts, 'a', 'sa');
  await h.settle();
  await assert.rejects(h.client.get(secrets, 'a', 'token'), /not found/);
});

test('an aggregating role has the rules of those it selects, each once', async (t) => {
  const h = harness(t, clusterRoleAggregationController());
  const role = (name: string, parts: Partial<ClusterRole>): ClusterRole => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    rules: [],
    ...parts,
    metadata: { name, ...parts.metadata },
  });
  const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
  const labels = { view: 'true' };
  h.api.seed(
    role('view', { aggregationRule: { clusterRoleSelectors: [{ matchLabels: labels }] } }),
    role('b', { metadata: { labels }, rules: [rule('pods'), rule('secrets')] }),
    role('a', { metadata: { labels }, rules: [rule('pods')] }),
    role('c', { rules: [rule('nodes')] }),
  );
  await h.start();
  const rules = () => h.api.object<ClusterRole>('clusterroles', undefined, 'view')?.rules?.map((r) => r.resources?.[0]);
  assert.deepEqual(rules(), ['pods', 'secrets']);
  h.api.remove('clusterroles', undefined, 'b');
  await h.settle();
  assert.deepEqual(rules(), ['pods']);
});
