// What the node tells of itself: `kubectl top`, the kubelet's endpoints as a metrics-server and a Prometheus read them,
// with tokens and rights; and a node that is drained and cordoned.
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import type { Node, PodList } from '../../src/api/types/core/v1.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';

const KUBELET_PORT = 20250;

const WORKLOAD = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - { name: idle, image: 'busybox:1.36', command: [sleep, '1000'] }
        - name: busy
          image: busybox:1.36
          command: [sh, -c, 'while true; do true; done']
          resources: { limits: { cpu: 100m, memory: 32Mi } }
          readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: scraper }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: scraper }
rules:
  - { apiGroups: [''], resources: [nodes/metrics, nodes/stats], verbs: [get] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: scraper }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: scraper }
subjects: [{ kind: ServiceAccount, name: scraper, namespace: default }]
`;

describe('what the node tells', { timeout: 200_000 }, () => {
  let cluster: Cluster;
  let kubectl: Cluster['kubectl'];
  let token: string;
  let node: string;

  before(async () => {
    cluster = await createCluster();
    await cluster.start();
    kubectl = cluster.kubectl;
    await kubectl.withInput(WORKLOAD, 'apply', '-f', '-');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    token = (await kubectl('create', 'token', 'scraper')).trim();
    node = (await kubectl('get', 'nodes', '-o', 'name')).trim().replace('node/', '');
  });
  after(() => cluster.remove());

  /** What the kubelet answers on its own port. */
  const ask = (path: string, bearer = token) =>
    new Promise<{ code: number; body: string }>((resolve, reject) => {
      const headers = bearer ? { authorization: `Bearer ${bearer}` } : {};
      const options = { host: '127.0.0.1', port: KUBELET_PORT, path, headers, rejectUnauthorized: false };
      request(options, async (answer) => resolve({ code: answer.statusCode ?? 0, body: await text(answer) }))
        .on('error', reject)
        .end();
    });

  test('kubectl top tells what nodes, pods and containers use', async () => {
    const [, name, cpu, , memory] = /^(\S+)\s+(\d+)m\s+(\d+)%\s+(\d+)Mi/m.exec(await kubectl('top', 'nodes')) ?? [];
    assert.deepEqual([name, Number(cpu) > 0, Number(memory) > 0], [node, true, true]);
    const pods = await kubectl('top', 'pods', '-l', 'app=web');
    assert.equal(pods.trim().split('\n').length, 3, pods);
    const containers = await kubectl('top', 'pods', '--containers');
    const busy = [...containers.matchAll(/^web-\S+\s+busy\s+(\d+)m/gm)].map((match) => Number(match[1]));
    assert.equal(busy.length, 2, containers);
    for (const milli of busy) assert.ok(milli > 20 && milli < 200, containers);
    assert.match(await kubectl('api-resources', '--api-group=metrics.k8s.io'), /PodMetrics/);
    assert.match(await kubectl('get', 'apiservice', 'v1beta1.metrics.k8s.io'), /Local\s+True/);
  });

  test('a metrics-server scrapes /metrics/resource with its token', async () => {
    const { code, body } = await ask('/metrics/resource');
    assert.equal(code, 200);
    assert.match(
      body,
      /^container_cpu_usage_seconds_total\{container="busy",namespace="default",pod="web-\S+"\} [\d.]+ \d{13}$/m,
    );
    assert.match(body, /^pod_memory_working_set_bytes\{namespace="default",pod="web-\S+"\} \d+ \d{13}$/m);
    assert.match(body, /^node_cpu_usage_seconds_total [\d.]+ \d{13}$/m);
    assert.match(body, /^resource_scrape_error 0$/m);
  });

  test('a Prometheus scrapes the other metrics', async () => {
    const cadvisor = (await ask('/metrics/cadvisor')).body;
    assert.match(
      cadvisor,
      /^container_memory_working_set_bytes\{container="busy",id="\/\S+\/kubepods\/burstable\/pod\S+",image="\S*busybox:1\.36",name="[0-9a-f]{64}",namespace="default",pod="web-\S+"\} \d+/m,
    );
    assert.match(cadvisor, /^container_network_receive_bytes_total\{.*interface="eth0",.*pod="web-\S+"\} \d+$/m);
    assert.match(cadvisor, /^container_spec_memory_limit_bytes\{container="busy",.*\} 33554432$/m);
    assert.match(cadvisor, /^machine_memory_bytes\{.*\} \d+$/m);
    const own = (await ask('/metrics')).body;
    assert.match(own, /^kubelet_running_pods 2$/m);
    assert.match(own, /^kubelet_running_containers\{container_state="running"\} 4$/m);
    assert.match(
      (await ask('/metrics/probes')).body,
      /^prober_probe_total\{.*probe_type="Readiness".*result="successful".*\} [1-9]\d*$/m,
    );
  });

  test('the summary has node, pods, containers, disks and volumes', async () => {
    const summary = JSON.parse((await ask('/stats/summary')).body) as {
      node: Record<string, unknown>;
      pods: {
        podRef: { name: string };
        containers: { name: string; rootfs: object; logs: object }[];
        network: object;
      }[];
    };
    for (const part of ['cpu', 'memory', 'network', 'fs', 'runtime', 'rlimit', 'systemContainers'])
      assert.ok(summary.node[part], part);
    const [pod] = summary.pods.filter(({ podRef }) => podRef.name.startsWith('web-'));
    assert.deepEqual(pod?.containers.map(({ name }) => name).sort(), ['busy', 'idle']);
    assert.ok(pod?.containers.every(({ rootfs, logs }) => rootfs && logs) && pod.network);
  });

  test('the kubelet asks who is there, and lets nobody further than his rights go', async () => {
    assert.deepEqual(await ask('/metrics', ''), { code: 401, body: 'Unauthorized' });
    assert.deepEqual(await ask('/metrics', 'nonsense'), { code: 401, body: 'Unauthorized' });
    const { code, body } = await ask('/pods');
    const user = 'system:serviceaccount:default:scraper';
    assert.equal(code, 403);
    assert.equal(body, `Forbidden (user=${user}, verb=get, resource=nodes, subresource(s)=[pods proxy])\n`);
  });

  test('through the API server an administrator sees the same, and the settings', async () => {
    const proxied = (path: string) => kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/${path}`);
    assert.equal(await proxied('healthz'), 'ok');
    for (const list of ['pods', 'runningpods/']) {
      const { kind, items } = JSON.parse(await proxied(list)) as PodList & { kind: string };
      assert.deepEqual([kind, items.length], ['PodList', 2]);
    }
    const { kubeletconfig } = JSON.parse(await proxied('configz')) as { kubeletconfig: Record<string, unknown> };
    assert.deepEqual([kubeletconfig.maxPods, kubeletconfig.imageGCHighThresholdPercent], [110, 85]);
  });

  test('a cordoned node takes no pods; drained, it has none; uncordoned, it has them again', async () => {
    const running = async () =>
      (await kubectl.json<PodList>('get', 'pods', '-l', 'app=web')).items.filter(
        ({ status, metadata }) => status?.phase === 'Running' && !metadata.deletionTimestamp,
      ).length;
    await kubectl('cordon', node);
    const { spec } = await kubectl.json<Node>('get', 'node', node);
    assert.equal(spec?.unschedulable, true);
    const drained = await kubectl('drain', node, '--ignore-daemonsets', '--timeout=60s');
    assert.match(drained, /pod\/web-\S+ evicted/);
    assert.match(drained, new RegExp(`node/${node} drained`));
    assert.equal(await running(), 0);
    await kubectl('uncordon', node);
    await eventually('the pods again', async () => (await running()) === 2, { timeoutMs: 40_000 });
  });
});
