import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textsOf } from '../../../src/api/quota/amounts.ts';
import { checkQuotas } from '../../../src/api/quota/check.ts';
import { countUsage } from '../../../src/api/quota/count.ts';
import type { QuotaEvaluator } from '../../../src/api/quota/evaluator.ts';
import { quotaEvaluator } from '../../../src/api/quota/evaluators.ts';
import type { ResourceQuota } from '../../../src/api/types/core/v1.ts';
import type { AnyObject } from '../../../src/apimachinery/meta.ts';

const NOW = Date.UTC(2026, 0, 1);
type Texts = Record<string, string>;

const quotaOf = (hard: Texts, used: Texts | undefined, spec: object = {}): ResourceQuota => ({
  metadata: { name: 'q' },
  spec: { hard, ...spec },
  status: { hard, ...(used ? { used } : {}) },
});

const evaluatorOf = (resource: string): QuotaEvaluator => {
  const [plural = '', ...group] = resource.split('.');
  const found = quotaEvaluator({ plural, group: group.join('.') });
  assert.ok(found, `${resource} is counted`);
  return found;
};

const request = (object: object, old?: object, subresource = '') => ({
  operation: old ? 'UPDATE' : 'CREATE',
  subresource,
  object: { metadata: {}, ...object } as AnyObject,
  oldObject: old && ({ metadata: {}, ...old } as AnyObject),
});

/** What is used after it, or why not. */
function outcome(
  resource: string,
  quota: ResourceQuota,
  asked: ReturnType<typeof request>,
): Texts | string | undefined {
  const verdict = checkQuotas([quota], { request: asked, evaluator: evaluatorOf(resource), now: NOW });
  if ('refusal' in verdict) return verdict.refusal;
  const [charge] = verdict.charges;
  return charge && textsOf(charge.used);
}

const pod = (spec: object = {}, status?: object) => ({ spec: { containers: [{ name: 'c' }], ...spec }, status });
const asking = (requests: Texts, limits: Texts = {}) => ({
  containers: [{ name: 'c', resources: { requests, limits } }],
});

test('objects are counted by their resource, and some by their plain name too', () => {
  assert.deepEqual(outcome('configmaps', quotaOf({ configmaps: '1' }, { configmaps: '0' }), request({})), {
    configmaps: '1',
  });
  const deployments = quotaOf({ 'count/deployments.apps': '3' }, { 'count/deployments.apps': '2' });
  assert.deepEqual(outcome('deployments.apps', deployments, request({})), { 'count/deployments.apps': '3' });
  assert.equal(outcome('deployments.apps', quotaOf({ configmaps: '0' }, { configmaps: '0' }), request({})), undefined);
  assert.equal(quotaEvaluator({ group: '', plural: 'events' }), undefined);
});

test('what does not fit is refused with what was asked for, used and allowed', () => {
  const quota = quotaOf({ configmaps: '1' }, { configmaps: '1' });
  assert.equal(
    outcome('configmaps', quota, request({})),
    'exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
  );
});

test('a quota that nobody has counted refuses everything it is about', () => {
  assert.equal(
    outcome('pods', quotaOf({ pods: '1', 'count/pods': '1' }, undefined), request(pod())),
    'status unknown for quota: q, resources: count/pods,pods',
  );
});

test('a quota on cpu or memory makes every container say what it needs, unless the pod does', () => {
  const quota = quotaOf({ 'requests.cpu': '1', 'limits.memory': '1Gi' }, { 'requests.cpu': '0', 'limits.memory': '0' });
  assert.equal(
    outcome('pods', quota, request(pod())),
    'failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
  );
  const whole = pod({ resources: { requests: { cpu: '500m' }, limits: { memory: '1Mi' } } });
  assert.deepEqual(outcome('pods', quota, request(whole)), { 'requests.cpu': '500m', 'limits.memory': '1Mi' });
});

test('an update is charged for what grew, a status for nothing', () => {
  const service = (type: string) => ({ spec: { type, ports: [{ port: 80 }, { port: 81 }] } });
  const quota = quotaOf({ 'services.nodeports': '2' }, { 'services.nodeports': '1' });
  const more = request(service('NodePort'), service('ClusterIP'));
  assert.match(
    outcome('services', quota, more) as string,
    /requested: services.nodeports=2, used: services.nodeports=1/,
  );
  assert.equal(outcome('services', quota, request(service('ClusterIP'), service('NodePort'))), undefined);
  const claim = (storage: string, allocated?: string) => ({
    spec: { resources: { requests: { storage } } },
    ...(allocated ? { status: { allocatedResources: { storage: allocated } } } : {}),
  });
  const storage = quotaOf({ 'requests.storage': '1Gi' }, { 'requests.storage': '1Gi' });
  const reported = request(claim('1Gi', '2Gi'), claim('1Gi'), 'status');
  assert.deepEqual(outcome('persistentvolumeclaims', storage, reported), { 'requests.storage': '2Gi' });
});

const USAGES: [what: string, resource: string, object: object, names: string[], used: Texts][] = [
  [
    'an init container counts where it needs more than all that run later',
    'pods',
    pod({ ...asking({ cpu: '1' }), initContainers: [{ name: 'i', resources: { requests: { cpu: '3' } } }] }),
    ['cpu', 'requests.cpu', 'pods'],
    { cpu: '3', 'requests.cpu': '3', pods: '1' },
  ],
  [
    'a sidecar counts beside what runs with it, and beside init containers behind it',
    'pods',
    pod({
      ...asking({ cpu: '1' }),
      initContainers: [
        { name: 's', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
        { name: 'i', resources: { requests: { cpu: '3' } } },
      ],
    }),
    ['requests.cpu'],
    { 'requests.cpu': '4' },
  ],
  [
    'overhead counts, for limits only where there is one',
    'pods',
    pod({ ...asking({ cpu: '1' }, { cpu: '1' }), overhead: { cpu: '250m', memory: '1Mi' } }),
    ['requests.cpu', 'limits.cpu', 'requests.memory', 'limits.memory'],
    { 'requests.cpu': '1250m', 'limits.cpu': '1250m', 'requests.memory': '1Mi', 'limits.memory': '0' },
  ],
  [
    'extended resources are counted as requests, huge pages under both names',
    'pods',
    pod(asking({ 'x.io/gpu': '2', 'hugepages-2Mi': '4Mi' })),
    ['requests.x.io/gpu', 'hugepages-2Mi', 'requests.hugepages-2Mi'],
    { 'requests.x.io/gpu': '2', 'hugepages-2Mi': '4Mi', 'requests.hugepages-2Mi': '4Mi' },
  ],
  [
    'a pod that has ended is only an object',
    'pods',
    pod(asking({ cpu: '1' }), { phase: 'Succeeded' }),
    ['pods', 'count/pods', 'cpu'],
    { pods: '0', 'count/pods': '1', cpu: '0' },
  ],
  [
    'while a container is made smaller, what it has counts',
    'pods',
    pod(asking({ cpu: '1' }), { containerStatuses: [{ name: 'c', resources: { requests: { cpu: '2' } } }] }),
    ['cpu'],
    { cpu: '2' },
  ],
  [
    'a resize that cannot be done does not count',
    'pods',
    pod(asking({ cpu: '9' }), {
      conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }],
      containerStatuses: [{ name: 'c', resources: { requests: { cpu: '1' } }, allocatedResources: { cpu: '2' } }],
    }),
    ['cpu'],
    { cpu: '2' },
  ],
  [
    'a load balancer without node ports of its own has those it names',
    'services',
    {
      spec: {
        type: 'LoadBalancer',
        allocateLoadBalancerNodePorts: false,
        ports: [{ port: 1 }, { port: 2, nodePort: 30_002 }],
      },
    },
    ['services', 'services.nodeports', 'services.loadbalancers', 'count/services'],
    { services: '1', 'services.nodeports': '1', 'services.loadbalancers': '1', 'count/services': '1' },
  ],
  [
    'claims count in all and by storage class, in whole bytes',
    'persistentvolumeclaims',
    { spec: { storageClassName: 'gold', resources: { requests: { storage: '1500m' } } } },
    [
      'persistentvolumeclaims',
      'requests.storage',
      'gold.storageclass.storage.k8s.io/requests.storage',
      'tin.storageclass.storage.k8s.io/persistentvolumeclaims',
    ],
    {
      persistentvolumeclaims: '1',
      'requests.storage': '2',
      'gold.storageclass.storage.k8s.io/requests.storage': '2',
      'tin.storageclass.storage.k8s.io/persistentvolumeclaims': '0',
    },
  ],
  [
    'devices count by class: of alternatives the most, of "all" as many as there can be',
    'resourceclaims.resource.k8s.io',
    {
      spec: {
        devices: {
          requests: [
            { exactly: { deviceClassName: 'a', allocationMode: 'ExactCount', count: 2 } },
            {
              firstAvailable: [
                { deviceClassName: 'a', allocationMode: 'ExactCount', count: 3 },
                { deviceClassName: 'b', allocationMode: 'All' },
              ],
            },
          ],
        },
      },
    },
    ['a.deviceclass.resource.k8s.io/devices', 'b.deviceclass.resource.k8s.io/devices'],
    { 'a.deviceclass.resource.k8s.io/devices': '5', 'b.deviceclass.resource.k8s.io/devices': '32' },
  ],
];

for (const [what, resource, object, names, used] of USAGES) {
  test(`usage: ${what}`, () => {
    const quota = quotaOf(Object.fromEntries(names.map((name) => [name, '100Gi'])), undefined);
    const objects = () => [{ metadata: {}, ...object } as AnyObject];
    assert.deepEqual(textsOf(countUsage(quota, [{ evaluator: evaluatorOf(resource), objects }], NOW)), used);
  });
}

test('a pod that is long past its grace frees what it held', () => {
  const gone = (at: number) => ({
    ...pod(),
    metadata: { deletionTimestamp: new Date(at).toISOString(), deletionGracePeriodSeconds: 30 },
  });
  const pods = (object: object) =>
    textsOf(
      countUsage(
        quotaOf({ pods: '1' }, undefined),
        [{ evaluator: evaluatorOf('pods'), objects: () => [object as AnyObject] }],
        NOW,
      ),
    );
  assert.deepEqual(pods(gone(NOW - 31_000)), { pods: '0' });
  assert.deepEqual(pods(gone(NOW)), { pods: '1' });
});

const SCOPES: [scopes: object, spec: object, holds: boolean][] = [
  [{ scopes: ['Terminating'] }, { activeDeadlineSeconds: 5 }, true],
  [{ scopes: ['Terminating'] }, {}, false],
  [{ scopes: ['NotTerminating', 'BestEffort'] }, {}, true],
  [{ scopes: ['NotBestEffort'] }, asking({ cpu: '1' }), true],
  [{ scopes: ['BestEffort'] }, asking({ cpu: '1' }), false],
  [{ scopes: ['CrossNamespacePodAffinity'] }, {}, false],
  [
    { scopes: ['CrossNamespacePodAffinity'] },
    {
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { namespaceSelector: {} } }],
        },
      },
    },
    true,
  ],
  ...(
    [
      ['In', 'high', true],
      ['In', undefined, false],
      ['NotIn', 'low', true],
      ['NotIn', undefined, true],
      ['Exists', 'low', true],
      ['DoesNotExist', 'low', false],
    ] as const
  ).map(([operator, name, holds]): [object, object, boolean] => {
    const values = operator.endsWith('In') ? { values: ['high'] } : {};
    const requirement = { scopeName: 'PriorityClass', operator, ...values };
    return [{ scopeSelector: { matchExpressions: [requirement] } }, { priorityClassName: name }, holds];
  }),
];

for (const [scopes, spec, holds] of SCOPES) {
  test(`scope ${JSON.stringify(scopes)} ${holds ? 'holds' : 'does not hold'} ${JSON.stringify(spec)}`, () => {
    const quota = quotaOf({ pods: '0' }, { pods: '0' }, scopes);
    assert.equal(typeof outcome('pods', quota, request(pod(spec))) === 'string', holds);
  });
}

test('a pod that begins to have a deadline is charged to the quota it comes under', () => {
  const quota = quotaOf({ pods: '1' }, { pods: '0' }, { scopes: ['Terminating'] });
  const asked = request(pod({ activeDeadlineSeconds: 1 }), pod());
  assert.deepEqual(outcome('pods', quota, asked), { pods: '1' });
  assert.equal(outcome('pods', quota, request(pod(), pod())), undefined);
});

test('negative requests are refused', () => {
  assert.equal(
    outcome(
      'persistentvolumeclaims',
      quotaOf({ 'requests.storage': '1' }, { 'requests.storage': '0' }),
      request({ spec: { resources: { requests: { storage: '-1' } } } }),
    ),
    'quota usage is negative for resource(s): requests.storage',
  );
});
