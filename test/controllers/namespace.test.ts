import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps, deployments, namespaces, pods } from '../../src/api/resources.ts';
import type { Namespace, Pod } from '../../src/api/types/core/v1.ts';
import { internalError } from '../../src/apimachinery/status-error.ts';
import { namespaceController } from '../../src/controllers/namespace/namespace.ts';
import { namespaceObject, podObject } from '../support/objects.ts';
import { harness, served } from './harness.ts';

const resources = served(configMaps, deployments, pods, namespaces);
const conditions = (namespace: Namespace | undefined) =>
  Object.fromEntries(
    (namespace?.status?.conditions ?? []).map((c) => [c.type, `${c.status} ${c.reason}: ${c.message}`]),
  );

test('a deleted namespace goes with all that is in it, others stay', async (t) => {
  const h = harness(t, namespaceController({ resources }));
  h.api.seed(namespaceObject('going'), namespaceObject('staying'));
  h.api.seed(
    podObject('a', { metadata: { namespace: 'going' } }),
    podObject('b', { metadata: { namespace: 'staying' } }),
  );
  await h.start();
  await h.client.delete(namespaces, undefined, 'going');
  await h.settle();
  assert.deepEqual(
    h.api.objects('namespaces').map((n) => n.metadata.name),
    ['staying'],
  );
  assert.deepEqual(
    h.api.objects('pods').map((pod) => pod.metadata.name),
    ['b'],
  );
});

test('a finalizer holds the namespace up, which says so and goes when it is lifted', async (t) => {
  const h = harness(t, namespaceController({ resources }));
  h.api.seed(namespaceObject('going'));
  h.api.seed(podObject('stuck', { metadata: { namespace: 'going', finalizers: ['example.com/hold'] } }));
  await h.start();
  await h.client.delete(namespaces, undefined, 'going');
  await h.settle();
  const told = conditions(h.api.object<Namespace>('namespaces', undefined, 'going'));
  assert.equal(
    told.NamespaceContentRemaining,
    'True SomeResourcesRemain: Some resources are remaining: pods. has 1 resource instances',
  );
  assert.equal(
    told.NamespaceFinalizersRemaining,
    'True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  );
  assert.equal(told.NamespaceDeletionContentFailure?.split(':')[0], 'False ContentDeleted');
  const idle = h.api.requests.length;
  await h.clock.advance(120_000);
  assert.equal(h.api.requests.length, idle, 'nothing is asked while nothing changes');

  await h.client.patch<Pod>(pods, 'going', 'stuck', { type: 'merge', body: { metadata: { finalizers: [] } } });
  await h.settle();
  assert.equal(h.api.objects('namespaces').length, 0);
});

test('a failing resource is told and tried again', async (t) => {
  const h = harness(t, namespaceController({ resources }));
  h.api.seed(namespaceObject('going'));
  h.api.seed(podObject('a', { metadata: { namespace: 'going' } }));
  const mend = h.api.fail((r) => (r.method === 'DELETE' && r.path.endsWith('/pods') ? internalError('no') : undefined));
  await h.start();
  await h.client.delete(namespaces, undefined, 'going');
  await h.settle();
  const told = conditions(h.api.object<Namespace>('namespaces', undefined, 'going'));
  assert.equal(
    told.NamespaceDeletionContentFailure,
    'True ContentDeletionFailed: Failed to delete all resource types, 1 remaining: Internal error occurred: no',
  );
  mend();
  await h.clock.advance(2_000);
  await h.settle();
  assert.equal(h.api.objects('namespaces').length, 0);
});
