import assert from 'node:assert/strict';
import { test } from 'node:test';
import bootstrapFacts from '../../../src/api/facts/bootstrap.json' with { type: 'json' };
import { builtinSchema } from '../../../src/api/facts.ts';
import {
  csiDrivers,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  priorityClasses,
} from '../../../src/api/resources.ts';
import { admissionPlugins, runAdmission } from '../../../src/apiserver/admission/chain.ts';
import { defaultIngressClass, defaultStorageClass } from '../../../src/apiserver/admission/default-class.ts';
import { defaultTolerationSeconds } from '../../../src/apiserver/admission/default-toleration-seconds.ts';
import { namespaceLifecycle } from '../../../src/apiserver/admission/namespace-lifecycle.ts';
import { nodeRestriction } from '../../../src/apiserver/admission/node-restriction.ts';
import { persistentVolumeClaimResize } from '../../../src/apiserver/admission/persistent-volume-claim-resize.ts';
import { priority } from '../../../src/apiserver/admission/priority.ts';
import { rbacEscalation } from '../../../src/apiserver/admission/rbac-escalation.ts';
import { ingressClasses, runtimeClasses, storageClasses } from '../../../src/apiserver/admission/resources.ts';
import { runtimeClass } from '../../../src/apiserver/admission/runtime-class.ts';
import { storageObjectInUseProtection } from '../../../src/apiserver/admission/storage-object-in-use-protection.ts';
import { taintNodesByCondition } from '../../../src/apiserver/admission/taint-nodes-by-condition.ts';
import { createRbacAuthorizer } from '../../../src/apiserver/authorization/rbac.ts';
import { createCatalogue } from '../../../src/apiserver/catalogue.ts';
import type { AdmissionPlugin, Attributes } from '../../../src/apiserver/identity.ts';
import { silentLogger } from '../../../src/log.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { memoryReader } from '../../support/memory-reader.ts';
import { admissionRequest, run } from './request.ts';

const refused = (plugin: AdmissionPlugin, request: Parameters<typeof run>[1], message: RegExp | string) =>
  assert.rejects(run(plugin, request), { message });
const specOf = async (plugin: AdmissionPlugin, what: string, spec: object, metadata = {}) =>
  (await run(plugin, admissionRequest('CREATE', what, { metadata, spec }))).object?.spec;

test('the chain keeps the order of upstream and makes nothing twice', () => {
  const authorizer = { name: 'no', authorize: () => ({ result: 'noOpinion' as const }) };
  const client = () => assert.fail('nothing is written while the chain is made');
  const plugins = admissionPlugins({
    reader: memoryReader(),
    catalogue: createCatalogue([]),
    types: builtinSchema,
    log: silentLogger,
    clock: fakeClock(),
    authorizer,
    client,
  });
  const names = plugins.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const order = [...bootstrapFacts.admission.order, 'RBACEscalation'];
  assert.deepEqual(
    names,
    order.filter((name) => names.includes(name)),
  );
});

test('roles and bindings that grant more than their author holds are refused', async () => {
  const authorizer = { name: 'no', authorize: () => ({ result: 'noOpinion' as const }) };
  const reader = memoryReader();
  const plugin = rbacEscalation({ authorizer, rbac: createRbacAuthorizer(reader) });
  const role = { metadata: { name: 'r' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] };
  const request = () => admissionRequest('CREATE', 'roles.rbac.authorization.k8s.io', role);
  await refused(plugin, request(), /is attempting to grant RBAC permissions not currently held/);
  await run(plugin, { ...request(), user: { username: 'root', groups: ['system:masters'] } });
});

test('mutations of all plugins come before validations', async () => {
  const calls: string[] = [];
  const plugin = (name: string): AdmissionPlugin => ({
    name,
    admit: () => void calls.push(`admit ${name}`),
    validate: () => void calls.push(`validate ${name}`),
  });
  await runAdmission([plugin('a'), plugin('b')], admissionRequest('CREATE', 'pods', {}));
  assert.deepEqual(calls, ['admit a', 'admit b', 'validate a', 'validate b']);
});

test('NamespaceLifecycle: objects live in namespaces that exist and stay', async () => {
  const reader = memoryReader();
  const plugin = namespaceLifecycle(reader);
  const create = () => admissionRequest('CREATE', 'pods', { metadata: { name: 'a' } });
  await refused(plugin, create(), 'namespaces "ns" not found');
  reader.put(namespaces, { metadata: { name: 'ns' } });
  await run(plugin, create());
  reader.put(namespaces, { metadata: { name: 'ns' }, status: { phase: 'Terminating' } } as never);
  await assert.rejects(
    run(plugin, create()),
    (error: { message: string; status: { details: { causes: object[] } } }) => {
      assert.equal(
        error.message,
        'pods "a" is forbidden: unable to create new content in namespace ns because it is being terminated',
      );
      assert.deepEqual(error.status.details.causes, [
        {
          reason: 'NamespaceTerminating',
          message: 'namespace ns is being terminated',
          field: 'metadata.namespace',
        },
      ]);
      return true;
    },
  );
  await run(plugin, admissionRequest('DELETE', 'pods', undefined));
  const immortal = admissionRequest('DELETE', 'namespaces', undefined, { name: 'default', namespace: '' });
  await refused(plugin, immortal, 'namespaces "default" is forbidden: this namespace may not be deleted');
});

test('Priority: the number comes from the class', async () => {
  const reader = memoryReader();
  const plugin = priority(reader);
  assert.deepEqual(await specOf(plugin, 'pods', {}), { priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
  reader.put(priorityClasses, { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' } as never);
  assert.deepEqual(await specOf(plugin, 'pods', { priorityClassName: 'high' }), {
    priorityClassName: 'high',
    priority: 1000,
    preemptionPolicy: 'Never',
  });
  const pod = (spec: object) => admissionRequest('CREATE', 'pods', { metadata: { name: 'a' }, spec });
  await refused(
    plugin,
    pod({ priorityClassName: 'none' }),
    'pods "a" is forbidden: no PriorityClass with name none was found',
  );
  await refused(
    plugin,
    pod({ priorityClassName: 'high', priority: 7 }),
    /the integer value of priority \(7\) must not/,
  );
  reader.put(priorityClasses, { metadata: { name: 'usual' }, value: 5, globalDefault: true } as never);
  assert.deepEqual(await specOf(plugin, 'pods', {}), { priorityClassName: 'usual', priority: 5 });
  const second = { metadata: { name: 'second' }, value: 1, globalDefault: true };
  await refused(
    plugin,
    admissionRequest('CREATE', 'priorityclasses.scheduling.k8s.io', second),
    /PriorityClass usual is already marked as default\. Only one default can exist/,
  );
});

test('DefaultTolerationSeconds adds what a pod does not say itself', async () => {
  const add = (key: string) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
  const notReady = 'node.kubernetes.io/not-ready';
  const unreachable = 'node.kubernetes.io/unreachable';
  const all = { operator: 'Exists' };
  const own = { key: notReady, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 };
  const cases: [given: object[] | undefined, expected: object[]][] = [
    [undefined, [add(notReady), add(unreachable)]],
    [[own], [own, add(unreachable)]],
    [[all], [all]],
  ];
  for (const [tolerations, expected] of cases) {
    const spec = (await specOf(defaultTolerationSeconds, 'pods', tolerations ? { tolerations } : {})) as object;
    assert.deepEqual(spec, { tolerations: expected });
  }
});

test('TaintNodesByCondition and StorageObjectInUseProtection mark new objects once', async () => {
  const taints = [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }];
  assert.deepEqual(await specOf(taintNodesByCondition, 'nodes', {}), { taints });
  assert.deepEqual(await specOf(taintNodesByCondition, 'nodes', { taints }), { taints });
  for (const [what, finalizer] of [
    ['persistentvolumes', 'kubernetes.io/pv-protection'],
    ['persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ] as const) {
    const request = admissionRequest('CREATE', what, { metadata: {} });
    await run(storageObjectInUseProtection, request);
    await run(storageObjectInUseProtection, request);
    assert.deepEqual(request.object?.metadata.finalizers, [finalizer]);
  }
});

test('DefaultStorageClass and DefaultIngressClass choose the newest default', async () => {
  const reader = memoryReader();
  const put = (type: typeof storageClasses | typeof ingressClasses, name: string, annotation: string, day: string) =>
    reader.put(type, {
      metadata: { name, creationTimestamp: `2026-01-0${day}T00:00:00Z`, annotations: { [annotation]: 'true' } },
    });
  const storage = defaultStorageClass(reader);
  assert.deepEqual(await specOf(storage, 'persistentvolumeclaims', {}), {});
  put(storageClasses, 'old', 'storageclass.kubernetes.io/is-default-class', '1');
  put(storageClasses, 'new', 'storageclass.beta.kubernetes.io/is-default-class', '2');
  assert.deepEqual(await specOf(storage, 'persistentvolumeclaims', {}), { storageClassName: 'new' });
  const none = { storageClassName: '' };
  assert.deepEqual(await specOf(storage, 'persistentvolumeclaims', none), none);
  const ingress = defaultIngressClass(reader);
  put(ingressClasses, 'nginx', 'ingressclass.kubernetes.io/is-default-class', '1');
  assert.deepEqual(await specOf(ingress, 'ingresses.networking.k8s.io', {}), { ingressClassName: 'nginx' });
  const annotated = { annotations: { 'kubernetes.io/ingress.class': 'x' } };
  assert.deepEqual(await specOf(ingress, 'ingresses.networking.k8s.io', {}, annotated), {});
});

test('PersistentVolumeClaimResize: only bound claims of a class that allows it grow', async () => {
  const reader = memoryReader();
  const plugin = persistentVolumeClaimResize(reader);
  const claim = (storage: string, phase = 'Bound') => ({
    metadata: { name: 'c' },
    spec: { storageClassName: 'fast', resources: { requests: { storage } } },
    status: { phase },
  });
  const grow = (from: object, to: object) =>
    admissionRequest('UPDATE', 'persistentvolumeclaims', to, { oldObject: from as never });
  await run(plugin, grow(claim('1Gi'), claim('1024Mi')));
  await refused(
    plugin,
    grow(claim('1Gi', 'Pending'), claim('2Gi')),
    /Only bound persistent volume claims can be expanded/,
  );
  await refused(plugin, grow(claim('1Gi'), claim('2Gi')), /must support resize/);
  reader.put(storageClasses, { metadata: { name: 'fast' }, allowVolumeExpansion: true } as never);
  await run(plugin, grow(claim('1Gi'), claim('2Gi')));
});

test('RuntimeClass gives overhead, selector and tolerations', async () => {
  const reader = memoryReader();
  const plugin = runtimeClass(reader);
  const pod = (spec: object) => admissionRequest('CREATE', 'pods', { metadata: { name: 'a' }, spec });
  await refused(plugin, pod({ runtimeClassName: 'vm' }), /pod rejected: RuntimeClass "vm" not found/);
  const toleration = { key: 'vm', operator: 'Exists' };
  reader.put(runtimeClasses, {
    metadata: { name: 'vm' },
    handler: 'vm',
    overhead: { podFixed: { memory: '100Mi' } },
    scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [toleration] },
  } as never);
  assert.deepEqual(await specOf(plugin, 'pods', { runtimeClassName: 'vm', tolerations: [toleration] }), {
    runtimeClassName: 'vm',
    overhead: { memory: '100Mi' },
    nodeSelector: { vm: 'yes' },
    tolerations: [toleration],
  });
  await refused(plugin, pod({ runtimeClassName: 'vm', nodeSelector: { vm: 'no' } }), /conflict: runtimeClass/);
  await refused(plugin, pod({ overhead: { cpu: '1' } }), /Pod Overhead set without corresponding RuntimeClass/);
});

test('NodeRestriction: a kubelet writes its own node, lease and pods', async () => {
  const reader = memoryReader();
  reader.put(nodes, { metadata: { name: 'n1', uid: 'u' } });
  const volumes = [
    { name: 'a', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
    { name: 'b', projected: { sources: [{ serviceAccountToken: { path: 't', audience: 'vault' } }] } },
    { name: 'c', csi: { driver: 'inline' } },
    { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'e', ephemeral: {} },
  ];
  const mine = { metadata: { name: 'mine', namespace: 'ns', uid: 'p' }, spec: { nodeName: 'n1', volumes } };
  reader.put(pods, mine as never);
  for (const [claim, driver] of Object.entries({ data: 'bound', 'mine-e': 'scratch' })) {
    reader.put(persistentVolumeClaims, {
      metadata: { name: claim, namespace: 'ns' },
      spec: { volumeName: `pv-${claim}` },
    } as never);
    reader.put(persistentVolumes, { metadata: { name: `pv-${claim}` }, spec: { csi: { driver } } } as never);
  }
  for (const driver of ['inline', 'bound', 'scratch']) {
    reader.put(csiDrivers, {
      metadata: { name: driver },
      spec: { tokenRequests: [{ audience: `of-${driver}` }] },
    } as never);
  }
  reader.put(pods, { metadata: { name: 'theirs', namespace: 'ns' }, spec: { nodeName: 'n2' } } as never);
  const asked: string[] = [];
  const authorizer = {
    name: 'test',
    authorize({ verb, resource, namespace, name }: Attributes) {
      asked.push(`${verb} ${resource} ${namespace}/${name}`);
      return { result: resource === 'granted' ? ('allow' as const) : ('noOpinion' as const) };
    },
  };
  const plugin = nodeRestriction({ reader, authorizer });
  const user = { username: 'system:node:n1', groups: ['system:nodes'] };
  const node = (name: string, labels = {}, spec = {}) => ({ metadata: { name, labels }, spec });
  const token = (name: string, uid: string, ...audiences: string[]) => ({
    spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid }, audiences },
  });
  const more = { name: 'account', namespace: 'ns' };
  type Case = [what: Parameters<typeof admissionRequest>, refusal?: RegExp];
  const cases: Case[] = [
    [['CREATE', 'nodes', node('n1', { 'kubernetes.io/hostname': 'n1', team: 'x' })]],
    [['CREATE', 'nodes', node('n2')], /node "n1" is not allowed to modify node "n2"/],
    [
      ['CREATE', 'nodes', node('n1', { 'node-restriction.kubernetes.io/a': 'b' })],
      /not allowed to set the following labels/,
    ],
    [
      [
        'UPDATE',
        'nodes',
        node('n1', {}, { taints: [{ key: 'a', effect: 'NoSchedule' }] }),
        { name: 'n1', oldObject: node('n1') as never },
      ],
      /not allowed to modify taints/,
    ],
    [['DELETE', 'pods', undefined, { name: 'mine' }]],
    [['DELETE', 'pods', undefined, { name: 'theirs' }], /can only delete pods with spec\.nodeName set to itself/],
    [['CREATE', 'pods', { metadata: { name: 'x' }, spec: {} }], /can only create mirror pods/],
    [['CREATE', 'leases.coordination.k8s.io', { metadata: { name: 'n1' } }, { namespace: 'kube-node-lease' }]],
    [
      ['CREATE', 'leases.coordination.k8s.io', { metadata: { name: 'n2' } }, { namespace: 'kube-node-lease' }],
      /can only access node lease with the same name as the requesting node/,
    ],
    [['CREATE', 'serviceaccounts/token', token('mine', 'p')]],
    [['CREATE', 'serviceaccounts/token', { spec: { ...token('mine', 'p').spec, audiences: null } }]],
    [['CREATE', 'serviceaccounts/token', token('theirs', 'p')], /does not match the UID in record/],
    [['CREATE', 'serviceaccounts/token', { spec: {} }], /node requested token not bound to a pod/],
    ...['vault', 'of-inline', 'of-bound', 'of-scratch', 'granted'].map(
      (audience): Case => [['CREATE', 'serviceaccounts/token', token('mine', 'p', audience), more]],
    ),
    [
      ['CREATE', 'serviceaccounts/token', token('mine', 'p', 'other'), more],
      /audience "other" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience/,
    ],
    [['CREATE', 'serviceaccounts/token', token('mine', 'p', 'vault', 'x')], /node may only request 0 or 1 audiences/],
  ];
  for (const [[operation, what, object, more], refusal] of cases) {
    const request = admissionRequest(operation, what, object, { user, ...more });
    if (refusal) await refused(plugin, request, refusal);
    else await run(plugin, request);
  }
  await run(plugin, admissionRequest('DELETE', 'pods', undefined, { name: 'theirs' }));
  assert.deepEqual(asked, [
    'request-serviceaccounts-token-audience granted ns/account',
    'request-serviceaccounts-token-audience other ns/account',
  ]);
});
