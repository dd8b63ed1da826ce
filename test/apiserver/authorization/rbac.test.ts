import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterRoleBindings, clusterRoles, roleBindings } from '../../../src/api/resources.ts';
import type { ClusterRole, PolicyRule } from '../../../src/api/types/rbac/v1.ts';
import type { KubeObject } from '../../../src/apimachinery/meta.ts';
import { clusterRoleAggregation } from '../../../src/apiserver/authorization/aggregation.ts';
import { checkEscalation } from '../../../src/apiserver/authorization/escalation.ts';
import { forbiddenError } from '../../../src/apiserver/authorization/forbidden.ts';
import { privilegedAuthorizer } from '../../../src/apiserver/authorization/privileged.ts';
import { createRbacAuthorizer } from '../../../src/apiserver/authorization/rbac.ts';
import { createUnionAuthorizer } from '../../../src/apiserver/authorization/union.ts';
import type { Attributes, UserInfo } from '../../../src/apiserver/identity.ts';
import { memoryReader } from '../../support/memory-reader.ts';

const JANE: UserInfo = { username: 'jane', groups: ['dev', 'system:authenticated'] };

const clusterRole = (name: string, rules: PolicyRule[], more: object = {}): ClusterRole => ({
  metadata: { name },
  rules,
  ...more,
});
const binding = (name: string, role: string, subject: object, namespace?: string): KubeObject =>
  ({
    metadata: { name, ...(namespace ? { namespace } : {}) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [subject],
  }) as KubeObject;
const user = (name: string) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });

const asking = (verb: string, what: string, more: Partial<Attributes> = {}): Attributes => {
  const isResource = !what.startsWith('/');
  const [resource = '', subresource = ''] = what.split('/');
  return {
    user: JANE,
    verb,
    isResource,
    apiGroup: '',
    apiVersion: 'v1',
    resource: isResource ? resource : '',
    subresource: isResource ? subresource : '',
    namespace: '',
    name: '',
    path: isResource ? '' : what,
    ...more,
  };
};

test('a rule allows exactly its verbs, groups, resources, names and paths', () => {
  const cases: [rule: PolicyRule, asked: Attributes, allowed: boolean][] = [
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, asking('get', 'pods'), true],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, asking('list', 'pods'), false],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, asking('get', 'pods/log'), false],
    [{ verbs: ['get'], apiGroups: ['apps'], resources: ['pods'] }, asking('get', 'pods'), false],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, asking('get', 'pods/log'), true],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*/scale'] }, asking('update', 'deployments/scale'), true],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*/scale'] }, asking('update', 'deployments'), false],
    [
      { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] },
      asking('get', 'pods', { name: 'a' }),
      true,
    ],
    [{ verbs: ['list'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }, asking('list', 'pods'), false],
    [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }, asking('get', '/healthz'), true],
    [{ verbs: ['get'], nonResourceURLs: ['/apis/*'] }, asking('get', '/apis/apps/v1'), true],
    [{ verbs: ['get'], nonResourceURLs: ['/apis/*'] }, asking('get', '/apis'), false],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, asking('get', '/healthz'), false],
  ];
  for (const [rule, asked, allowed] of cases) {
    const reader = memoryReader();
    reader.put(clusterRoles, clusterRole('r', [rule]));
    reader.put(clusterRoleBindings, binding('b', 'r', user('jane')));
    const { result } = createRbacAuthorizer(reader).authorize(asked);
    assert.equal(result, allowed ? 'allow' : 'noOpinion', JSON.stringify([rule, asked]));
  }
});

test('users, groups and service accounts are found by their bindings, in their namespace only', () => {
  const pods: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  const cases: [subject: object, who: UserInfo, namespace: string, allowed: boolean][] = [
    [user('jane'), JANE, 'ns', true],
    [user('jane'), JANE, 'other', false],
    [user('jane'), JANE, '', false],
    [{ kind: 'Group', name: 'dev' }, JANE, 'ns', true],
    [{ kind: 'Group', name: 'ops' }, JANE, 'ns', false],
    [
      { kind: 'ServiceAccount', name: 'bot', namespace: 'x' },
      { username: 'system:serviceaccount:x:bot', groups: [] },
      'ns',
      true,
    ],
    [{ kind: 'ServiceAccount', name: 'bot' }, { username: 'system:serviceaccount:ns:bot', groups: [] }, 'ns', true],
  ];
  for (const [subject, who, namespace, allowed] of cases) {
    const reader = memoryReader();
    reader.put(clusterRoles, clusterRole('r', [pods]));
    reader.put(roleBindings, binding('b', 'r', subject, 'ns'));
    const { result } = createRbacAuthorizer(reader).authorize(asking('get', 'pods', { user: who, namespace }));
    assert.equal(result, allowed ? 'allow' : 'noOpinion', JSON.stringify([subject, who, namespace]));
  }
});

test('changes of roles and bindings count at once; a missing role is the reason given', () => {
  const reader = memoryReader();
  const rbac = createRbacAuthorizer(reader);
  const may = () => rbac.authorize(asking('get', 'pods', { namespace: 'ns' }));
  assert.deepEqual(may(), { result: 'noOpinion' });
  reader.put(roleBindings, binding('b', 'r', user('jane'), 'ns'));
  assert.deepEqual(may(), {
    result: 'noOpinion',
    reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "r" not found',
  });
  reader.put(clusterRoles, clusterRole('r', [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]));
  assert.deepEqual(may(), {
    result: 'allow',
    reason: 'RBAC: allowed by RoleBinding "b/ns" of ClusterRole "r" to User "jane"',
  });
  reader.remove(roleBindings, 'ns', 'b');
  assert.equal(may().result, 'noOpinion');
});

test('denials are worded as upstream words them', () => {
  const cases: [asked: Attributes, reason: string | undefined, message: string][] = [
    [
      asking('list', 'pods', { namespace: 'default' }),
      undefined,
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
    ],
    [
      asking('get', 'deployments/scale', { apiGroup: 'apps', name: 'web' }),
      'because',
      'deployments.apps "web" is forbidden: User "jane" cannot get resource "deployments/scale" in API group "apps" at the cluster scope: because',
    ],
    [asking('get', '/<x>'), undefined, 'forbidden: User "jane" cannot get path "/&lt;x&gt;"'],
  ];
  for (const [asked, reason, message] of cases) assert.equal(forbiddenError(asked, reason).message, message);
});

test('members of system:masters pass, others go on to the next authorizer and their reasons are joined', async () => {
  const no = (reason: string) => ({ name: reason, authorize: async () => ({ result: 'noOpinion' as const, reason }) });
  const union = createUnionAuthorizer([privilegedAuthorizer, no('a'), no('b')]);
  const master = { username: 'root', groups: ['system:masters'] };
  assert.equal((await union.authorize(asking('get', 'pods', { user: master }))).result, 'allow');
  assert.deepEqual(await union.authorize(asking('get', 'pods')), { result: 'noOpinion', reason: 'a\nb' });
});

test('nobody grants what they do not hold, unless they may escalate or bind', async () => {
  const reader = memoryReader();
  const rbac = createRbacAuthorizer(reader);
  const check = { rbac, authorizer: rbac };
  reader.put(clusterRoles, clusterRole('reader', [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }]));
  reader.put(clusterRoles, clusterRole('admin', [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]));
  reader.put(clusterRoleBindings, binding('b', 'reader', user('jane')));
  const role = (verbs: string[]) => ({
    resource: 'roles',
    namespace: 'ns',
    user: JANE,
    object: { metadata: { name: 'mine' }, rules: [{ verbs, apiGroups: [''], resources: ['pods'] }] },
  });
  await checkEscalation(role(['get']), check);
  await assert.rejects(checkEscalation(role(['get', 'delete', 'watch']), check), {
    message:
      'roles.rbac.authorization.k8s.io "mine" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) ' +
      'is attempting to grant RBAC permissions not currently held:\n' +
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "watch"]}',
  });
  const bind = {
    resource: 'rolebindings',
    namespace: 'ns',
    user: JANE,
    object: binding('x', 'admin', user('jane'), 'ns'),
  };
  await assert.rejects(checkEscalation(bind as never, check), { code: 403 });
  reader.put(
    clusterRoles,
    clusterRole('reader', [
      {
        verbs: ['bind'],
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles'],
        resourceNames: ['admin'],
      },
      { verbs: ['escalate'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'] },
    ]),
  );
  await checkEscalation(bind as never, check);
  await checkEscalation(role(['delete']), check);
});

test('aggregated roles gather the rules their selectors pick, once each and in order of names', () => {
  const get: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  const list: PolicyRule = { verbs: ['list'], apiGroups: [''], resources: ['pods'] };
  const labelled = (name: string, rules: PolicyRule[]) => ({ metadata: { name, labels: { to: 'view' } }, rules });
  const view = clusterRole('view', [], {
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'view' } }] },
  });
  const others = [labelled('b', [list, get]), labelled('a', [get]), clusterRole('c', [list])];
  assert.deepEqual(clusterRoleAggregation([view, ...others]), [{ name: 'view', rules: [get, list] }]);
  assert.deepEqual(clusterRoleAggregation([{ ...view, rules: [get, list] }, ...others]), []);
});
