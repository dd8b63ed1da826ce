import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterRole, ClusterRoleBinding, PolicyRule } from '../../../src/api/types/rbac/v1.ts';
import { bootstrapObjects, kubernetesEndpointSlice } from '../../../src/apiserver/bootstrap/objects.ts';
import { reconcileBinding, reconcileRole } from '../../../src/apiserver/bootstrap/reconcile.ts';

const objects = bootstrapObjects({ serviceIp: '10.43.0.1', apiPort: 6443, clientCa: 'CA', frontProxyCa: 'PROXY' });
const find = (plural: string, name: string) =>
  objects.find(({ type, object }) => type.plural === plural && object.metadata.name === name)?.object;

test('every object is there once, typed, after the namespace it lives in', () => {
  const seen = new Set<string>();
  for (const { type, object } of objects) {
    const { name, namespace } = object.metadata;
    assert.equal(object.kind, type.kind);
    assert.equal(object.apiVersion, type.group ? `${type.group}/${type.version}` : type.version);
    assert.equal(namespace !== undefined, type.namespaced, `${type.plural}/${name}`);
    if (namespace) assert.ok(seen.has(`namespaces//${namespace}`), namespace);
    const key = `${type.plural}/${namespace ?? ''}/${name}`;
    assert.ok(!seen.has(key), key);
    seen.add(key);
  }
});

test('namespaces, priority classes, roles and the kubernetes Service are as upstream makes them', () => {
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) assert.ok(find('namespaces', name));
  assert.equal(find('priorityclasses', 'system-node-critical')?.value, 2_000_001_000);
  assert.deepEqual(find('services', 'kubernetes')?.spec, {
    type: 'ClusterIP',
    clusterIP: '10.43.0.1',
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 6443 }],
  });
  const rules = (name: string) => (find('clusterroles', name)?.rules ?? []) as PolicyRule[];
  assert.ok(rules('system:controller:deployment-controller').length > 0);
  // Aggregated roles are whole from the start: view's rules are in edit, edit's in admin.
  for (const verb of ['get', 'list', 'watch']) {
    const allows = (rule: PolicyRule) => rule.resources?.includes('pods') && rule.verbs.includes(verb);
    for (const name of ['view', 'edit', 'admin']) assert.ok(rules(name).some(allows), `${name} ${verb}`);
  }
  assert.equal(kubernetesEndpointSlice({ address: 'fd00::1', port: 6443 }).addressType, 'IPv6');
});

const get: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
const list: PolicyRule = { verbs: ['list'], apiGroups: [''], resources: ['pods'] };
const role = (rules: PolicyRule[], more: Partial<ClusterRole> = {}, annotations = {}): ClusterRole => ({
  metadata: { name: 'r', annotations },
  rules,
  ...more,
});

test('roles get missing rules, labels and selectors; what others added or declined stays', () => {
  const off = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
  const selecting = (label: string) => ({
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label]: '1' } }] },
  });
  const cases: [existing: ClusterRole, wanted: ClusterRole, expected: ClusterRole | undefined][] = [
    [role([get]), role([get]), undefined],
    [role([list]), role([get]), role([list, get])],
    [role([]), role([get], {}, off), role([get], {}, off)],
    [role([], {}, off), role([get]), undefined],
    [role([], {}, { a: 'own' }), role([], {}, { a: 'new', b: 'x' }), role([], {}, { a: 'own', b: 'x' })],
    [role([get], selecting('a')), role([], selecting('a')), undefined],
    [
      role([get], selecting('a')),
      role([], selecting('b')),
      role([get], {
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: '1' } }, { matchLabels: { b: '1' } }] },
      }),
    ],
  ];
  for (const [existing, wanted, expected] of cases) assert.deepEqual(reconcileRole(existing, wanted), expected);
});

test('bindings get missing subjects; another role means a new binding', () => {
  const binding = (name: string, subjects: string[]): ClusterRoleBinding => ({
    metadata: { name: 'b' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: subjects.map((subject) => ({ kind: 'User', name: subject })),
  });
  assert.equal(reconcileBinding(binding('r', ['a', 'b']), binding('r', ['a'])), undefined);
  assert.deepEqual(reconcileBinding(binding('r', ['b']), binding('r', ['a'])), {
    change: 'update',
    binding: binding('r', ['b', 'a']),
  });
  assert.deepEqual(reconcileBinding(binding('old', ['a']), binding('r', ['a'])), {
    change: 'recreate',
    binding: binding('r', ['a']),
  });
});
