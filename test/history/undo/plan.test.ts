// A plan: what is created as what, in which order, what is left out and why.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AnyObject, ObjectMeta } from '../../../src/apimachinery/meta.ts';
import type { ServedResource } from '../../../src/client/rest-mapper.ts';
import { ownedFrom } from '../../../src/history/undo/cascade.ts';
import { inOrder } from '../../../src/history/undo/order.ts';
import { type Plan, planOf, type Subject, type Wish } from '../../../src/history/undo/plan.ts';
import { withOwners } from '../../../src/history/undo/restore.ts';
import type { Surroundings } from '../../../src/history/undo/surroundings.ts';

const KINDS: Record<string, [group: string, plural: string, cluster?: true]> = {
  Namespace: ['', 'namespaces', true],
  CustomResourceDefinition: ['apiextensions.k8s.io', 'customresourcedefinitions', true],
  Deployment: ['apps', 'deployments'],
  ReplicaSet: ['apps', 'replicasets'],
  Pod: ['', 'pods'],
  Job: ['batch', 'jobs'],
  CronJob: ['batch', 'cronjobs'],
  Service: ['', 'services'],
  Endpoints: ['', 'endpoints'],
  EndpointSlice: ['discovery.k8s.io', 'endpointslices'],
  ServiceAccount: ['', 'serviceaccounts'],
  Secret: ['', 'secrets'],
  ConfigMap: ['', 'configmaps'],
  RoleBinding: ['rbac.authorization.k8s.io', 'rolebindings'],
  Role: ['rbac.authorization.k8s.io', 'roles'],
  PersistentVolume: ['', 'persistentvolumes', true],
  PersistentVolumeClaim: ['', 'persistentvolumeclaims'],
  ValidatingWebhookConfiguration: ['admissionregistration.k8s.io', 'validatingwebhookconfigurations', true],
  Widget: ['example.com', 'widgets'],
};

function typeOf(kind: string): ServedResource {
  const [group, plural, cluster] = KINDS[kind] as [string, string, true?];
  const subresources = kind === 'Widget' ? [] : ['status'];
  return {
    group,
    version: 'v1',
    plural,
    kind,
    singular: kind.toLowerCase(),
    namespaced: !cluster,
    shortNames: [],
    verbs: [],
    subresources,
  };
}

const subject = (kind: string, name: string): Subject => {
  const type = typeOf(kind);
  return { type, namespace: type.namespaced ? 'shop' : undefined, name };
};

interface Parts {
  metadata?: ObjectMeta;
  [field: string]: unknown;
}

/** An object to create again; its uid is kind/name. */
function gone(kind: string, name: string, { metadata, ...fields }: Parts = {}): Wish {
  const object: AnyObject = {
    apiVersion: 'v1',
    kind,
    metadata: {
      name,
      uid: `${kind}/${name}`,
      resourceVersion: '5',
      generation: 3,
      creationTimestamp: '2026-01-01T00:00:00Z',
      managedFields: [{ manager: 'm' }],
      ...metadata,
    },
    ...fields,
  };
  return { subject: subject(kind, name), reason: 'r', outcome: { action: 'create', object, conflicts: [] } };
}

const owned = (kind: string, name: string, controller = true): Pick<ObjectMeta, 'ownerReferences'> => ({
  ownerReferences: [{ apiVersion: 'v1', kind, name, uid: `${kind}/${name}`, controller }],
});

const plan = (wishes: readonly Wish[], now: Partial<Surroundings> = {}): Plan =>
  planOf(wishes, {
    owners: new Set(),
    successors: new Map(),
    namespaces: new Set(['shop']),
    services: [],
    volumes: [],
    ...now,
  });

const names = ({ steps }: Plan): string[] =>
  steps.map(({ action, subject: { type, name } }) => `${action} ${type.kind} ${name}`);
const left = ({ leftOut }: Plan): string[] =>
  leftOut.map(({ subject: { type, name }, reason }) => `${type.kind} ${name}: ${reason}`);
const created = (of: Plan, kind: string): { object: AnyObject; notes: string[] } =>
  of.steps.find(({ action, subject: { type } }) => action === 'create' && type.kind === kind) as never;

test('what belonged to the former life is not created again', () => {
  const { object } = created(
    plan([
      gone('Deployment', 'web', {
        metadata: { labels: { a: 'b' }, deletionTimestamp: 'x', finalizers: ['foregroundDeletion', 'example.com/own'] },
        spec: { replicas: 2 },
        status: { replicas: 2 },
      }),
    ]),
    'Deployment',
  );
  assert.deepEqual(object, {
    apiVersion: 'v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { a: 'b' }, finalizers: ['example.com/own'] },
    spec: { replicas: 2 },
  });
});

test('a status that nobody else writes is kept', () => {
  assert.deepEqual(created(plan([gone('Widget', 'w', { status: { size: 1 } })]), 'Widget').object.status, { size: 1 });
});

test('a namespace with its contents: what is needed first, owners before what they own; pods come by themselves', () => {
  const result = plan(
    [
      gone('Pod', 'web-1-a', { metadata: owned('ReplicaSet', 'web-1') }),
      gone('Endpoints', 'web', {
        metadata: { labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } },
      }),
      gone('EndpointSlice', 'web-x', { metadata: owned('Service', 'web') }),
      gone('ReplicaSet', 'web-1', { metadata: owned('Deployment', 'web') }),
      gone('Deployment', 'web'),
      gone('RoleBinding', 'b'),
      gone('Role', 'r'),
      gone('Service', 'web', { spec: {} }),
      gone('Secret', 's'),
      gone('ConfigMap', 'kube-root-ca.crt'),
      gone('ServiceAccount', 'default'),
      gone('Namespace', 'shop', { spec: { finalizers: ['kubernetes'] } }),
      gone('Pod', 'bare', { spec: { nodeName: 'n', ephemeralContainers: [] } }),
    ],
    { namespaces: new Set() },
  );
  assert.deepEqual(names(result), [
    'create Namespace shop',
    'create ServiceAccount default',
    'create Secret s',
    'create Role r',
    'create RoleBinding b',
    'create Service web',
    'create Deployment web',
    'create ReplicaSet web-1',
    'create Pod bare',
  ]);
  assert.deepEqual(left(result), [
    'Pod web-1-a: made anew by the ReplicaSet',
    'Endpoints web: made anew by the Service',
    'EndpointSlice web-x: made anew by the Service',
    'ConfigMap kube-root-ca.crt: made anew in every namespace',
  ]);
  assert.deepEqual(created(result, 'Namespace').object.spec, {});
  assert.deepEqual(created(result, 'Pod').object.spec, {});
});

test('owners get their new uids; one that is gone is dropped, and told', () => {
  const result = plan(
    [
      gone('ReplicaSet', 'web-1', { metadata: owned('Deployment', 'web') }),
      gone('ConfigMap', 'c', { metadata: owned('Widget', 'lost', false) }),
      gone('Secret', 's', { metadata: owned('Widget', 'kept', false) }),
      gone('Deployment', 'web'),
    ],
    { owners: new Set(['Widget/kept']) },
  );
  const { object } = created(result, 'ReplicaSet');
  assert.equal(object.metadata.ownerReferences?.[0]?.uid, 'Deployment/web');
  const uids = new Map([['Deployment/web', 'new']]);
  assert.equal(withOwners(object, uids).metadata.ownerReferences?.[0]?.uid, 'new');
  assert.deepEqual(created(result, 'ConfigMap').object.metadata, { name: 'c' });
  assert.deepEqual(created(result, 'ConfigMap').notes, ['without its owner Widget lost, which is gone']);
  assert.equal(created(result, 'Secret').object.metadata.ownerReferences?.[0]?.uid, 'Widget/kept');
});

test('what an owner owned is its successor’s, when it exists again', () => {
  const again: Wish = {
    subject: subject('ReplicaSet', 'web-1'),
    reason: 'r',
    successor: ['ReplicaSet/web-1', 'rs-2'],
    outcome: { action: 'none', reason: 'it exists again', conflicts: [] },
  };
  const result = plan(
    [
      again,
      gone('Pod', 'a', { metadata: owned('ReplicaSet', 'web-1') }),
      gone('ConfigMap', 'c', { metadata: owned('Widget', 'w', false) }),
    ],
    { successors: new Map([['Widget/w', 'w-2']]) },
  );
  assert.deepEqual(left(result), ['ReplicaSet web-1: it exists again', 'Pod a: made anew by the ReplicaSet']);
  assert.deepEqual(
    [...result.successors],
    [
      ['Widget/w', 'w-2'],
      ['ReplicaSet/web-1', 'rs-2'],
    ],
  );
  assert.equal(created(result, 'ConfigMap').object.metadata.ownerReferences?.[0]?.uid, 'Widget/w');
});

test('a ReplicaSet’s pod whose ReplicaSet is there has been replaced; what belonged to it is left out, too', () => {
  const result = plan(
    [
      gone('Pod', 'a', { metadata: owned('ReplicaSet', 'web-1') }),
      gone('PersistentVolumeClaim', 'a-data', { metadata: owned('Pod', 'a'), spec: {} }),
    ],
    { owners: new Set(['ReplicaSet/web-1']) },
  );
  assert.deepEqual(left(result), [
    'Pod a: made anew by the ReplicaSet',
    'PersistentVolumeClaim a-data: it belonged to Pod a, which is left out',
  ]);
});

test('what has ended is not run again; a Job loses the selector of its former uid', () => {
  const conditions = [{ type: 'Complete', status: 'True' }];
  const labels = { 'batch.kubernetes.io/controller-uid': 'x', 'controller-uid': 'x', 'job-name': 'j', app: 'a' };
  const result = plan([
    gone('Pod', 'done', { spec: {}, status: { phase: 'Succeeded' } }),
    gone('Job', 'done', { status: { conditions } }),
    gone('Job', 'of-cron', { metadata: owned('CronJob', 'c'), spec: {} }),
    gone('CronJob', 'c'),
    gone('Job', 'running', { spec: { selector: { matchLabels: {} }, template: { metadata: { labels } } } }),
  ]);
  assert.deepEqual(left(result), [
    'Pod done: it had ended, and would run again',
    'Job done: it had ended, and would run again',
    'Job of-cron: the CronJob makes the next when it is due',
  ]);
  assert.deepEqual(created(result, 'Job').object.spec, { template: { metadata: { labels: { app: 'a' } } } });
});

test('addresses and ports are kept when they are free, and given up, which is told, when they are not', () => {
  const spec = () => ({ clusterIP: '10.43.0.5', clusterIPs: ['10.43.0.5'], ports: [{ port: 80, nodePort: 30080 }] });
  const other: AnyObject = { metadata: { name: 'other', namespace: 'x' }, spec: spec() };
  const kept = plan([gone('Service', 'web', { spec: spec() })]);
  assert.deepEqual(created(kept, 'Service').object.spec, spec());
  const lost = created(plan([gone('Service', 'web', { spec: spec() })], { services: [other] }), 'Service');
  assert.deepEqual(lost.object.spec, { ports: [{ port: 80 }] });
  assert.equal(lost.notes.length, 2);
  // Who has them now is deleted by the same plan.
  const going: Wish = {
    subject: { ...subject('Service', 'other'), namespace: 'x' },
    reason: 'r',
    outcome: { action: 'delete', uid: 'o', conflicts: [] },
  };
  const freed = plan([gone('Service', 'web', { spec: spec() }), going], { services: [other] });
  assert.deepEqual(names(freed), ['delete Service other', 'create Service web']);
  assert.deepEqual(created(freed, 'Service').object.spec, spec());
});

test('a headless Service stays headless, however many there are', () => {
  const spec = { clusterIP: 'None', clusterIPs: ['None'], ports: [] };
  const other: AnyObject = { metadata: { name: 'other', namespace: 'x' }, spec };
  const { object, notes } = created(plan([gone('Service', 'db', { spec })], { services: [other] }), 'Service');
  assert.deepEqual([object.spec, notes], [spec, []]);
});

const claim = () =>
  gone('PersistentVolumeClaim', 'data', {
    metadata: { namespace: 'shop', annotations: { 'pv.kubernetes.io/bind-completed': 'yes', other: 'x' } },
    spec: { volumeName: 'pv-1' },
  });
const volume = (name: string): AnyObject => ({
  metadata: { name: 'pv-1' },
  spec: { claimRef: { namespace: 'shop', name, uid: 'PersistentVolumeClaim/data', resourceVersion: '4' } },
});

test('a volume that was kept is bound again to the claim of its name', () => {
  const result = plan([claim()], { volumes: [volume('data')] });
  assert.deepEqual(names(result), ['update PersistentVolume pv-1', 'create PersistentVolumeClaim data']);
  const [update] = result.steps as unknown as [{ object: AnyObject }];
  assert.deepEqual(update.object.spec, { claimRef: { namespace: 'shop', name: 'data' } });
  const { object } = created(result, 'PersistentVolumeClaim');
  assert.deepEqual([object.spec, object.metadata.annotations], [{ volumeName: 'pv-1' }, { other: 'x' }]);
});

test('a volume that is restored with its claim is made before it, free for its new life', () => {
  const pv = gone('PersistentVolume', 'pv-1', { spec: volume('data').spec });
  const result = plan([claim(), pv]);
  assert.deepEqual(names(result), ['create PersistentVolume pv-1', 'create PersistentVolumeClaim data']);
  assert.deepEqual(created(result, 'PersistentVolume').object.spec, { claimRef: { namespace: 'shop', name: 'data' } });
  assert.deepEqual(created(result, 'PersistentVolumeClaim').object.spec, { volumeName: 'pv-1' });
});

test('a volume that is gone, or another’s by now, is told', () => {
  for (const [volumes, note] of [
    [[], /new, empty volume: pv-1 is gone/],
    [[volume('other')], /pv-1, which another claim has/],
  ] as const) {
    const { object, notes } = created(plan([claim()], { volumes }), 'PersistentVolumeClaim');
    assert.deepEqual(object.spec, {});
    assert.match(notes.join(), note);
  }
});

test('the token of a ServiceAccount’s Secret is of its former life', () => {
  const { object, notes } = created(
    plan([
      gone('Secret', 't', {
        metadata: {
          annotations: { 'kubernetes.io/service-account.uid': 'x', 'kubernetes.io/service-account.name': 'a' },
        },
        type: 'kubernetes.io/service-account-token',
        data: { token: 'x' },
      }),
    ]),
    'Secret',
  );
  assert.deepEqual(object.metadata.annotations, { 'kubernetes.io/service-account.name': 'a' });
  assert.deepEqual([object.data, notes], [undefined, ['with a new token']]);
});

test('what has no namespace to be in is left out', () => {
  const result = plan([gone('Secret', 's')], { namespaces: new Set() });
  assert.deepEqual(left(result), ['Secret s: its namespace shop is gone, or going: undo namespace shop first']);
});

test('what decides over others’ creation comes last, definitions come first', () => {
  const result = plan([
    gone('ValidatingWebhookConfiguration', 'v'),
    gone('Widget', 'w'),
    gone('CustomResourceDefinition', 'widgets.example.com'),
  ]);
  assert.deepEqual(
    names(result).map((name) => name.split(' ')[1]),
    ['CustomResourceDefinition', 'Widget', 'ValidatingWebhookConfiguration'],
  );
});

test('conflicts, and why older changes stay, are told', () => {
  const conflict = { path: '.a', now: 1, before: 2, by: undefined };
  const wish: Wish = {
    subject: subject('Secret', 's'),
    reason: 'r',
    outcome: { action: 'none', reason: 'why', conflicts: [conflict] },
  };
  const partly: Wish = {
    subject: subject('Secret', 't'),
    reason: 'r',
    outcome: { action: 'delete', uid: 'x', conflicts: [], stopped: 'because' },
  };
  const result = plan([wish, partly]);
  assert.deepEqual(left(result), ['Secret s: why', 'Secret t: older changes of it: because']);
  assert.deepEqual(result.conflicts, [{ subject: wish.subject, conflict }]);
});

test('nothing comes before what owns it, whatever the ranks; rings of owners end', () => {
  const items = fc.array(
    fc.record({
      rank: fc.integer({ min: 0, max: 3 }),
      uid: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      owners: fc.subarray(['a', 'b', 'c', 'd', 'e']),
    }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(items, (some) => {
      const unique = [...new Map(some.map((item) => [item.uid, item])).values()];
      const ordered = inOrder(unique);
      assert.deepEqual(new Set(ordered), new Set(unique));
      // Owners only of smaller letters cannot form a ring.
      const ringless = unique.map((item) => ({ ...item, owners: item.owners.filter((uid) => uid < item.uid) }));
      const placed: string[] = inOrder(ringless).map(({ uid }) => uid);
      for (const { uid, owners } of ringless) {
        for (const owner of owners) if (placed.includes(owner)) assert.ok(placed.indexOf(owner) < placed.indexOf(uid));
      }
    }),
  );
});

test('what an object owned, and what that owned', () => {
  const states = ['ReplicaSet web-1 Deployment/web', 'Pod a ReplicaSet/web-1', 'Secret s Deployment/other'].map(
    (text) => {
      const [kind, name, owner = ''] = text.split(' ') as [string, string, string];
      const [ownerKind, ownerName] = owner.split('/') as [string, string];
      const wish = gone(kind, name, { metadata: owned(ownerKind, ownerName) });
      return { name, object: (wish.outcome as { object: AnyObject }).object };
    },
  );
  assert.deepEqual(
    ownedFrom('Deployment/web', states.toReversed()).map(({ name }) => name),
    ['a', 'web-1'],
  );
});
