import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps, pods, resourceQuotas, services } from '../../src/api/resources.ts';
import type { Pod, ResourceQuota } from '../../src/api/types/core/v1.ts';
import { resourceQuotaController } from '../../src/controllers/resourcequota.ts';
import { podObject } from '../support/objects.ts';
import { harness, served } from './harness.ts';

const resources = served(pods, services, configMaps, resourceQuotas);

const quotaObject = (hard: Record<string, string>): ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'q', namespace: 'default' },
  spec: { hard },
});

async function quotaOf(t: Parameters<typeof harness>[0], hard: Record<string, string>) {
  const h = harness(t, resourceQuotaController({ resources }));
  h.api.seed(quotaObject(hard));
  h.api.seed(podObject('a'));
  h.api.seed(podObject('b'));
  await h.start();
  const status = () => h.api.object<ResourceQuota>('resourcequotas', 'default', 'q')?.status;
  return { ...h, status };
}

test('a new quota is told what is used already', async (t) => {
  const { status } = await quotaOf(t, { pods: '5', configmaps: '1', 'count/gone.example.com': '1' });
  assert.deepEqual(status(), {
    hard: { pods: '5', configmaps: '1', 'count/gone.example.com': '1' },
    used: { pods: '2', configmaps: '0' },
  });
});

test('what ends or goes is given back', async (t) => {
  const h = await quotaOf(t, { pods: '5', 'count/pods': '5' });
  h.api.change<Pod>('pods', 'default', 'a', (pod) => {
    pod.status = { ...pod.status, phase: 'Succeeded' };
  });
  await h.settle();
  assert.deepEqual(h.status()?.used, { pods: '1', 'count/pods': '2' });
  await h.client.delete(pods, 'default', 'b', { gracePeriodSeconds: 0 });
  await h.settle();
  assert.deepEqual(h.status()?.used, { pods: '0', 'count/pods': '1' });
});

test('other limits are counted at once', async (t) => {
  const h = await quotaOf(t, { configmaps: '1' });
  h.api.change<ResourceQuota>('resourcequotas', 'default', 'q', (quota) => {
    quota.spec = { hard: { pods: '1' } };
  });
  await h.settle();
  assert.deepEqual(h.status(), { hard: { pods: '1' }, used: { pods: '2' } });
});

test('what was charged and never written is given back in time', async (t) => {
  const h = await quotaOf(t, { pods: '5' });
  h.api.change<ResourceQuota>('resourcequotas', 'default', 'q', (quota) => {
    quota.status = { hard: { pods: '5' }, used: { pods: '4' } };
  });
  await h.settle();
  assert.deepEqual(h.status()?.used, { pods: '4' });
  await h.clock.advance(300_000);
  await h.settle();
  assert.deepEqual(h.status()?.used, { pods: '2' });
});
