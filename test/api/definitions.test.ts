import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinDefinitions } from '../../src/api/index.ts';
import type { AnyObject } from '../../src/apimachinery/meta.ts';
import { created, definitionOf } from './definitions.ts';

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'nginx:1' }] } };
const deployment = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } };
const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'nginx:1' }] } };

test('every default-on resource is served once, under one name', () => {
  const ids = builtinDefinitions().map((d) => `${d.group}/${d.version}/${d.plural}`);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of [
    '/v1/pods',
    'apps/v1/deployments',
    'autoscaling/v1/horizontalpodautoscalers',
    'events.k8s.io/v1/events',
  ]) {
    assert.ok(ids.includes(id), id);
  }
});

test('defaults are idempotent for every kind', () => {
  for (const definition of builtinDefinitions()) {
    const object: AnyObject = { metadata: { name: 'x' }, spec: {} };
    definition.setDefaults(object);
    const once = structuredClone(object);
    definition.setDefaults(object);
    assert.deepEqual(object, once, definition.kind);
  }
});

test('unknown fields, nulls and empty optional values go; quantities become canonical', () => {
  const object = created('pods', {
    metadata: { name: 'p', labels: null, finalizers: [] },
    spec: {
      nope: 1,
      nodeName: '',
      containers: [{ name: 'c', image: 'i', resources: { requests: { memory: '1024Mi' } } }],
    },
  });
  const spec = object.spec as { containers: { resources: unknown }[] };
  assert.deepEqual(object.metadata, { name: 'p' });
  assert.deepEqual(spec.containers[0]?.resources, { requests: { memory: '1Gi' } });
  assert.equal('nope' in spec || 'nodeName' in spec, false);
});

test('times are written in UTC with as many digits as their type has', () => {
  const lease = created('coordination.k8s.io/v1/leases', {
    metadata: { name: 'l' },
    spec: { renewTime: '2026-01-01T01:00:00.5+01:00' },
  });
  assert.deepEqual(lease.spec, { renewTime: '2026-01-01T00:00:00.500000Z' });
});

test('a changed spec counts a generation, status and labels do not', () => {
  const definition = definitionOf('apps/v1/deployments');
  const old = created('apps/v1/deployments', deployment);
  old.metadata.generation = 1;
  const change = (edit: (object: AnyObject) => void): number | undefined => {
    const object = structuredClone(old);
    edit(object);
    definition.prepareForUpdate(object, old, { now: 0 });
    return object.metadata.generation;
  };
  assert.equal(
    change((o) => Object.assign(o.spec as object, { replicas: 2 })),
    2,
  );
  assert.equal(
    change((o) => (o.status = { replicas: 9 })),
    1,
  );
  assert.equal(
    change((o) => (o.metadata.labels = { x: 'y' })),
    1,
  );
  assert.equal(
    change((o) => (o.metadata.annotations = { x: 'y' })),
    2,
    'annotations go to ReplicaSets',
  );
});

test('an update of the main resource keeps the status, one of the status keeps the rest', () => {
  const definition = definitionOf('pods');
  const old = created('pods', pod);
  const object = structuredClone(old);
  object.status = { phase: 'Running' };
  definition.prepareForUpdate(object, old, { now: 0 });
  assert.deepEqual(object.status, old.status);

  const reported = structuredClone(old);
  reported.status = { phase: 'Running' };
  Object.assign(reported.spec as object, { nodeName: 'elsewhere' });
  definition.prepareForStatusUpdate(reported, old, { now: 0 });
  assert.deepEqual(reported.spec, old.spec);
  assert.equal((reported.status as { phase: string }).phase, 'Running');
});

type Edit = (spec: Record<string, unknown>, object: AnyObject) => void;
const UPDATES: [what: string, id: string, object: object, edit: Edit, causes: string[]][] = [
  [
    'the image of a Pod may change',
    'pods',
    pod,
    (spec) =>
      ((spec.containers as { image: string }[])[0] = { ...(spec.containers as { image: string }[])[0], image: 'x' }),
    [],
  ],
  ['the node name of a Pod may not', 'pods', pod, (spec) => (spec.nodeName = 'n'), ['FieldValueForbidden spec']],
  [
    'a Pod gets no more containers',
    'pods',
    pod,
    (spec) => (spec.containers as object[]).push({ ...(spec.containers as object[])[0], name: 'd' }),
    ['FieldValueForbidden spec.containers'],
  ],
  ['tolerations may be added', 'pods', pod, (spec) => (spec.tolerations = [{ operator: 'Exists' }]), []],
  ['the replicas of a Deployment may change', 'apps/v1/deployments', deployment, (spec) => (spec.replicas = 5), []],
  [
    'its selector may not',
    'apps/v1/deployments',
    {
      ...deployment,
      spec: { ...deployment.spec, template: { ...template, metadata: { labels: { a: 'b', c: 'd' } } } },
    },
    (spec) => (spec.selector = { matchLabels: { c: 'd' } }),
    ['FieldValueInvalid spec.selector'],
  ],
  [
    'an immutable ConfigMap stays as it is',
    'configmaps',
    { metadata: { name: 'c' }, immutable: true, data: { a: 'b' } },
    (_spec, object) => (object.data = {}),
    ['FieldValueForbidden data'],
  ],
  [
    'the type of a Secret stays',
    'secrets',
    { metadata: { name: 's' } },
    (_spec, object) => (object.type = 'x/y'),
    ['FieldValueInvalid type'],
  ],
  [
    'a binding keeps its role',
    'rbac.authorization.k8s.io/v1/rolebindings',
    { metadata: { name: 'b' }, roleRef: { kind: 'Role', name: 'r' } },
    (_spec, object) => (object.roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'other' }),
    ['FieldValueInvalid roleRef'],
  ],
  [
    'a claim does not change its modes',
    'persistentvolumeclaims',
    { metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    (spec) => (spec.accessModes = ['ReadWriteMany']),
    ['FieldValueForbidden spec'],
  ],
  [
    'the value of a PriorityClass stays',
    'scheduling.k8s.io/v1/priorityclasses',
    { metadata: { name: 'p' }, value: 1 },
    (_spec, object) => (object.value = 2),
    ['FieldValueForbidden value'],
  ],
];

for (const [what, id, given, edit, causes] of UPDATES) {
  test(`update: ${what}`, () => {
    const definition = definitionOf(id);
    const old = created(id, given);
    const object = structuredClone(old);
    edit((object.spec ?? {}) as Record<string, unknown>, object);
    definition.prepareForUpdate(object, old, { now: 0 });
    const errors = definition.validateUpdate(object, old);
    assert.deepEqual(
      errors.map(({ reason, field }) => `${reason} ${field}`),
      causes,
    );
  });
}

test("the role that a binding may not have is told with the names of Go's internal type", () => {
  const definition = definitionOf('rbac.authorization.k8s.io/v1/rolebindings');
  const binding = (name: string) =>
    created('rbac.authorization.k8s.io/v1/rolebindings', { metadata: { name: 'b' }, roleRef: { kind: 'Role', name } });
  assert.deepEqual(
    definition.validateUpdate(binding('new'), binding('old')).map(({ message }) => message),
    ['Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"new"}: cannot change roleRef'],
  );
});

const GRACE: [what: string, object: object, requested: number | undefined, grace: number][] = [
  [
    'a Pod that runs takes its own',
    { spec: { nodeName: 'n', terminationGracePeriodSeconds: 30 }, status: { phase: 'Running' } },
    undefined,
    30,
  ],
  ['or what is asked for', { spec: { nodeName: 'n', terminationGracePeriodSeconds: 30 } }, 5, 5],
  ['a Pod without a node goes at once', { spec: { terminationGracePeriodSeconds: 30 } }, undefined, 0],
  ['as does one that ended', { spec: { nodeName: 'n' }, status: { phase: 'Succeeded' } }, 9, 0],
  ['less than nothing is one second', { spec: { nodeName: 'n' } }, -1, 1],
];

for (const [what, object, requested, grace] of GRACE) {
  test(`grace of a DELETE: ${what}`, () => {
    assert.equal(definitionOf('pods').deletionGrace({ metadata: {}, ...object }, requested), grace);
  });
}

test('Events and autoscalers survive the way to their storage version and back', () => {
  const event = created('events.k8s.io/v1/events', {
    metadata: { name: 'e' },
    regarding: { kind: 'Pod', name: 'p' },
    note: 'hello',
    reportingController: 'c/d',
    deprecatedCount: 2,
  });
  const autoscaler = created('autoscaling/v1/horizontalpodautoscalers', {
    metadata: { name: 'h' },
    spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd' }, targetCPUUtilizationPercentage: 50 },
  });
  for (const [id, object] of [
    ['events.k8s.io/v1/events', event],
    ['autoscaling/v1/horizontalpodautoscalers', autoscaler],
  ] as const) {
    const { toStorage, fromStorage } = definitionOf(id);
    const { apiVersion: _apiVersion, ...back } = fromStorage(toStorage(structuredClone(object)));
    assert.deepEqual(back, object);
  }
});

test('metrics that v1 does not know ride along in an annotation', () => {
  const { toStorage, fromStorage } = definitionOf('autoscaling/v1/horizontalpodautoscalers');
  const metrics = [
    { type: 'Pods', pods: { metric: { name: 'qps' }, target: { type: 'AverageValue', averageValue: '1k' } } },
  ];
  const shown = fromStorage({ metadata: { name: 'h' }, spec: { maxReplicas: 1, metrics }, status: {} });
  assert.deepEqual(Object.keys(shown.metadata.annotations ?? {}), ['autoscaling.alpha.kubernetes.io/metrics']);
  assert.deepEqual((toStorage(shown).spec as { metrics: unknown }).metrics, metrics);
});

test('deprecated kinds warn in words that name what to use', () => {
  const { warnings } = definitionOf('endpoints');
  assert.deepEqual(warnings({ metadata: { name: 'e' } }, undefined), [
    'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  ]);
});
