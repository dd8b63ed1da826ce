import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lease } from '../../src/api/types/coordination/v1.ts';
import type { Node, Pod } from '../../src/api/types/core/v1.ts';
import { nodeLifecycleController } from '../../src/controllers/node/nodelifecycle.ts';
import { taintEvictionController, toleratedMs } from '../../src/controllers/node/tainteviction.ts';
import { podGarbageCollector } from '../../src/controllers/podgc.ts';
import { nodeObject, podObject, readyPod } from '../support/objects.ts';
import { type Harness, harness } from './harness.ts';

const ready = { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:00Z' }] };
const lease = (): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'node-1', namespace: 'kube-node-lease' },
  spec: { renewTime: '2026-01-01T00:00:00.000000Z' },
});
const theNode = (h: Harness) => h.api.object<Node>('nodes', undefined, 'node-1') as Node;
const taintsOf = (h: Harness) =>
  (theNode(h).spec?.taints ?? []).map((taint) => `${taint.key.split('/')[1]}:${taint.effect}`).toSorted();
const renew = (h: Harness) =>
  h.api.change<Lease>('leases', 'kube-node-lease', 'node-1', (object) => {
    object.spec!.renewTime = new Date(h.clock.now()).toISOString();
  });

test('a silent node becomes Unknown and unreachable, its pods not ready, and recovers', async (t) => {
  const h = harness(t, nodeLifecycleController());
  h.api.seed(nodeObject('node-1', { status: ready }));
  h.api.seed(lease());
  h.api.seed(readyPod('a', '10.42.0.2'));
  await h.start();
  for (let i = 0; i < 6; i++) {
    await h.clock.advance(10_000);
    renew(h);
  }
  await h.settle();
  assert.equal(theNode(h).status?.conditions?.[0]?.status, 'True');
  assert.deepEqual(taintsOf(h), []);

  await h.clock.advance(51_000);
  await h.settle();
  const conditions = theNode(h).status?.conditions ?? [];
  assert.deepEqual(
    conditions.map((c) => `${c.type} ${c.status} ${c.reason}`),
    [
      'Ready Unknown NodeStatusUnknown',
      'MemoryPressure Unknown NodeStatusNeverUpdated',
      'DiskPressure Unknown NodeStatusNeverUpdated',
      'PIDPressure Unknown NodeStatusNeverUpdated',
    ],
  );
  assert.deepEqual(taintsOf(h), ['unreachable:NoExecute', 'unreachable:NoSchedule']);
  assert.equal(h.api.object<Pod>('pods', 'default', 'a')?.status?.conditions?.[0]?.status, 'False');

  h.api.change<Node>('nodes', undefined, 'node-1', (node) => {
    node.status!.conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: 'later' }];
  });
  await h.settle();
  assert.deepEqual(taintsOf(h), []);
});

test('after a long sleep of the machine the node gets its time anew', async (t) => {
  const h = harness(t, nodeLifecycleController());
  h.api.seed(nodeObject('node-1', { status: ready }));
  h.api.seed(lease());
  await h.start();
  h.clock.jump(3_600_000);
  await h.clock.advance(51_000);
  await h.settle();
  assert.equal(theNode(h).status?.conditions?.[0]?.status, 'True');
  await h.clock.advance(51_000);
  await h.settle();
  assert.equal(theNode(h).status?.conditions?.[0]?.status, 'Unknown');
});

test('taints follow conditions and unschedulable; others are left alone', async (t) => {
  const h = harness(t, nodeLifecycleController());
  const taints = [
    { key: 'example.com/own', effect: 'NoSchedule' as const },
    { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' as const },
  ];
  h.api.seed(
    nodeObject('node-1', {
      spec: { unschedulable: true, taints },
      status: {
        conditions: [
          { type: 'Ready', status: 'False' },
          { type: 'DiskPressure', status: 'True' },
        ],
      },
    }),
  );
  await h.start();
  assert.deepEqual(taintsOf(h), [
    'disk-pressure:NoSchedule',
    'not-ready:NoExecute',
    'not-ready:NoSchedule',
    'own:NoSchedule',
    'unschedulable:NoSchedule',
  ]);
});

test('a pod is evicted when its tolerated time is over, and not when the taint goes before', async (t) => {
  const h = harness(t, taintEvictionController());
  const taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' as const };
  const tolerations = [
    { key: taint.key, operator: 'Exists' as const, effect: 'NoExecute' as const, tolerationSeconds: 300 },
  ];
  h.api.seed(nodeObject('node-1', { spec: { taints: [taint] } }), nodeObject('node-2', { spec: { taints: [taint] } }));
  const pod = (name: string, node: string, spec: object = {}) =>
    readyPod(name, '10.42.0.2', { spec: { nodeName: node, ...spec } });
  h.api.seed(
    pod('at-once', 'node-1'),
    pod('later', 'node-1', { tolerations }),
    pod('never', 'node-1', { tolerations: [{ operator: 'Exists' as const }] }),
  );
  h.api.seed(pod('saved', 'node-2', { tolerations }));
  await h.start();
  const going = () =>
    h.api
      .objects<Pod>('pods')
      .filter((p) => p.metadata.deletionTimestamp)
      .map((p) => p.metadata.name);
  assert.deepEqual(going(), ['at-once']);
  await h.clock.advance(200_000);
  h.api.change<Node>('nodes', undefined, 'node-2', (node) => {
    node.spec!.taints = [];
  });
  await h.clock.advance(101_000);
  await h.settle();
  assert.deepEqual(going(), ['at-once', 'later']);
  assert.ok(h.events().includes('TaintManagerEviction: Cancelling deletion of Pod default/saved'));
});

test('tolerations: the shortest counts, a missing one means at once', () => {
  const taint = { key: 'k', value: 'v', effect: 'NoExecute' as const };
  assert.equal(toleratedMs([], [taint]), 0);
  assert.equal(toleratedMs([{ key: 'k', value: 'other' }], [taint]), 0);
  assert.equal(toleratedMs([{ key: 'k', value: 'v' }], [taint]), Number.POSITIVE_INFINITY);
  assert.equal(toleratedMs([{ key: 'k', value: 'v', tolerationSeconds: 7 }], [taint]), 7000);
  assert.equal(toleratedMs([{ operator: 'Exists', tolerationSeconds: -1 }], [taint]), 0);
});

test('pods of a node that is gone go after a quarantine', async (t) => {
  const h = harness(t, podGarbageCollector());
  h.api.seed(nodeObject('node-1'));
  h.api.seed(readyPod('kept', '10.42.0.2'), readyPod('lost', '10.42.0.3', { spec: { nodeName: 'gone' } }));
  h.api.seed(podObject('never-bound', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }));
  await h.start();
  assert.deepEqual(
    h.api.objects('pods').map((pod) => pod.metadata.name),
    ['kept', 'lost'],
  );
  await h.clock.advance(41_000);
  await h.settle();
  assert.deepEqual(
    h.api.objects('pods').map((pod) => pod.metadata.name),
    ['kept'],
  );
});

test('finished pods beyond the threshold go, the oldest first', async (t) => {
  const h = harness(t, podGarbageCollector({ threshold: 2 }));
  h.api.seed(nodeObject('node-1'));
  for (const day of [3, 1, 2, 4]) {
    h.api.seed(
      readyPod(`p${day}`, '10.0.0.1', {
        metadata: { creationTimestamp: `2026-01-0${day}T00:00:00Z` },
        status: { phase: 'Succeeded' },
      }),
    );
  }
  await h.start();
  assert.deepEqual(
    h.api
      .objects('pods')
      .map((pod) => pod.metadata.name)
      .toSorted(),
    ['p3', 'p4'],
  );
});
