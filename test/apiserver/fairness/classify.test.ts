import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowControlFacts } from '../../../src/api/facts.ts';
import type { FlowSchema } from '../../../src/api/types/flowcontrol/v1.ts';
import { classify, flowOf, inOrder } from '../../../src/apiserver/fairness/classify.ts';
import type { Attributes } from '../../../src/apiserver/identity.ts';

const { fsMandatory, fsSuggested } = flowControlFacts();
const builtin = inOrder([...fsMandatory, ...fsSuggested] as FlowSchema[]);

const attributes = (username: string, groups: string[], parts: Partial<Attributes> = {}): Attributes => ({
  user: { username, groups: [...groups, 'system:authenticated'] },
  verb: 'list',
  isResource: true,
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: '',
  path: '/api/v1/namespaces/default/pods',
  ...parts,
});

const lease = { apiGroup: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-system' };
const accounts = (namespace: string) => ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];

for (const [who, expected, asked] of [
  ['an administrator', 'exempt', attributes('admin', ['system:masters'])],
  ['a kubelet', 'system-nodes', attributes('system:node:a', ['system:nodes'])],
  ['a kubelet and its Lease', 'system-node-high', attributes('system:node:a', ['system:nodes'], { ...lease })],
  [
    'a kubelet and its status',
    'system-node-high',
    attributes('system:node:a', ['system:nodes'], { resource: 'nodes', subresource: 'status', namespace: '' }),
  ],
  ['the scheduler', 'kube-scheduler', attributes('system:kube-scheduler', [])],
  ["a leader's Lease", 'system-leader-election', attributes('system:kube-scheduler', [], { ...lease, verb: 'update' })],
  [
    'a controller',
    'kube-system-service-accounts',
    attributes('system:serviceaccount:kube-system:job-controller', accounts('kube-system')),
  ],
  ['an operator', 'service-accounts', attributes('system:serviceaccount:apps:operator', accounts('apps'))],
  ['a user', 'global-default', attributes('jane', [])],
  ['a probe', 'probes', attributes('jane', [], { isResource: false, verb: 'get', path: '/readyz' })],
  ['discovery', 'global-default', attributes('jane', [], { isResource: false, verb: 'get', path: '/apis' })],
] as const) {
  test(`${who}: ${expected}`, () => assert.equal(classify(builtin, asked)?.metadata.name, expected));
}

const schema = (subject: object, rules: object = {}, spec: object = {}): FlowSchema =>
  ({
    metadata: { name: 'mine' },
    spec: {
      matchingPrecedence: 1,
      priorityLevelConfiguration: { name: 'x' },
      rules: [
        {
          subjects: [subject],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
          nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/metrics*', '/version'] }],
          ...rules,
        },
      ],
      ...spec,
    },
  }) as FlowSchema;

test('a service account is named by namespace and name, or all of a namespace', () => {
  const of = (name: string) => schema({ kind: 'ServiceAccount', serviceAccount: { namespace: 'apps', name } });
  const operator = attributes('system:serviceaccount:apps:operator', []);
  assert.ok(classify([of('*')], operator));
  assert.ok(classify([of('operator')], operator));
  assert.equal(classify([of('other')], operator), undefined);
  assert.equal(classify([of('*')], attributes('system:serviceaccount:apps2:operator', [])), undefined);
});

test('requests without a namespace are matched by rules for the whole cluster only', () => {
  const anyone = { kind: 'User', user: { name: '*' } };
  const clusterWide = attributes('jane', [], { namespace: '' });
  assert.equal(classify([schema(anyone)], clusterWide), undefined);
  const resourceRules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['pods'], clusterScope: true, namespaces: [] }];
  assert.ok(classify([schema(anyone, { resourceRules })], clusterWide));
  assert.equal(classify([schema(anyone, { resourceRules })], attributes('jane', [])), undefined);
  assert.equal(classify([schema(anyone, { resourceRules })], { ...clusterWide, subresource: 'status' }), undefined);
});

test('paths match whole, or by what stands before a star', () => {
  const anyone = schema({ kind: 'Group', group: { name: '*' } });
  const path = (path: string, verb = 'get') => attributes('jane', [], { isResource: false, path, verb });
  assert.ok(classify([anyone], path('/metrics/slis')));
  assert.ok(classify([anyone], path('/version')));
  assert.equal(classify([anyone], path('/version/x')), undefined);
  assert.equal(classify([anyone], path('/version', 'post')), undefined);
});

test('a flow is a user, a namespace, or the whole schema', () => {
  const by = (type?: string) =>
    flowOf(schema({}, {}, type ? { distinguisherMethod: { type } } : {}), attributes('jane', []));
  assert.equal(by('ByUser'), 'jane');
  assert.equal(by('ByNamespace'), 'default');
  assert.equal(by(), '');
});
