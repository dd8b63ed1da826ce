import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoints, Pod } from '../../src/api/types/core/v1.ts';
import type { EndpointSlice } from '../../src/api/types/discovery/v1.ts';
import { endpointsController } from '../../src/controllers/endpoints/endpoints.ts';
import { endpointSliceController } from '../../src/controllers/endpoints/endpointslice.ts';
import { createTriggerTimes } from '../../src/controllers/endpoints/trigger-times.ts';
import { nodeObject, podObject, readyPod, serviceObject } from '../support/objects.ts';
import { type Harness, harness } from './harness.ts';

const labels = { app: 'web' };
const selector = labels;
const slices = (h: Harness) => h.api.objects<EndpointSlice>('endpointslices');
const addresses = (h: Harness) =>
  slices(h)
    .flatMap((slice) => slice.endpoints.map((e) => `${e.addresses[0]}:${slice.ports.map((p) => p.port)}`))
    .toSorted();

test('ready pods of a Service are in its slice, with zone, node and ports', async (t) => {
  const h = harness(t, endpointSliceController());
  h.api.seed(nodeObject('node-1', { metadata: { labels: { 'topology.kubernetes.io/zone': 'a' } } }));
  h.api.seed(serviceObject('web', { metadata: { labels: { team: 'x' } }, spec: { selector } }));
  h.api.seed(readyPod('web-1', '10.42.0.2', { metadata: { labels } }), readyPod('other', '10.42.0.3'));
  await h.start();
  const [slice, ...more] = slices(h);
  assert.equal(more.length, 0);
  assert.deepEqual(slice?.metadata.labels, {
    team: 'x',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  });
  assert.deepEqual(slice?.ports, [{ name: '', port: 80, protocol: 'TCP' }]);
  const { targetRef, ...endpoint } = slice?.endpoints[0] ?? {};
  assert.deepEqual(endpoint, {
    addresses: ['10.42.0.2'],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: 'node-1',
    zone: 'a',
  });
  assert.equal(targetRef?.name, 'web-1');
});

test('conditions follow readiness and deletion', async (t) => {
  const h = harness(t, endpointSliceController());
  h.api.seed(
    serviceObject('web', { spec: { selector } }),
    serviceObject('all', { spec: { selector, publishNotReadyAddresses: true } }),
  );
  h.api.seed(
    podObject('web-1', {
      metadata: { labels },
      spec: { nodeName: 'n' },
      status: { phase: 'Running', podIP: '10.42.0.2' },
    }),
  );
  await h.start();
  const of = (name: string) =>
    slices(h).find((s) => s.metadata.labels?.['kubernetes.io/service-name'] === name)?.endpoints[0]?.conditions;
  assert.deepEqual(of('web'), { ready: false, serving: false, terminating: false });
  assert.deepEqual(of('all'), { ready: true, serving: false, terminating: false });
  h.api.change<Pod>('pods', 'default', 'web-1', (pod) => {
    pod.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    pod.status!.conditions = [{ type: 'Ready', status: 'True' }];
  });
  await h.settle();
  assert.deepEqual(of('web'), { ready: false, serving: true, terminating: true });
  h.api.change<Pod>('pods', 'default', 'web-1', (pod) => {
    pod.status!.phase = 'Succeeded';
  });
  await h.settle();
  assert.equal(of('web'), undefined);
  assert.equal(slices(h).length, 2, 'an empty slice stays');
});

test('named ports are those of each pod', async (t) => {
  const h = harness(t, endpointSliceController());
  const ports = [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' as const }];
  h.api.seed(serviceObject('web', { spec: { selector, ports } }));
  const pod = (name: string, ip: string, containerPort: number) =>
    readyPod(name, ip, {
      metadata: { labels },
      spec: { nodeName: 'n', containers: [{ name: 'main', ports: [{ name: 'http', containerPort }] }] },
    });
  h.api.seed(pod('a', '10.42.0.2', 8080), pod('b', '10.42.0.3', 9090));
  await h.start();
  assert.deepEqual(addresses(h), ['10.42.0.2:8080', '10.42.0.3:9090']);
  assert.equal(slices(h).length, 2);
});

test('a headless Service is marked, and tells hostnames', async (t) => {
  const h = harness(t, endpointSliceController());
  h.api.seed(serviceObject('web', { spec: { selector, clusterIP: 'None', ports: [] } }));
  h.api.seed(
    readyPod('a', '10.42.0.2', { metadata: { labels }, spec: { nodeName: 'n', hostname: 'a', subdomain: 'web' } }),
  );
  await h.start();
  const [slice] = slices(h);
  assert.equal(slice?.metadata.labels?.['service.kubernetes.io/headless'], '');
  assert.equal(slice?.endpoints[0]?.hostname, 'a');
  assert.deepEqual(slice?.ports, []);
});

test('a slice holds at most 100, and what stays stays where it is', async (t) => {
  const h = harness(t, endpointSliceController());
  h.api.seed(serviceObject('web', { spec: { selector } }));
  for (let i = 0; i < 150; i++) h.api.seed(readyPod(`web-${i}`, `10.42.1.${i}`, { metadata: { labels } }));
  await h.start();
  const sizes = () => slices(h).map((slice) => slice.endpoints.length);
  assert.deepEqual(sizes(), [100, 50]);
  h.api.remove('pods', 'default', 'web-0');
  await h.settle();
  assert.deepEqual(sizes().toSorted(), [50, 99]);
});

test('Services without selector or of type ExternalName are left alone', async (t) => {
  const h = harness(t, endpointSliceController(), endpointsController());
  h.api.seed(serviceObject('manual'), serviceObject('external', { spec: { selector, type: 'ExternalName' } }));
  await h.start();
  assert.equal(slices(h).length, 0);
  assert.equal(h.api.objects('endpoints').length, 0);
});

test('the Endpoints object separates ready from not ready and goes with its Service', async (t) => {
  const h = harness(t, endpointsController());
  const ports = [
    { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' as const },
    { name: 'metrics', port: 81, targetPort: 9090, protocol: 'TCP' as const },
  ];
  h.api.seed(serviceObject('web', { spec: { selector, ports } }));
  h.api.seed(readyPod('a', '10.42.0.2', { metadata: { labels } }));
  h.api.seed(
    readyPod('b', '10.42.0.3', {
      metadata: { labels },
      status: { phase: 'Running', podIP: '10.42.0.3', conditions: [] },
    }),
  );
  await h.start();
  const found = h.api.object<Endpoints>('endpoints', 'default', 'web');
  assert.equal(found?.metadata.labels?.['endpoints.kubernetes.io/managed-by'], 'endpoint-controller');
  const [subset, ...more] = found?.subsets ?? [];
  assert.equal(more.length, 0);
  assert.deepEqual(
    subset?.addresses?.map((a) => a.ip),
    ['10.42.0.2'],
  );
  assert.deepEqual(
    subset?.notReadyAddresses?.map((a) => a.ip),
    ['10.42.0.3'],
  );
  assert.deepEqual(
    subset?.ports?.map((p) => p.port),
    [8080, 9090],
  );
  h.api.remove('services', 'default', 'web');
  await h.settle();
  assert.equal(h.api.objects('endpoints').length, 0);
});

test('the time of a change is the Service’s at first, then the earliest of what changed', () => {
  const times = createTriggerTimes();
  const service = serviceObject('web', { metadata: { creationTimestamp: '2026-01-01T00:00:00Z' } });
  const pod = (name: string, lastTransitionTime: string) =>
    readyPod(name, '10.0.0.1', { status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }] } });
  const first = [pod('a', '2026-01-01T00:00:05Z')];
  assert.equal(times.next('k', service, first), '2026-01-01T00:00:00Z');
  assert.equal(times.next('k', service, first), undefined);
  const later = [pod('a', '2026-01-01T00:00:09Z'), pod('b', '2026-01-01T00:00:07Z')];
  assert.equal(times.next('k', service, later), '2026-01-01T00:00:07Z');
  times.forget('k');
  assert.equal(times.next('k', service, later), '2026-01-01T00:00:00Z');
});
