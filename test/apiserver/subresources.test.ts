// Subresources and reviews through the loopback.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { nodes, pods, serviceAccounts } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/apimachinery/meta.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import type { Transport } from '../../src/client/transport.ts';
import { ADMIN, startTestServer, type TestServer } from '../support/server.ts';

let api: TestServer;
let transport: Transport;
before(async () => {
  api = await startTestServer();
  transport = api.server.transport(ADMIN);
  await api.client.create(nodes, { metadata: { name: 'n' }, spec: {} });
});
after(() => api.stop());

const NAMESPACE = '/api/v1/namespaces/default';

type Answer = KubeObject & { status?: Record<string, unknown>; spec?: Record<string, unknown> };

const post = (path: string, body: unknown) =>
  transport.request({ method: 'POST', path, body }) as unknown as Promise<Answer>;

const pod = (name: string, labels: Record<string, string> = {}) =>
  api.client.create(pods, {
    metadata: { name, namespace: 'default', labels },
    spec: { containers: [{ name: 'c', image: 'x' }] },
  });

const binding = (name: string) => ({ metadata: { name }, target: { kind: 'Node', name: 'n' } });

async function running(name: string, labels: Record<string, string>): Promise<void> {
  const made = await pod(name, labels);
  const conditions = [{ type: 'Ready', status: 'True' }];
  await api.client.updateStatus(pods, { ...made, status: { phase: 'Running', conditions } });
}

const refused = (code: number, cause?: string) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.equal(error.code, code, error.message);
  if (cause) assert.equal(error.status.details?.causes?.[0]?.reason, cause);
  return true;
};

test('a pod is bound once', async () => {
  await pod('bound');
  await post(`${NAMESPACE}/pods/bound/binding`, binding('bound'));
  const { spec, status } = await api.client.get(pods, 'default', 'bound');
  assert.equal(spec.nodeName, 'n');
  assert.deepEqual(
    status?.conditions?.map(({ type, status: value }) => [type, value]),
    [['PodScheduled', 'True']],
  );
  await assert.rejects(post(`${NAMESPACE}/pods/bound/binding`, binding('bound')), refused(409));
  await assert.rejects(post(`${NAMESPACE}/pods/none/binding`, binding('none')), refused(404));
});

test('an eviction takes from the budget and is refused when nothing is left', async () => {
  const labels = { app: 'guarded' };
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
  const budget = await post(budgets, {
    metadata: { name: 'budget' },
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  });
  await running('first', labels);
  await running('second', labels);
  const status = {
    observedGeneration: 1,
    disruptionsAllowed: 1,
    currentHealthy: 2,
    desiredHealthy: 1,
    expectedPods: 2,
  };
  await transport.request({ method: 'PUT', path: `${budgets}/budget/status`, body: { ...budget, status } });
  const evict = (name: string) => post(`${NAMESPACE}/pods/${name}/eviction`, { metadata: { name } });
  assert.equal((await evict('first')).kind, 'Status');
  await assert.rejects(evict('second'), refused(429, 'DisruptionBudget'));
  const after = (await transport.request({ method: 'GET', path: `${budgets}/budget` })) as Answer;
  assert.deepEqual(after.status?.disruptedPods, { first: '2026-01-01T00:00:00Z' });
});

test('ephemeral containers are added through their own endpoint only', async () => {
  const made = await pod('debugged');
  const ephemeralContainers = [{ name: 'debug', image: 'x' }];
  const changed = structuredClone(made);
  Object.assign(changed.spec, { ephemeralContainers, restartPolicy: 'Never' });
  const updated = await api.client.update(pods, changed, { subresource: 'ephemeralcontainers' });
  assert.deepEqual(
    updated.spec.ephemeralContainers?.map(({ name }) => name),
    ['debug'],
  );
  assert.equal(updated.spec.restartPolicy, 'Always');
});

test('a Scale changes the replicas of its parent', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments';
  const labels = { app: 'scaled' };
  await post(path, {
    metadata: { name: 'scaled' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    },
  });
  const scale = (await transport.request({ method: 'GET', path: `${path}/scaled/scale` })) as Answer;
  assert.deepEqual([scale.kind, scale.spec, scale.status?.selector], ['Scale', { replicas: 1 }, 'app=scaled']);
  await transport.request({ method: 'PUT', path: `${path}/scaled/scale`, body: { ...scale, spec: { replicas: 3 } } });
  const parent = (await transport.request({ method: 'GET', path: `${path}/scaled` })) as Answer;
  assert.deepEqual([parent.spec?.replicas, parent.metadata.generation], [3, 2]);
  const negative = { ...scale, metadata: { name: 'scaled' }, spec: { replicas: -1 } };
  await assert.rejects(
    transport.request({ method: 'PUT', path: `${path}/scaled/scale`, body: negative }),
    refused(422, 'FieldValueInvalid'),
  );
});

test('a token of an account is reviewed as that account until the account is gone', async () => {
  await api.client.create(serviceAccounts, { metadata: { name: 'robot', namespace: 'default' } });
  const issued = await post(`${NAMESPACE}/serviceaccounts/robot/token`, { spec: { expirationSeconds: 600 } });
  const review = () => post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: issued.status?.token } });
  const good = (await review()).status as { authenticated: boolean; user: { username: string } };
  assert.deepEqual([good.authenticated, good.user.username], [true, 'system:serviceaccount:default:robot']);
  await api.client.delete(serviceAccounts, 'default', 'robot');
  const bad = (await review()).status as { authenticated?: boolean; error?: string };
  assert.deepEqual([bad.authenticated, typeof bad.error], [undefined, 'string']);
});

test('access is reviewed for whom the review names', async () => {
  const reviewed = async (user: string, groups: string[]) => {
    const resourceAttributes = { verb: 'list', resource: 'pods', namespace: 'default' };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    return (await post(path, { spec: { user, groups, resourceAttributes } })).status?.allowed;
  };
  assert.equal(await reviewed('someone', []), false);
  assert.equal(await reviewed('someone', ['system:masters']), true);
  await assert.rejects(
    post('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user: 'x' } }),
    refused(422, 'FieldValueInvalid'),
  );
});

test('who asks is told who he is', async () => {
  const { status } = await post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
  assert.equal((status as { userInfo: { username: string } }).userInfo.username, 'admin');
});
