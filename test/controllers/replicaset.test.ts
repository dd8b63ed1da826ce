import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replicaSets } from '../../src/api/resources.ts';
import type { ReplicaSet } from '../../src/api/types/apps/v1.ts';
import type { Pod } from '../../src/api/types/core/v1.ts';
import { controllerOf } from '../../src/apimachinery/meta.ts';
import { forbidden } from '../../src/apimachinery/status-error.ts';
import { controllerRef } from '../../src/controllers/controller-ref.ts';
import { inDeletionOrder } from '../../src/controllers/pod-state.ts';
import { replicaSetController } from '../../src/controllers/replicaset/replicaset.ts';
import { podObject, readyPod, replicaSetObject } from '../support/objects.ts';
import { harness } from './harness.ts';

const labels = { app: 'web' };

test('as many pods as wanted are made from the template', async (t) => {
  const h = harness(t, replicaSetController());
  h.api.seed(replicaSetObject('web', { spec: { replicas: 7 } }));
  await h.start();
  const pods = h.api.objects<Pod>('pods');
  assert.equal(pods.length, 7);
  assert.ok(pods.every((pod) => pod.metadata.name?.startsWith('web-') && pod.metadata.labels?.app === 'web'));
  assert.equal(controllerOf(pods[0] as Pod)?.kind, 'ReplicaSet');
  assert.match(h.events()[0] ?? '', /^SuccessfulCreate: Created pod: web-\w+$/);
  assert.equal(h.api.object<ReplicaSet>('replicasets', 'default', 'web')?.status?.replicas, 7);
});

test('a refused create stops after its batch, is told, and is tried again', async (t) => {
  const h = harness(t, replicaSetController());
  h.api.seed(replicaSetObject('web', { spec: { replicas: 8 } }));
  const refusal = forbidden({ group: '', resource: 'pods' }, '', 'exceeded quota');
  const mend = h.api.fail((r) => (r.method === 'POST' && r.path.endsWith('/pods') ? refusal : undefined));
  await h.start();
  const [condition] = h.api.object<ReplicaSet>('replicasets', 'default', 'web')?.status?.conditions ?? [];
  assert.equal(condition?.reason, 'FailedCreate');
  assert.ok(
    h.events().some((event) => event.startsWith('FailedCreate: Error creating: pods is forbidden: exceeded quota')),
  );
  mend();
  await h.clock.advance(2_000);
  await h.settle();
  assert.equal(h.api.objects('pods').length, 8);
  assert.equal(h.api.object<ReplicaSet>('replicasets', 'default', 'web')?.status?.conditions, undefined);
});

test('orphans that match are adopted, own pods that do not match are released', async (t) => {
  const h = harness(t, replicaSetController());
  const [replicaSet] = h.api.seed(replicaSetObject('web', { spec: { replicas: 1 } })) as [ReplicaSet];
  const ownerReferences = [controllerRef(replicaSets, replicaSet)];
  h.api.seed(
    podObject('orphan', { metadata: { labels } }),
    podObject('astray', { metadata: { labels: { app: 'x' }, ownerReferences } }),
  );
  h.api.seed(
    podObject('foreign', { metadata: { labels, ownerReferences: [{ ...ownerReferences[0]!, uid: 'other' }] } }),
  );
  await h.start();
  const owner = (name: string) => controllerOf(h.api.object<Pod>('pods', 'default', name) as Pod)?.uid;
  assert.equal(owner('orphan'), replicaSet.metadata.uid);
  assert.equal(owner('astray'), undefined);
  assert.equal(owner('foreign'), 'other');
  assert.equal(h.api.objects('pods').length, 3);
});

test('a deleted ReplicaSet adopts nothing', async (t) => {
  const h = harness(t, replicaSetController());
  h.api.seed(
    replicaSetObject('web', {
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['orphan'] },
      spec: { replicas: 1 },
    }),
  );
  h.api.seed(podObject('orphan', { metadata: { labels } }));
  await h.start();
  assert.equal(h.api.object<Pod>('pods', 'default', 'orphan')?.metadata.ownerReferences, undefined);
});

test('ready pods count as available after minReadySeconds', async (t) => {
  const h = harness(t, replicaSetController());
  const [replicaSet] = h.api.seed(replicaSetObject('web', { spec: { replicas: 1, minReadySeconds: 30 } })) as [
    ReplicaSet,
  ];
  const ownerReferences = [controllerRef(replicaSets, replicaSet)];
  h.api.seed(readyPod('web-1', '10.42.0.2', { metadata: { labels, ownerReferences } }));
  await h.start();
  const status = () => h.api.object<ReplicaSet>('replicasets', 'default', 'web')?.status;
  assert.deepEqual([status()?.readyReplicas, status()?.availableReplicas], [1, 0]);
  await h.clock.advance(30_000);
  await h.settle();
  assert.equal(status()?.availableReplicas, 1);
});

test('of several pods the least useful goes first', () => {
  const now = Date.UTC(2026, 0, 2);
  const plain = { metadata: { creationTimestamp: '2026-01-01T00:00:00Z' } };
  const cases: [string, Pod, Pod][] = [
    ['without a node', podObject('a', plain), podObject('b', { ...plain, spec: { nodeName: 'n' } })],
    [
      'pending',
      podObject('a', { ...plain, spec: { nodeName: 'n' }, status: { phase: 'Pending' } }),
      podObject('b', { ...plain, spec: { nodeName: 'n' }, status: { phase: 'Running' } }),
    ],
    [
      'not ready',
      podObject('a', { ...plain, spec: { nodeName: 'node-1' }, status: { phase: 'Running' } }),
      readyPod('b', '10.0.0.1', plain),
    ],
    [
      'cheaper',
      readyPod('a', '10.0.0.1', { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-1' } } }),
      readyPod('b', '10.0.0.1', plain),
    ],
    [
      'restarted more',
      readyPod('a', '10.0.0.1', { ...plain, status: { containerStatuses: [{ restartCount: 3 }] } as Pod['status'] }),
      readyPod('b', '10.0.0.1', plain),
    ],
    [
      'younger',
      readyPod('a', '10.0.0.1', { metadata: { creationTimestamp: '2026-01-01T23:59:00Z' } }),
      readyPod('b', '10.0.0.1', plain),
    ],
  ];
  for (const [what, first, second] of cases) {
    assert.equal(inDeletionOrder([second, first], [], now)[0], first, what);
  }
});
