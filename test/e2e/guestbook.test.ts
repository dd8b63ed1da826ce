// The example of the README on a real cluster: two tiers, reached as a user reaches them.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';

const GUESTBOOK = path.join(import.meta.dirname, '../../examples/guestbook');

const text = async (url: string): Promise<string> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.text();
};

describe('the guestbook', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await createCluster();
    await cluster.start();
  });
  after(() => cluster.remove());

  test('comes up with one apply', async () => {
    const { kubectl } = cluster;
    await kubectl('apply', '-f', GUESTBOOK);
    await kubectl('wait', '--for=condition=Available', 'deployment/web', 'deployment/store', '--timeout=60s');
    const web = await kubectl.json<{ status: { readyReplicas: number } }>('get', 'deployment', 'web');
    assert.equal(web.status.readyReplicas, 3);
  });

  test('web answers on its ClusterIP and its NodePort from the host', async () => {
    const service = await cluster.kubectl.json<{ spec: { clusterIP: string; ports: { nodePort: number }[] } }>(
      'get',
      'service',
      'web',
    );
    const { clusterIP, ports } = service.spec;
    assert.match(await text(`http://${clusterIP}/`), /Guestbook/);
    assert.match(await text(`http://127.0.0.1:${ports[0]?.nodePort}/`), /Guestbook/);
  });

  test('web reaches the store by its name, and all replicas see the same store', async () => {
    const { spec } = await cluster.kubectl.json<{ spec: { clusterIP: string } }>('get', 'service', 'web');
    const seen: number[] = [];
    for (let i = 0; i < 6; i++) {
      const number = /number (\d+)/.exec(await text(`http://${spec.clusterIP}/api/visits`))?.[1];
      seen.push(Number(number));
    }
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    assert.equal(new Set(seen).size, 6);
  });

  test('web answers by name from another pod', async () => {
    const { kubectl } = cluster;
    const page = await kubectl(
      'run',
      'visitor',
      '--image=busybox:1.36',
      '--restart=Never',
      '--rm',
      '-i',
      '--quiet',
      '--',
      'wget',
      '-qO-',
      'http://web.default.svc.cluster.local/',
    );
    assert.match(page, /Guestbook/);
  });

  test('a changed ConfigMap reaches its pods without a restart', async () => {
    const { kubectl } = cluster;
    const map = await kubectl.json<{ data: Record<string, string> }>('get', 'configmap', 'web');
    const page = map.data['index.html']?.replace('<h1 id="visits">Guestbook', '<h1 id="visits">Visitors') ?? '';
    await kubectl('patch', 'configmap', 'web', '--type=merge', '-p', JSON.stringify({ data: { 'index.html': page } }));
    const { spec } = await kubectl.json<{ spec: { clusterIP: string } }>('get', 'service', 'web');
    await eventually('the new page', async () => (await text(`http://${spec.clusterIP}/`)).includes('Visitors'), {
      timeoutMs: 10_000,
    });
  });

  test('goes with one delete', async () => {
    const { kubectl } = cluster;
    await kubectl('delete', '-f', GUESTBOOK, '--timeout=60s');
    await eventually('all pods gone', async () => (await kubectl('get', 'pods', '-o', 'name')) === '', {
      timeoutMs: 40_000,
    });
  });
});
