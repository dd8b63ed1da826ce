// Acting as somebody else: what is asked of the authorizer for it, and who one is then.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { impersonate } from '../../../src/apiserver/authentication/impersonation.ts';
import type { Attributes, UserInfo } from '../../../src/apiserver/identity.ts';

const jane: UserInfo = { username: 'jane', groups: ['devs'] };

const listing = (user: UserInfo): Attributes => ({
  ...{ user, verb: 'list', isResource: true, path: '/api/v1/namespaces/a/pods', subresource: '', name: '' },
  ...{ apiGroup: '', apiVersion: 'v1', resource: 'pods', namespace: 'a' },
});

const shown = ({ verb, apiGroup, resource, subresource, namespace, name }: Attributes): string =>
  [verb, [apiGroup, resource, subresource].filter(Boolean).join('/'), [namespace, name].filter(Boolean).join('/')].join(
    ' ',
  );

/** Allows what `rights` has, and keeps what was asked. */
function authorizer(...rights: (string | RegExp)[]) {
  const asked: string[] = [];
  return {
    asked,
    name: 'test',
    authorize(attributes: Attributes) {
      const question = shown(attributes);
      asked.push(question);
      const allowed = rights.some((right) => (right instanceof RegExp ? right.test(question) : right === question));
      return { result: allowed ? ('allow' as const) : ('noOpinion' as const) };
    },
  };
}

test('whoever may impersonate may do anything as the other', async () => {
  const auth = authorizer(/^impersonate /);
  const headers = {
    'impersonate-user': 'system:serviceaccount:ns:bot',
    'impersonate-uid': '7',
    'impersonate-extra-scope': 'read',
  };
  assert.deepEqual(await impersonate(listing(jane), headers, auth), {
    username: 'system:serviceaccount:ns:bot',
    uid: '7',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    extra: { scope: ['read'] },
  });
  assert.deepEqual(auth.asked, [
    'impersonate serviceaccounts ns/bot',
    'impersonate authentication.k8s.io/uids 7',
    'impersonate authentication.k8s.io/userextras/scope read',
  ]);
});

test('constrained: a user with groups, for one verb', async () => {
  const rights = [
    'impersonate-on:user-info:list pods a',
    'impersonate:user-info authentication.k8s.io/users joe',
    'impersonate:user-info authentication.k8s.io/groups ops',
  ];
  const headers = { 'impersonate-user': 'joe', 'impersonate-group': 'ops' };
  const joe = await impersonate(listing(jane), headers, authorizer(...rights));
  assert.deepEqual(joe, { username: 'joe', groups: ['ops', 'system:authenticated'] });
  await assert.rejects(impersonate({ ...listing(jane), verb: 'watch' }, headers, authorizer(...rights)), {
    code: 403,
    message:
      'pods is forbidden: User "jane" cannot impersonate-on:user-info:watch resource "pods" in API group "" in the namespace "a"',
  });
  for (const missing of rights) {
    const others = rights.filter((right) => right !== missing);
    await assert.rejects(impersonate(listing(jane), headers, authorizer(...others)), { code: 403 });
  }
});

test('constrained: service accounts and nodes have ways of their own, and groups that are known', async () => {
  const account = authorizer(
    'impersonate-on:serviceaccount:list pods a',
    'impersonate:serviceaccount authentication.k8s.io/serviceaccounts ns/bot',
  );
  const bot = await impersonate(listing(jane), { 'impersonate-user': 'system:serviceaccount:ns:bot' }, account);
  assert.deepEqual(bot.groups, ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated']);

  const node = authorizer(
    'impersonate-on:arbitrary-node:list pods a',
    'impersonate:arbitrary-node authentication.k8s.io/nodes n1',
  );
  const n1 = await impersonate(listing(jane), { 'impersonate-user': 'system:node:n1' }, node);
  assert.deepEqual(n1, { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] });

  // With more than the name only the unconstrained way is left, and nobody is let in by that of other users.
  const all = authorizer(/^impersonate(-on)?:/);
  const more = { 'impersonate-user': 'system:node:n1', 'impersonate-group': 'x' };
  await assert.rejects(impersonate(listing(jane), more, all), /cannot impersonate resource "users"/);
});

test('constrained: an agent acts as the node it runs on, and as no other', async () => {
  const agent = (node: string): UserInfo => ({
    username: 'system:serviceaccount:ns:agent',
    groups: [],
    extra: { 'authentication.kubernetes.io/node-name': [node], 'authentication.kubernetes.io/pod-name': ['p'] },
  });
  const auth = authorizer(
    'impersonate-on:associated-node:list pods a',
    'impersonate:associated-node authentication.k8s.io/nodes *',
  );
  const seen: UserInfo[] = [];
  const watching = {
    ...auth,
    authorize(attributes: Attributes) {
      seen.push(attributes.user);
      return auth.authorize(attributes);
    },
  };
  const headers = { 'impersonate-user': 'system:node:n1' };
  assert.equal((await impersonate(listing(agent('n1')), headers, watching)).username, 'system:node:n1');
  assert.deepEqual(seen[0]?.extra, {
    'authentication.kubernetes.io/associated-node-keys': [
      'authentication.kubernetes.io/node-name',
      'authentication.kubernetes.io/pod-name',
    ],
  });
  await assert.rejects(impersonate(listing(agent('n2')), headers, auth), /impersonate-on:arbitrary-node:list/);
});

test('constrained: not everything may be become', async () => {
  const auth = authorizer(/^impersonate(-on)?:user-info/);
  const as = (headers: Record<string, string | string[]>) =>
    impersonate(listing(jane), { 'impersonate-user': 'joe', ...headers }, auth);
  await assert.rejects(
    as({ 'impersonate-group': 'system:masters' }),
    /impersonating the system:masters group is not allowed/,
  );
  await assert.rejects(as({ 'impersonate-extra-a': 'b' }), /impersonating an invalid key in extra is not allowed/);
  assert.deepEqual((await as({ 'impersonate-extra-a.b%2fc': 'd' })).extra, { 'a.b/c': ['d'] });
});

test('constrained: many groups or extras are asked for at once first', async () => {
  const groups = ['a', 'b', 'c', 'd'];
  const headers = { 'impersonate-user': 'joe', 'impersonate-group': groups };
  const first = ['impersonate-on:user-info:list pods a', 'impersonate:user-info authentication.k8s.io/users joe'];
  const all = authorizer(...first, 'impersonate:user-info authentication.k8s.io/groups *');
  await impersonate(listing(jane), headers, all);
  assert.equal(all.asked.length, 3);
  const each = authorizer(...first, /groups [abcd]$/);
  await impersonate(listing(jane), headers, each);
  assert.equal(each.asked.length, 7);
  const extra = Object.fromEntries(groups.map((key) => [`impersonate-extra-x.y%2f${key}`, 'v']));
  const once = authorizer(...first, 'impersonate:user-info authentication.k8s.io/userextras/* *');
  await impersonate(listing(jane), { 'impersonate-user': 'joe', ...extra }, once);
  assert.equal(once.asked.length, 3);
});

test('nobody is somebody else without a name', async () => {
  assert.equal(await impersonate(listing(jane), {}, authorizer()), jane);
  const headers = { 'impersonate-group': ['x', 'y'], 'impersonate-extra-k': 'v' };
  await assert.rejects(impersonate(listing(jane), headers, authorizer()), {
    code: 400,
    message:
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x", "y"}, Extra:map[string][]string{"k":[]string{"v"}}} without impersonating a user name',
  });
});
