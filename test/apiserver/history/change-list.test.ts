// Changes over all resources: which are listed, and by what they can be chosen.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Change } from '../../../src/apiserver/history/change-list.ts';
import { type Answer, CHANGES, person, refused, startWorld, type World } from './world.ts';

const MERGE = 'application/merge-patch+json';
const MINUTE = 60_000;
const jane = person('jane', 'system:masters');
const joe = person('joe', 'system:masters');
const inNamespace = (namespace: string, plural: string) => `/api/v1/namespaces/${namespace}/${plural}`;
const IN_DEFAULT = '/apis/history.tsukube.dev/v1/namespaces/default/changes';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

let api: World;
let start: number;
before(async () => {
  api = await startWorld({ namespaces: ['default', 'other'] });
  await api.clock.advance(MINUTE);
  start = api.clock.now();
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'b' }] } };
  const spec = { replicas: 1, selector: { matchLabels: { a: 'b' } }, template };
  await api.send('POST', DEPLOYMENTS, { body: { metadata: { name: 'web' }, spec }, user: jane });
  await api.clock.advance(MINUTE);
  await api.send('PATCH', `${DEPLOYMENTS}/web`, { body: { spec: { replicas: 2 } }, contentType: MERGE, user: joe });
  await api.send('POST', inNamespace('other', 'configmaps'), { body: { metadata: { name: 'far' } }, user: joe });
  await api.clock.advance(MINUTE);
  await api.send('POST', '/api/v1/nodes', { body: { metadata: { name: 'node-1' } }, user: jane });
  const involvedObject = { kind: 'Pod', namespace: 'default', name: 'a' };
  const event = { metadata: { name: 'a' }, involvedObject, reason: 'Test', type: 'Normal' };
  await api.send('POST', inNamespace('default', 'events'), { body: event, user: jane });
  const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
  await api.send('POST', leases, { body: { metadata: { name: 'a' } }, user: jane });
  await api.send('DELETE', `${DEPLOYMENTS}/web`, { user: jane });
});
after(() => api.stop());

const told = ({ operation, user, object }: Change) => `${operation} ${object.resource}/${object.name} ${user}`;
const list = (query = '', path = CHANGES) => api.get<Answer<Change>>(`${path}${query && `?${query}`}`);
const chosen = async (query: string, path?: string) => (await list(query, path)).items.map(told);
const since = (minutes: number) => `from=${new Date(start + minutes * MINUTE).toISOString()}`;

describe('changes over all resources', () => {
  it('are all but those of Events and Leases, the newest first', async () => {
    assert.deepEqual(await chosen(since(0)), [
      'delete deployments/web jane',
      'create nodes/node-1 jane',
      'create configmaps/far joe',
      'update deployments/web joe',
      'create deployments/web jane',
    ]);
  });

  it('have the shape of a revision, with its object', async () => {
    const { kind, apiVersion, metadata, retainedSince, items } = await list(since(0));
    assert.deepEqual(
      [kind, apiVersion, metadata],
      ['ChangeList', 'history.tsukube.dev/v1', { resourceVersion: String(api.storage.revision) }],
    );
    assert.deepEqual(retainedSince, { resourceVersion: '1', time: '2026-01-01T00:00:00.000Z' });
    const { object, ...revision } = items[3] as Change;
    const apps = { apiVersion: 'apps/v1', kind: 'Deployment' };
    assert.deepEqual(object, { ...apps, resource: 'deployments', namespace: 'default', name: 'web' });
    assert.deepEqual(revision, (await api.history(`${DEPLOYMENTS}/web`))[1]);
    assert.deepEqual(items[1]?.object, { apiVersion: 'v1', kind: 'Node', resource: 'nodes', name: 'node-1' });
  });

  it('are chosen by user, resource and time', async () => {
    assert.deepEqual(await chosen('user=joe'), ['create configmaps/far joe', 'update deployments/web joe']);
    assert.deepEqual(await chosen('user=nobody'), []);
    assert.deepEqual(await chosen('resource=configmaps'), ['create configmaps/far joe']);
    assert.deepEqual(await chosen('resource=deployments.apps&user=joe'), ['update deployments/web joe']);
    const to = `to=${new Date(start + 1.5 * MINUTE).toISOString()}`;
    assert.deepEqual(await chosen(`${since(0.5)}&${to}`), ['create configmaps/far joe', 'update deployments/web joe']);
    assert.deepEqual(await chosen('from=-1m30s&resource=nodes'), ['create nodes/node-1 jane']);
  });

  it('of a namespace are those in it and of itself', async () => {
    const all = await chosen('', IN_DEFAULT);
    assert.deepEqual(all, [
      'delete deployments/web jane',
      'update deployments/web joe',
      'create deployments/web jane',
      'create serviceaccounts/default admin',
      'create namespaces/default admin',
    ]);
    assert.deepEqual(await chosen('resource=deployments.apps&user=joe', IN_DEFAULT), ['update deployments/web joe']);
    assert.deepEqual(await chosen('resource=namespaces', IN_DEFAULT), ['create namespaces/default admin']);
    assert.deepEqual(await chosen('resource=configmaps', IN_DEFAULT), []);
    assert.deepEqual(await chosen('', '/apis/history.tsukube.dev/v1/namespaces/nowhere/changes'), []);
  });

  it('come in pages that do not move', async () => {
    const first = await list(`${since(0)}&limit=2`);
    await api.send('POST', inNamespace('other', 'configmaps'), { body: { metadata: { name: 'later' } } });
    const second = await list(`${since(0)}&limit=2&continue=${first.metadata.continue}`);
    const third = await list(`${since(0)}&limit=2&continue=${second.metadata.continue}`);
    assert.deepEqual(
      [first, second, third].map(({ items }) => items.length),
      [2, 2, 1],
    );
    assert.equal(third.metadata.continue, undefined);
    assert.equal(third.metadata.resourceVersion, first.metadata.resourceVersion);
    await api.send('DELETE', `${inNamespace('other', 'configmaps')}/later`);
  });

  it('are looked for in many revisions without missing any', async () => {
    const many = await startWorld();
    const maps = inNamespace('default', 'configmaps');
    await many.send('POST', maps, { body: { metadata: { name: 'needle' } }, user: joe });
    for (let i = 0; i < 2_500; i++)
      await many.storage.write({
        op: 'create',
        key: `/core/pods/default/p${i}`,
        object: { metadata: { name: `p${i}` } },
      });
    assert.deepEqual((await many.changes('user=joe')).map(told), ['create configmaps/needle joe']);
    assert.deepEqual((await many.changes('resource=configmaps')).map(told), ['create configmaps/needle joe']);
    assert.equal((await many.changes('resource=pods&limit=1000')).length, 1_000);
    await many.stop();
  });
});

describe('changes are refused', () => {
  const cases: [path: string, code: number, message: RegExp][] = [
    [`${CHANGES}?watch=1`, 400, /^changes cannot be watched: watch the resources themselves$/],
    [
      `${CHANGES}?asOf=-1m`,
      400,
      /^changes takes no parameter "asOf": it takes from, to, limit, continue, user and resource$/,
    ],
    [`${CHANGES}?from=noon`, 400, /^from "noon" is neither/],
    [`${CHANGES}?continue=x`, 400, /^continue key is not valid: /],
    [`${CHANGES}?resource=events`, 400, /^changes of events are not listed: read the history of one of them$/],
    [`${CHANGES}?resource=events.events.k8s.io`, 400, /^changes of events.events.k8s.io are not listed/],
    [`${CHANGES}?resource=leases.coordination.k8s.io`, 400, /^changes of leases.coordination.k8s.io are not listed/],
    [`${CHANGES}?resource=a/b`, 400, /^resource "a\/b" names none: write it as in deployments.apps or pods$/],
    [`${CHANGES}?resource=.apps`, 400, /^resource ".apps" names none/],
    [`${IN_DEFAULT}?resource=nodes`, 400, /^nodes are in no namespace: list changes without one$/],
    [`${CHANGES}?to=2001-01-01T00:00:00Z`, 410, /^to 2001-01-01T00:00:00Z lies before what is kept/],
    [`${CHANGES}/one`, 404, /could not find/],
    ['/apis/history.tsukube.dev/v2/changes', 404, /could not find/],
    ['/apis/history.tsukube.dev/v1/others', 404, /could not find/],
  ];
  for (const [path, code, message] of cases) it(path, () => assert.rejects(api.get(path), refused(code, message)));

  it('to be written', async () => {
    for (const method of ['POST', 'DELETE'] as const) {
      await assert.rejects(api.send(method, CHANGES, { body: {} }), refused(405, /does not allow this method/));
    }
  });

  it('without discovery telling of them', async () => {
    const groups = JSON.stringify(await api.get('/apis'));
    assert.ok(!groups.includes('tsukube.dev'));
    await assert.rejects(api.get('/apis/history.tsukube.dev/v1'), refused(404, /could not find/));
    const core = JSON.stringify(await api.get('/api/v1'));
    assert.ok(!core.includes('history'));
  });
});
