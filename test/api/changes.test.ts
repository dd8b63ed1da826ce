import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyObject } from '../../src/apimachinery/meta.ts';
import { created, definitionOf } from './definitions.ts';

const now = Date.parse('2026-01-02T00:00:00Z');
type Edit = (spec: Record<string, unknown>, object: AnyObject) => void;
type Case = [what: string, id: string, object: object, edit: Edit, causes: string[]];

const meta = { metadata: { name: 'x' } };
const slice = {
  ...meta,
  spec: {
    driver: 'x.io',
    pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
    nodeName: 'n',
    devices: [{ name: 'd' }],
  },
};
const claim = { ...meta, spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } };
const attachment = { ...meta, spec: { attacher: 'x.io', nodeName: 'n', source: { persistentVolumeName: 'v' } } };
const event = {
  metadata: { name: 'x', namespace: 'default' },
  regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingController: 'x.io/c',
  reportingInstance: 'i',
  action: 'A',
  reason: 'R',
  type: 'Normal',
};

const UPDATES: Case[] = [
  [
    'what a StorageClass provisions with stays',
    'storage.k8s.io/v1/storageclasses',
    { ...meta, provisioner: 'x.io' },
    (_spec, object) => Object.assign(object, { parameters: { a: 'b' }, reclaimPolicy: 'Retain' }),
    ['FieldValueInvalid parameters', 'FieldValueInvalid reclaimPolicy'],
  ],
  [
    'what a VolumeAttributesClass says stays',
    'storage.k8s.io/v1/volumeattributesclasses',
    { ...meta, driverName: 'x.io', parameters: { a: 'b' } },
    (_spec, object) => (object.parameters = { a: 'c' }),
    ['FieldValueForbidden parameters'],
  ],
  [
    'a driver attaches or does not',
    'storage.k8s.io/v1/csidrivers',
    { ...meta, spec: {} },
    (spec) => (spec.attachRequired = false),
    ['FieldValueInvalid spec.attachedRequired'],
  ],
  [
    'how many volumes a node takes may change',
    'storage.k8s.io/v1/csinodes',
    { ...meta, spec: { drivers: [{ name: 'x.io', nodeID: 'n', allocatable: { count: 1 } }] } },
    (spec) => (spec.drivers = [{ name: 'x.io', nodeID: 'n', topologyKeys: null, allocatable: { count: 2 } }]),
    [],
  ],
  [
    'the id of a node may not',
    'storage.k8s.io/v1/csinodes',
    { ...meta, spec: { drivers: [{ name: 'x.io', nodeID: 'n' }] } },
    (spec) => (spec.drivers = [{ name: 'x.io', nodeID: 'm', topologyKeys: null }]),
    ['FieldValueInvalid spec.drivers'],
  ],
  [
    'an attachment stays where it is',
    'storage.k8s.io/v1/volumeattachments',
    attachment,
    (spec) => (spec.nodeName = 'm'),
    ['FieldValueInvalid spec'],
  ],
  [
    'the controller of an IngressClass stays',
    'networking.k8s.io/v1/ingressclasses',
    { ...meta, spec: { controller: 'x.io/c' } },
    (spec) => (spec.controller = 'x.io/d'),
    ['FieldValueInvalid spec.controller'],
  ],
  [
    'a ServiceCIDR may get a second family',
    'networking.k8s.io/v1/servicecidrs',
    { ...meta, spec: { cidrs: ['10.0.0.0/24'] } },
    (spec) => (spec.cidrs = ['10.0.0.0/24', 'fd00::/112']),
    [],
  ],
  [
    'but loses none',
    'networking.k8s.io/v1/servicecidrs',
    { ...meta, spec: { cidrs: ['10.0.0.0/24', 'fd00::/112'] } },
    (spec) => (spec.cidrs = ['10.0.0.0/24']),
    ['FieldValueInvalid spec.cidrs'],
  ],
  [
    'the handler of a RuntimeClass stays',
    'node.k8s.io/v1/runtimeclasses',
    { ...meta, handler: 'a' },
    (_spec, object) => (object.handler = 'b'),
    ['FieldValueInvalid handler'],
  ],
  [
    'what a claim asks for stays',
    'resource.k8s.io/v1/resourceclaims',
    claim,
    (spec) => (spec.devices = {}),
    ['FieldValueInvalid spec'],
  ],
  [
    'a slice stays with its node and driver',
    'resource.k8s.io/v1/resourceslices',
    slice,
    (spec) => Object.assign(spec, { driver: 'y.io', nodeName: 'm' }),
    ['FieldValueInvalid spec.driver', 'FieldValueInvalid spec.nodeName'],
  ],
  [
    'the series of an event goes on, the rest stays',
    'events.k8s.io/v1/events',
    event,
    (_spec, object) =>
      Object.assign(object, { note: 'n', series: { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' } }),
    ['FieldValueInvalid message'],
  ],
  [
    'mandatory levels stay as they are made',
    'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
    {
      metadata: { name: 'catch-all' },
      spec: {
        type: 'Limited',
        limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 },
      },
    },
    (spec) => Object.assign(spec.limited as object, { nominalConcurrencyShares: 6 }),
    ['FieldValueInvalid spec'],
  ],
];

for (const [what, id, given, edit, causes] of UPDATES) {
  test(`update: ${what}`, () => {
    const definition = definitionOf(id);
    const old = created(id, given);
    assert.deepEqual(definition.validate(old), [], 'is valid before');
    const object = structuredClone(old);
    edit((object.spec ?? {}) as Record<string, unknown>, object);
    definition.prepareForUpdate(object, old, { now });
    assert.deepEqual(
      definition.validateUpdate(object, old).map(({ reason, field }) => `${reason} ${field}`),
      causes,
    );
  });
}

const allocation = {
  devices: { results: [{ request: 'r', driver: 'x.io', pool: 'p', device: 'd' }] },
};

const STATUSES: Case[] = [
  [
    'counts of a budget are not negative',
    'policy/v1/poddisruptionbudgets',
    { ...meta, spec: {} },
    (_spec, object) => (object.status = { expectedPods: -1 }),
    ['FieldValueInvalid status.expectedPods'],
  ],
  [
    'the address of an Ingress is one',
    'networking.k8s.io/v1/ingresses',
    { ...meta, spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
    (_spec, object) => (object.status = { loadBalancer: { ingress: [{ ip: '010.0.0.1' }, { hostname: '10.0.0.1' }] } }),
    [
      'FieldValueInvalid status.loadBalancer.ingress[0].ip',
      'FieldValueInvalid status.loadBalancer.ingress[1].hostname',
    ],
  ],
  [
    'only an allocated claim is reserved',
    'resource.k8s.io/v1/resourceclaims',
    claim,
    (_spec, object) => (object.status = { reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] }),
    ['FieldValueForbidden status.reservedFor'],
  ],
  [
    'an allocation answers a request',
    'resource.k8s.io/v1/resourceclaims',
    claim,
    (_spec, object) => (object.status = { allocation, devices: [{ driver: 'x.io', pool: 'p', device: 'e' }] }),
    ['FieldValueInvalid status.devices[0]'],
  ],
  [
    'an attachment does not tell novels',
    'storage.k8s.io/v1/volumeattachments',
    attachment,
    (_spec, object) => (object.status = { attached: false, attachError: { message: 'x'.repeat(1025) } }),
    ['FieldValueTooLong status.attachError.message'],
  ],
];

for (const [what, id, given, edit, causes] of STATUSES) {
  test(`status: ${what}`, () => {
    const definition = definitionOf(id);
    const old = created(id, given);
    const object = structuredClone(old);
    edit((object.spec ?? {}) as Record<string, unknown>, object);
    definition.prepareForStatusUpdate(object, old, { now });
    assert.deepEqual(
      definition.validateStatusUpdate(object, old).map(({ reason, field }) => `${reason} ${field}`),
      causes,
    );
  });
}

test('what devices reported goes with their allocation', () => {
  const definition = definitionOf('resource.k8s.io/v1/resourceclaims');
  const old = created('resource.k8s.io/v1/resourceclaims', claim);
  old.status = { allocation, devices: [{ driver: 'x.io', pool: 'p', device: 'd', conditions: null }] };
  const object = structuredClone(old);
  delete (object.status as { allocation?: unknown }).allocation;
  definition.prepareForStatusUpdate(object, old, { now });
  assert.deepEqual(object.status, {});
});

test('a device is tainted from when the taint was first sent', () => {
  const tainted = structuredClone(slice) as { spec: { devices: object[] } };
  tainted.spec.devices = [{ name: 'd', taints: [{ key: 'k', effect: 'NoSchedule' }] }];
  const object = created('resource.k8s.io/v1/resourceslices', tainted, now);
  assert.deepEqual((object.spec as { devices: { taints: unknown[] }[] }).devices[0]?.taints, [
    { key: 'k', effect: 'NoSchedule', timeAdded: '2026-01-02T00:00:00Z' },
  ]);
});

test('a CSIDriver counts its first change, a PriorityClass none', () => {
  const drivers = definitionOf('storage.k8s.io/v1/csidrivers');
  const driver = created('storage.k8s.io/v1/csidrivers', { ...meta, spec: {} });
  const changed = structuredClone(driver);
  Object.assign(changed.spec as object, { requiresRepublish: true });
  drivers.prepareForUpdate(changed, driver, { now });
  assert.equal(drivers.hasGeneration, false);
  assert.equal(changed.metadata.generation, 1);

  const classes = definitionOf('scheduling.k8s.io/v1/priorityclasses');
  const old = created('scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'p', generation: 1 }, value: 1 });
  const described = { ...structuredClone(old), description: 'x' };
  classes.prepareForUpdate(described, old, { now });
  assert.equal(classes.hasGeneration, true);
  assert.equal(described.metadata.generation, 1);
});

test('the status that rides in annotations of autoscaling/v1 is reset like a status', () => {
  const id = 'autoscaling/v1/horizontalpodautoscalers';
  const conditions = 'autoscaling.alpha.kubernetes.io/conditions';
  const made = created(id, {
    metadata: { name: 'h', annotations: { [conditions]: '[]', a: 'b' } },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 2 },
  });
  assert.deepEqual(made.metadata.annotations, { a: 'b' });
  const old = structuredClone(made);
  old.metadata.annotations = { [conditions]: '[1]' };
  definitionOf(id).prepareForUpdate(made, old, { now });
  assert.deepEqual(made.metadata.annotations, { a: 'b', [conditions]: '[1]' });
});

test('mutating policies are stored as the version before', () => {
  const definition = definitionOf('admissionregistration.k8s.io/v1/mutatingadmissionpolicies');
  const object = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    ...meta,
  } as AnyObject;
  const stored = definition.toStorage(object);
  assert.equal(stored.apiVersion, 'admissionregistration.k8s.io/v1beta1');
  assert.equal(definition.storage.version, 'v1beta1');
  assert.deepEqual(definition.fromStorage(stored), object);
});

test('an empty list is one as sent, and none once prepared', () => {
  const id = 'storage.k8s.io/v1/csinodes';
  const object = { ...structuredClone(meta), spec: { drivers: [] } } as unknown as AnyObject;
  definitionOf(id).setDefaults(object);
  assert.deepEqual(object.spec, { drivers: [] });
  definitionOf(id).prepareForCreate(object, { now });
  assert.deepEqual(object.spec, { drivers: null });
});

test('the utilisation in a status of autoscaling/v1 rides in its annotation too', () => {
  const { setDefaults } = definitionOf('autoscaling/v1/horizontalpodautoscalers');
  const object = { metadata: { name: 'a' }, spec: {}, status: { currentCPUUtilizationPercentage: 20 } } as AnyObject;
  setDefaults(object);
  assert.deepEqual(JSON.parse(Object.values(object.metadata.annotations ?? {})[0] ?? ''), [
    { type: 'Resource', resource: { name: 'cpu', currentAverageUtilization: 20, currentAverageValue: '0' } },
  ]);
});

test('what is refused when empty is not taken for missing', () => {
  const fieldsOf = (id: string, object: object) => {
    const given = structuredClone(object) as AnyObject;
    const { setDefaults, prepareForCreate, validate } = definitionOf(id);
    setDefaults(given);
    prepareForCreate(given, { now });
    return validate(given).map(({ field }) => field);
  };
  const behavior = { scaleUp: { policies: [] }, scaleDown: {} };
  const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'D', name: 'd' }, maxReplicas: 2, behavior };
  assert.deepEqual(fieldsOf('autoscaling/v2/horizontalpodautoscalers', { ...meta, spec }), [
    'spec.behavior.scaleUp.policies',
  ]);
  const containers = [{ name: 'c', image: 'i', livenessProbe: { tcpSocket: { port: '' } } }];
  const port = 'spec.containers[0].livenessProbe.tcpSocket.port';
  assert.deepEqual(fieldsOf('v1/pods', { metadata: { name: 'x', namespace: 'n' }, spec: { containers } }), [
    port,
    port,
  ]);
});
