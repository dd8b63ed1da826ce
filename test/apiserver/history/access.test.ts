// Who may read which history, by RBAC objects as an administrator writes them, and what of a Secret is shown to whom.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { UserInfo } from '../../../src/apiserver/identity.ts';
import { ANONYMOUS } from '../../../src/apiserver/identity.ts';
import { person, refused, startWorld, type World } from './world.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const MAPS = '/api/v1/namespaces/default/configmaps';
const SECRETS = '/api/v1/namespaces/default/secrets';
const MERGE = 'application/merge-patch+json';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const base64 = (text: string) => Buffer.from(text).toString('base64');

let api: World;

/** A user who may do in the namespace default what `rules` say. */
async function allowed(name: string, rules: object[]): Promise<UserInfo> {
  const path = `${RBAC}/namespaces/default`;
  const metadata = { name };
  await api.send('POST', `${path}/roles`, { body: { metadata, rules } });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }];
  await api.send('POST', `${path}/rolebindings`, { body: { metadata, roleRef, subjects } });
  return person(name);
}
const get = (resources: string[], more: object = {}) => ({ apiGroups: [''], resources, verbs: ['get'], ...more });

let reader: UserInfo;
let historian: UserInfo;
let named: UserInfo;
let lister: UserInfo;
let owner: UserInfo;
const nobody = person('nobody');

before(async () => {
  api = await startWorld();
  reader = await allowed('reader', [get(['configmaps', 'secrets'])]);
  historian = await allowed('historian', [get(['*/history'])]);
  named = await allowed('named', [get(['configmaps', 'secrets'], { resourceNames: ['one'] })]);
  lister = await allowed('lister', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] }]);
  owner = await allowed('owner', [get(['namespaces'])]);
  for (const name of ['one', 'two']) {
    await api.send('POST', MAPS, { body: { metadata: { name }, data: { a: 'clear' } } });
    await api.send('PATCH', `${MAPS}/${name}`, { body: { data: { a: 'changed' } }, contentType: MERGE });
  }
  const annotations = { [LAST_APPLIED]: 'first-secret' };
  const data = { kept: base64('first-secret'), gone: base64('first-secret') };
  await api.send('POST', SECRETS, { body: { metadata: { name: 'one', annotations }, data } });
  const write = (body: object) => api.send('PATCH', `${SECRETS}/one`, { body, contentType: MERGE });
  await write({
    metadata: { annotations: { [LAST_APPLIED]: 'second-secret' }, labels: { a: 'b' } },
    data: { kept: base64('second-secret'), gone: null },
    stringData: { added: 'second-secret' },
  });
  await write({ metadata: { annotations: null }, data: null });
  await write({ metadata: { annotations: { other: 'third-secret' } }, data: { again: base64('third-secret') } });
});
after(() => api.stop());

describe('the history of an object', () => {
  it('is read by who may get it', async () => {
    assert.equal((await api.history(`${MAPS}/one`, reader)).length, 2);
    assert.equal((await api.history(`${MAPS}/one`, named)).length, 2);
  });

  it('is read by who may only get that', async () => {
    assert.equal((await api.history(`${MAPS}/one`, historian)).length, 2);
    await assert.rejects(api.get(`${MAPS}/one`, historian), refused(403, /cannot get resource "configmaps" in/));
    await assert.rejects(api.get(`${MAPS}/one?asOf=-1s`, historian), refused(403, /cannot get resource "configmaps"/));
  });

  it('is refused to others in the words of upstream', async () => {
    const words = (name: string, who: string) =>
      new RegExp(
        `^configmaps "${name}" is forbidden: User "${who}" cannot get resource "configmaps/history" in API group "" in the namespace "default"$`,
      );
    await assert.rejects(api.history(`${MAPS}/one`, nobody), refused(403, words('one', 'nobody')));
    await assert.rejects(api.history(`${MAPS}/two`, named), refused(403, words('two', 'named')));
    await assert.rejects(api.history(`${MAPS}/one`, lister), refused(403, words('one', 'lister')));
    await assert.rejects(api.history(`${MAPS}/one`, ANONYMOUS), refused(403, words('one', 'system:anonymous')));
    await assert.rejects(
      api.history('/api/v1/nodes/a', reader),
      refused(403, /"nodes\/history" .* at the cluster scope$/),
    );
  });
});

describe('the history of a Secret', () => {
  it('is whole for who may get it', async () => {
    const text = JSON.stringify(await api.history(`${SECRETS}/one`, reader));
    for (const value of ['first', 'second', 'third']) assert.ok(text.includes(base64(`${value}-secret`)), value);
  });

  it('has its keys and no values for who may only get its history', async () => {
    const revisions = await api.history(`${SECRETS}/one`, historian);
    const masked = '***';
    assert.deepEqual(
      revisions.map(({ changes }) => changes),
      [
        [
          { op: 'add', path: '.metadata.annotations', to: { other: masked } },
          { op: 'add', path: '.data', to: { again: masked } },
        ],
        [
          { op: 'remove', path: '.metadata.annotations', from: { [LAST_APPLIED]: masked } },
          { op: 'remove', path: '.data', from: { kept: masked, added: masked } },
        ],
        [
          { op: 'replace', path: `.metadata.annotations["${LAST_APPLIED}"]`, from: masked, to: masked },
          { op: 'add', path: '.metadata.labels', to: { a: 'b' } },
          { op: 'replace', path: '.data.kept', from: masked, to: masked },
          { op: 'remove', path: '.data.gone', from: masked },
          { op: 'add', path: '.data.added', to: masked },
        ],
        [],
      ],
    );
    const text = JSON.stringify(revisions);
    for (const value of ['first', 'second', 'third']) {
      for (const form of [`${value}-secret`, base64(`${value}-secret`)]) assert.ok(!text.includes(form), form);
    }
  });
});

describe('changes over all', () => {
  const mine = async (user: UserInfo, query = '') =>
    (await api.changes(query, user)).map(({ object }) => `${object.kind}/${object.name}`);

  it('are of what one may read the history of', async () => {
    const maps = (name: string) => Array<string>(2).fill(`ConfigMap/${name}`);
    const secret = Array<string>(4).fill('Secret/one');
    assert.deepEqual(await mine(reader), [...secret, ...maps('two'), ...maps('one')]);
    assert.deepEqual(await mine(named), [...secret, ...maps('one')]);
    assert.deepEqual(await mine(lister), []);
    assert.deepEqual(await mine(nobody), []);
    // Rights in a namespace are rights to itself, as for reading it.
    assert.equal((await api.history('/api/v1/namespaces/default', owner)).length, 1);
    assert.deepEqual(await mine(owner), ['Namespace/default']);
    const seen = new Set((await mine(historian)).map((one) => one.split('/')[0]));
    assert.deepEqual([...seen].toSorted(), ['ConfigMap', 'Namespace', 'Secret', 'ServiceAccount']);
  });

  it('show no values of Secrets to who may only get their history', async () => {
    const secrets = await api.changes('resource=secrets', historian);
    assert.equal(secrets.length, 4);
    assert.ok(JSON.stringify(secrets).includes('***'));
    const text = JSON.stringify(await api.changes('', historian));
    for (const value of ['first', 'second', 'third']) {
      for (const form of [`${value}-secret`, base64(`${value}-secret`)]) assert.ok(!text.includes(form), form);
    }
    assert.ok(JSON.stringify(await api.changes('resource=secrets', reader)).includes(base64('third-secret')));
  });

  it('are refused to who has no name, but for a rule that says otherwise', async () => {
    await assert.rejects(
      api.changes('', ANONYMOUS),
      refused(
        403,
        /^changes.history.tsukube.dev is forbidden: User "system:anonymous" cannot list resource "changes" in API group "history.tsukube.dev" at the cluster scope$/,
      ),
    );
    const rules = [{ apiGroups: ['history.tsukube.dev'], resources: ['changes'], verbs: ['list'] }];
    const metadata = { name: 'anonymous-changes' };
    await api.send('POST', `${RBAC}/clusterroles`, { body: { metadata, rules } });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name };
    const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'system:anonymous' }];
    await api.send('POST', `${RBAC}/clusterrolebindings`, { body: { metadata, roleRef, subjects } });
    assert.deepEqual(await mine(ANONYMOUS), []);
  });
});
