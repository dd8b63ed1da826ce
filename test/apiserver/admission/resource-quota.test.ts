import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps, resourceQuotas } from '../../../src/api/resources.ts';
import type { ResourceQuota } from '../../../src/api/types/core/v1.ts';
import { startTestServer } from '../../support/server.ts';

async function quotaFor(t: { after(end: () => Promise<void>): void }, hard: string) {
  const server = await startTestServer();
  t.after(() => server.stop());
  const { client } = server;
  const limits = { configmaps: hard };
  const quota = await client.create(resourceQuotas, {
    metadata: { name: 'q', namespace: 'default' },
    spec: { hard: limits },
  });
  await client.updateStatus(resourceQuotas, { ...quota, status: { hard: limits, used: { configmaps: '0' } } });
  const used = async () => (await client.get<ResourceQuota>(resourceQuotas, 'default', 'q')).status?.used?.configmaps;
  const create = (name: string, options = {}) =>
    client.create(configMaps, { metadata: { name, namespace: 'default' } }, options);
  return { ...server, used, create };
}

test('ResourceQuota: of many requests at once as many pass as there is room for', async (t) => {
  const { create, used } = await quotaFor(t, '3');
  const names = Array.from({ length: 8 }, (_, i) => `c${i}`);
  const answers = await Promise.allSettled(names.map((name) => create(name)));
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 3);
  for (const answer of answers) {
    if (answer.status === 'rejected') assert.match(answer.reason.message, /is forbidden: exceeded quota: q, requested/);
  }
  assert.equal(await used(), '3');
});

test('ResourceQuota: a dry run is judged and not charged', async (t) => {
  const { create, used } = await quotaFor(t, '1');
  await create('a', { dryRun: true });
  assert.equal(await used(), '0');
  await create('a');
  await assert.rejects(create('b', { dryRun: true }), /exceeded quota/);
});

test('ResourceQuota: the charge is the API server’s own, whoever asked', async (t) => {
  const { create, client } = await quotaFor(t, '1');
  await create('a');
  const quota = await client.get<ResourceQuota>(resourceQuotas, 'default', 'q');
  const owner = quota.metadata.managedFields?.find(({ manager }) => manager === 'kube-apiserver');
  assert.deepEqual(owner?.fieldsV1, { 'f:status': { 'f:used': { 'f:configmaps': {} } } });
  assert.equal(owner?.subresource, 'status');
});
