// What single subresources refuse and put back, as upstream's do.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ResourceType } from '../../src/api/definition.ts';
import { deployments, namespaces, pods, replicaSets } from '../../src/api/resources.ts';
import type { Pod } from '../../src/api/types/core/v1.ts';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { logQuery } from '../../src/apiserver/proxy/log-options.ts';
import { deploymentObject, podObject, replicaSetObject } from '../support/objects.ts';
import { startTestServer } from '../support/server.ts';

const { client, stop } = await startTestServer();
after(stop);

const daemonSets: ResourceType = {
  group: 'apps',
  version: 'v1',
  plural: 'daemonsets',
  kind: 'DaemonSet',
  namespaced: true,
};
const budgets: ResourceType = {
  group: 'policy',
  version: 'v1',
  plural: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  namespaced: true,
};

/** `code field field`. */
async function refusal(request: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof request === 'function' ? request() : request);
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    const { code, reason, details } = error.status;
    return [code, reason, ...(details?.causes ?? []).map(({ field }) => field)].filter(Boolean).join(' ');
  }
  return assert.fail('it was not refused');
}

const LOGS: [query: string, told: string][] = [
  ['tailLines=-1', '422 Invalid tailLines'],
  ['sinceSeconds=0', '422 Invalid sinceSeconds'],
  ['limitBytes=0', '422 Invalid limitBytes'],
  ['sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', '422 Invalid []'],
  ['stream=Stdout', '422 Invalid stream'],
  ['tailLines=many', '400 BadRequest'],
  ['sinceTime=yesterday', '400 BadRequest'],
];
for (const [query, told] of LOGS) {
  test(`a log with ${query} is ${told}`, async () => {
    assert.equal(await refusal(() => logQuery(new URLSearchParams(query), 'p')), told);
  });
}

test('the kubelet is asked what the log was asked', () => {
  const query =
    'follow=true&previous=&timestamps=false&tailLines=3&sinceTime=2026-01-01T00:00:00Z&container=c&limitBytes=';
  const expected = 'follow=true&previous=true&tailLines=3&sinceTime=2026-01-01T00%3A00%3A00Z';
  assert.equal(logQuery(new URLSearchParams(query), 'p').toString(), expected);
});

test('what /status puts back is owned by nobody who wrote it there', async () => {
  const body = { metadata: { labels: { a: 'b' }, annotations: { a: 'b' } }, status: { replicas: 1 } };
  const owned = async (type: ResourceType, object: KubeObject) => {
    const { metadata } = await client.create(type, object);
    const patch = { type: 'merge' as const, body };
    const options = { subresource: 'status', fieldManager: 'status' };
    const changed = await client.patch(type, 'default', metadata.name as string, patch, options);
    const entry = changed.metadata.managedFields?.find(({ manager }) => manager === 'status');
    assert.ok(entry, 'the writer owns something');
    return Object.keys((entry.fieldsV1 as Record<string, object>)['f:metadata'] ?? {}).sort();
  };
  assert.deepEqual(await owned(deployments, deploymentObject('owned')), ['f:annotations']);
  assert.deepEqual(await owned(replicaSets, replicaSetObject('owned')), ['f:annotations', 'f:labels']);
});

test('the /status of a DaemonSet keeps the generation of its template', async () => {
  const { spec } = replicaSetObject('d');
  const { replicas: _replicas, ...rest } = spec ?? {};
  await client.create(daemonSets, { metadata: { name: 'd', namespace: 'default' }, spec: rest } as KubeObject);
  const status = { currentNumberScheduled: 1, desiredNumberScheduled: 1, numberMisscheduled: 0, numberReady: 0 };
  const bare = { metadata: { name: 'd', namespace: 'default' }, spec: rest, status } as KubeObject;
  const { metadata } = await client.updateStatus(daemonSets, bare);
  assert.deepEqual(metadata.annotations, { 'deprecated.daemonset.template.generation': '1' });
});

test('a patch that makes an unreadable Scale is refused as a patch', async () => {
  await client.create(deployments, deploymentObject('scaled'));
  const patch = { type: 'merge' as const, body: { spec: { replicas: 'x' } } };
  const request = client.patch(deployments, 'default', 'scaled', patch, { subresource: 'scale' });
  assert.equal(await refusal(request), '422 Invalid patch');
});

test('who applied the replicas and drops them leaves none', async () => {
  await client.create(deployments, deploymentObject('dropped'));
  const apply = (spec: object) =>
    client.patch(
      deployments,
      'default',
      'dropped',
      {
        type: 'apply',
        body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'dropped' }, spec },
        force: true,
      },
      { subresource: 'scale', fieldManager: 'scaler' },
    );
  await apply({ replicas: 4 });
  await apply({});
  assert.equal((await client.get(deployments, 'default', 'dropped')).spec?.replicas, 0);
});

test('finalizers of a namespace are judged one by one', async () => {
  await client.create(namespaces, { metadata: { name: 'n' }, spec: {} });
  const update = (finalizers: string[]) =>
    client.update(namespaces, { metadata: { name: 'n' }, spec: { finalizers } }, { subresource: 'finalize' });
  assert.equal(await refusal(update(['kubernetes', 'bad'])), '422 Invalid spec.finalizers[1]');
});

test('an eviction is for the namespace of its path, and for one budget', async () => {
  await client.create(pods, podObject('evicted', { metadata: { labels: { a: 'b' } } }));
  const evict = (namespace?: string) => {
    const metadata = { name: 'evicted', ...(namespace ? { namespace } : {}) };
    return client.createSubresource(pods, 'default', 'evicted', 'eviction', {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata,
    });
  };
  assert.equal(await refusal(evict('other')), '400 BadRequest');
  const { metadata } = await client.get<Pod>(pods, 'default', 'evicted');
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  await client.patch(pods, 'default', 'evicted', { type: 'merge', body: { status } }, { subresource: 'status' });
  for (const name of ['one', 'two']) {
    const spec = { maxUnavailable: 1, selector: { matchLabels: metadata.labels } };
    const budget = await client.create(budgets, { metadata: { name, namespace: 'default' }, spec } as KubeObject);
    const allowed = {
      observedGeneration: 1,
      disruptionsAllowed: 1,
      currentHealthy: 1,
      desiredHealthy: 0,
      expectedPods: 1,
    };
    await client.updateStatus(budgets, { ...budget, status: allowed } as KubeObject);
  }
  assert.equal(await refusal(evict()), '500');
  await client.delete(budgets, 'default', 'two');
  await evict();
  const budget = (await client.get(budgets, 'default', 'one')) as KubeObject & { status: { conditions: object[] } };
  const [condition] = budget.status.conditions as { type: string; status: string; reason: string }[];
  assert.deepEqual(
    [condition?.type, condition?.status, condition?.reason],
    ['DisruptionAllowed', 'False', 'InsufficientPods'],
  );
  assert.ok(budget.metadata.managedFields?.some(({ manager }) => manager === 'kube-apiserver'));
});
