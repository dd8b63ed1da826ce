import assert from 'node:assert/strict';
import { test } from 'node:test';
import { persistentVolumeClaims, persistentVolumes, pods } from '../../../src/api/resources.ts';
import { createNodeAuthorizer } from '../../../src/apiserver/authorization/node.ts';
import type { Attributes } from '../../../src/apiserver/identity.ts';
import { memoryReader } from '../../support/memory-reader.ts';

const reader = memoryReader();
const pod = (name: string, nodeName: string, suffix: string) => ({
  metadata: { name, namespace: 'ns' },
  spec: {
    nodeName,
    serviceAccountName: `sa-${suffix}`,
    imagePullSecrets: [{ name: `pull-${suffix}` }],
    containers: [
      {
        name: 'c',
        env: [{ name: 'A', valueFrom: { secretKeyRef: { name: `env-${suffix}`, key: 'k' } } }],
        envFrom: [{ configMapRef: { name: `cm-${suffix}` } }],
      },
    ],
    volumes: [
      { name: 'v', projected: { sources: [{ secret: { name: `projected-${suffix}` } }] } },
      { name: 'd', persistentVolumeClaim: { claimName: `claim-${suffix}` } },
    ],
  },
});
reader.put(pods, pod('mine', 'n1', '1'));
reader.put(pods, pod('theirs', 'n2', '2'));
for (const n of ['1', '2']) {
  const claim = { metadata: { name: `claim-${n}`, namespace: 'ns' }, spec: { volumeName: `pv-${n}` } };
  reader.put(persistentVolumeClaims, claim as never);
  const volume = { metadata: { name: `pv-${n}` }, spec: { claimRef: { namespace: 'ns', name: `claim-${n}` } } };
  reader.put(persistentVolumes, volume as never);
}
const NODE = { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const decide = (verb: string, what: string, more: Partial<Attributes> = {}) => {
  const [resource = '', subresource = ''] = what.split('/');
  const attributes: Attributes = {
    user: NODE,
    verb,
    isResource: true,
    apiGroup: '',
    apiVersion: 'v1',
    resource,
    subresource,
    namespace: '',
    name: '',
    path: '',
    ...more,
  };
  return createNodeAuthorizer(reader).authorize(attributes) as { result: string; reason?: string };
};

test('a kubelet reads what the pods bound to its node name, and nothing of other nodes', () => {
  const cases: [verb: string, what: string, name: string][] = [
    ['get', 'secrets', 'pull-'],
    ['watch', 'secrets', 'env-'],
    ['get', 'secrets', 'projected-'],
    ['list', 'configmaps', 'cm-'],
    ['get', 'persistentvolumeclaims', 'claim-'],
    ['create', 'serviceaccounts/token', 'sa-'],
  ];
  for (const [verb, what, name] of cases) {
    assert.equal(decide(verb, what, { namespace: 'ns', name: `${name}1` }).result, 'allow', what);
    assert.deepEqual(decide(verb, what, { namespace: 'ns', name: `${name}2` }), {
      result: 'noOpinion',
      reason: "no relationship found between node 'n1' and this object",
    });
  }
  assert.equal(decide('get', 'persistentvolumes', { name: 'pv-1' }).result, 'allow');
  assert.equal(decide('get', 'persistentvolumes', { name: 'pv-2' }).result, 'noOpinion');
});

test('own node, lease and pods are open, the rest closed with a reason', () => {
  const lease = { apiGroup: 'coordination.k8s.io', namespace: 'kube-node-lease' };
  const cases: [verb: string, what: string, more: Partial<Attributes>, reason: string | true][] = [
    ['get', 'nodes', { name: 'n1' }, true],
    ['get', 'nodes', { name: 'n2' }, "node 'n1' cannot read 'n2', only its own Node object"],
    ['list', 'nodes', {}, "node 'n1' cannot read all nodes, only its own Node object"],
    ['patch', 'nodes/status', { name: 'n1' }, true],
    ['update', 'leases', { ...lease, name: 'n1' }, true],
    [
      'update',
      'leases',
      { ...lease, name: 'n2' },
      'can only access node lease with the same name as the requesting node',
    ],
    ['get', 'leases', { ...lease, namespace: 'x' }, 'can only access leases in the "kube-node-lease" system namespace'],
    ['list', 'pods', { fieldSelector: 'spec.nodeName=n1' }, true],
    [
      'watch',
      'pods',
      { fieldSelector: 'spec.nodeName=n2' },
      'can only list/watch pods with spec.nodeName field selector',
    ],
    ['get', 'pods', { namespace: 'ns', name: 'mine' }, true],
    ['get', 'pods', { namespace: 'ns', name: 'theirs' }, "no relationship found between node 'n1' and this object"],
    ['list', 'secrets', { namespace: 'ns' }, 'No Object name found'],
    ['delete', 'secrets', { namespace: 'ns', name: 'env-1' }, 'can only read resources of this type'],
    ['list', 'services', {}, true],
    ['create', 'events', { namespace: 'ns' }, true],
  ];
  for (const [verb, what, more, expected] of cases) {
    const { result, reason } = decide(verb, what, more);
    if (expected === true) assert.equal(result, 'allow', `${verb} ${what}`);
    else assert.deepEqual({ result, reason }, { result: 'noOpinion', reason: expected });
  }
});

test('who is no kubelet is left to others', () => {
  const user = { username: 'system:node:n1', groups: [] };
  assert.deepEqual(decide('get', 'nodes', { name: 'n1', user }), { result: 'noOpinion' });
});
