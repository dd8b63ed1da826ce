// The history of one object: what its revisions say, pages and spans of them, and types made at run time.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { KubeObject } from '../../../src/apimachinery/meta.ts';
import type { Revision } from '../../../src/apiserver/history/revision.ts';
import { type Answer, person, refused, startWorld, type World } from './world.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const MINUTE = 60_000;

let api: World;
before(async () => {
  api = await startWorld({ namespaces: ['default', 'other'] });
});
after(() => api.stop());

const patch = (path: string, body: unknown, contentType = MERGE) => api.send('PATCH', path, { body, contentType });
const historyOf = (path: string, query = '') => api.get<Answer<Revision>>(`${path}/history${query && `?${query}`}`);
const changesOf = (revisions: readonly Revision[]) =>
  revisions.map(({ changes }) => changes.map(({ op, path }) => `${op} ${path}`));

const container = { name: 'web', image: 'nginx:1' };
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } };

describe('the history of an object', () => {
  it('says when, who, how and what, the newest first', async () => {
    const path = `${DEPLOYMENTS}/web`;
    const spec = { replicas: 1, selector: { matchLabels: { a: 'b' } }, template };
    const made = await api.send('POST', DEPLOYMENTS, { body: { metadata: { name: 'web' }, spec } });
    await api.clock.advance(1_500);
    const user = person('jane', 'system:masters');
    const body = { spec: { replicas: 3, template: { spec: { containers: [{ name: 'web', image: 'nginx:2' }] } } } };
    const changed = await api.send('PATCH', `${path}?fieldManager=kubectl`, { body, contentType: STRATEGIC, user });
    const { kind, apiVersion, metadata, retainedSince, items } = await historyOf(path);
    assert.deepEqual(
      { kind, apiVersion, metadata, retainedSince },
      {
        kind: 'ObjectHistory',
        apiVersion: 'history.tsukube.dev/v1',
        metadata: { resourceVersion: String(api.storage.revision) },
        retainedSince: { resourceVersion: '1', time: '2026-01-01T00:00:00.000Z' },
      },
    );
    assert.deepEqual(items, [
      {
        resourceVersion: changed.metadata.resourceVersion,
        time: '2026-01-01T00:00:01.500Z',
        operation: 'update',
        verb: 'patch',
        user: 'jane',
        userAgent: 'jane',
        fieldManager: 'kubectl',
        uid: made.metadata.uid,
        generation: 2,
        changes: [
          { op: 'replace', path: '.metadata.generation', from: 1, to: 2 },
          { op: 'replace', path: '.spec.replicas', from: 1, to: 3 },
          {
            op: 'replace',
            path: '.spec.template.spec.containers[name=web].image',
            from: 'nginx:1',
            to: 'nginx:2',
          },
        ],
      },
      {
        resourceVersion: made.metadata.resourceVersion,
        time: '2026-01-01T00:00:00.000Z',
        operation: 'create',
        verb: 'create',
        user: 'admin',
        userAgent: 'admin',
        fieldManager: 'admin',
        uid: made.metadata.uid,
        generation: 1,
        changes: [],
      },
    ]);
  });

  it('goes over deletion and another object of the name', async () => {
    const first = await api.send('POST', MAPS, { body: { metadata: { name: 'again' } } });
    await api.send('DELETE', `${MAPS}/again`);
    const gone = await api.history(`${MAPS}/again`);
    assert.deepEqual(
      gone.map(({ operation, uid, changes }) => [operation, uid, changes]),
      [
        ['delete', first.metadata.uid, []],
        ['create', first.metadata.uid, []],
      ],
    );
    const second = await api.send('POST', MAPS, { body: { metadata: { name: 'again' } } });
    const { uid } = second.metadata;
    assert.deepEqual(
      (await api.history(`${MAPS}/again`)).map((one) => one.uid),
      [uid, first.metadata.uid, first.metadata.uid],
    );
  });

  it('is only that of the very name, in its namespace', async () => {
    const other = '/api/v1/namespaces/other/configmaps';
    for (const path of [MAPS, other]) await api.send('POST', path, { body: { metadata: { name: 'twin' } } });
    await api.send('POST', MAPS, { body: { metadata: { name: 'twin-2' } } });
    assert.equal((await api.history(`${MAPS}/twin`)).length, 1);
    assert.equal((await api.history(`${other}/twin`)).length, 1);
  });

  it('is there for types without a namespace, and for a Namespace itself', async () => {
    await api.send('POST', '/api/v1/nodes', { body: { metadata: { name: 'node-1' } } });
    assert.equal((await api.history('/api/v1/nodes/node-1')).length, 1);
    assert.equal((await api.history('/api/v1/namespaces/other')).at(-1)?.operation, 'create');
  });

  it('is the same in every version of a type', async () => {
    const spec = { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' } };
    const path = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`;
    await api.send('POST', path('v2'), { body: { metadata: { name: 'web' }, spec } });
    await patch(`${path('v2')}/web`, { spec: { maxReplicas: 5 } });
    for (const version of ['v1', 'v2']) {
      const [newest] = await api.history(`${path(version)}/web`);
      assert.deepEqual(newest?.changes, [{ op: 'replace', path: '.spec.maxReplicas', from: 2, to: 5 }]);
    }
  });
});

it('survives the end of the server', async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'tsukube-history-'));
  t.after(() => rm(directory, { recursive: true }));
  const storageUrl = `sqlite:${path.join(directory, 'state.db')}`;
  const first = await startWorld({ storageUrl });
  await first.send('POST', MAPS, { body: { metadata: { name: 'kept' }, data: { a: '1' } } });
  await first.clock.advance(MINUTE);
  await first.send('PATCH', `${MAPS}/kept`, { body: { data: { a: '2' } }, contentType: MERGE });
  const before = await first.history(`${MAPS}/kept`);
  assert.equal(before.length, 2);
  await first.stop();
  const second = await startWorld({ storageUrl, namespaces: [], start: first.clock.now() });
  assert.deepEqual(await second.history(`${MAPS}/kept`), before);
  const old = await second.get<KubeObject & { data: object }>(`${MAPS}/kept?asOf=-30s`);
  assert.deepEqual(old.data, { a: '1' });
  await second.stop();
});

describe('pages and spans', () => {
  const path = `${MAPS}/counted`;
  let start: number;
  before(async () => {
    await api.clock.advance(MINUTE);
    start = api.clock.now();
    await api.send('POST', MAPS, { body: { metadata: { name: 'counted' }, data: { n: '0' } } });
    for (let n = 1; n < 10; n++) {
      await api.clock.advance(MINUTE);
      await patch(path, { data: { n: String(n) } });
    }
  });
  const values = (items: readonly Revision[]) =>
    items.map(({ changes: [change] }) => (change?.op === 'replace' ? change.to : 'made'));
  const at = (minutes: number) => new Date(start + minutes * MINUTE).toISOString();

  it('follow each other, and do not move when something is written between', async () => {
    const first = await historyOf(path, 'limit=4');
    assert.deepEqual(values(first.items), ['9', '8', '7', '6']);
    await patch(path, { data: { n: 'between' } });
    const second = await historyOf(path, `limit=4&continue=${first.metadata.continue}`);
    assert.deepEqual(values(second.items), ['5', '4', '3', '2']);
    const third = await historyOf(path, `limit=4&continue=${second.metadata.continue}`);
    assert.deepEqual(values(third.items), ['1', 'made']);
    assert.equal(third.metadata.continue, undefined);
    assert.deepEqual(
      [second, third].map(({ metadata }) => metadata.resourceVersion),
      [first.metadata.resourceVersion, first.metadata.resourceVersion],
    );
    await patch(path, { data: { n: '9' } });
  });

  it('end without a token when the limit is met exactly', async () => {
    const all = await historyOf(path, `from=${at(0)}&to=${at(9)}`);
    const page = await historyOf(path, `from=${at(0)}&to=${at(9)}&limit=${all.items.length}`);
    assert.deepEqual(page, all);
    assert.equal(page.metadata.continue, undefined);
  });

  it('begin and end at a time, both included', async () => {
    assert.deepEqual(values((await historyOf(path, `from=${at(2)}&to=${at(4)}`)).items), ['4', '3', '2']);
    assert.deepEqual(values((await historyOf(path, `from=${at(2.5)}&to=${at(3.5)}`)).items), ['3']);
    assert.deepEqual(values((await historyOf(path, `from=${at(2.2)}&to=${at(2.8)}`)).items), []);
    assert.deepEqual(values((await historyOf(path, `to=${at(1)}`)).items), ['1', 'made']);
    assert.deepEqual(values((await historyOf(path, 'from=-1m')).items).includes('8'), true);
    assert.deepEqual(values((await historyOf(path, 'from=-7m30s&to=-6m30s')).items), ['2']);
    assert.deepEqual(values((await historyOf(path, 'from=-90000000d')).items).at(-1), 'made');
    assert.equal((await historyOf(path, 'to=2030-01-01T00:00:00Z')).items.length, 12);
  });

  it('take what is no limit for none, and a large one for the largest', async () => {
    for (const limit of ['0', '-1', '', '99999999'])
      assert.equal((await historyOf(path, `limit=${limit}`)).items.length, 12);
  });

  it('end early when what they show is large', async () => {
    const text = (n: number) => String(n).repeat(1_000_000);
    await api.send('POST', MAPS, { body: { metadata: { name: 'large' }, data: { text: text(0) } } });
    for (let n = 1; n < 5; n++) await patch(`${MAPS}/large`, { data: { text: text(n) } });
    const first = await historyOf(`${MAPS}/large`);
    assert.equal(first.items.length, 3);
    const second = await historyOf(`${MAPS}/large`, `continue=${first.metadata.continue}`);
    assert.deepEqual([second.items.length, second.metadata.continue], [2, undefined]);
  });
});

describe('types made at run time', () => {
  const THINGS = '/apis/example.com/v1/namespaces/default/things';
  const schema = (properties: object) => ({
    openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } },
  });
  const byName = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, size: { type: 'integer' } } },
  };
  const crd = (properties: object) => ({
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: schema(properties) }],
    },
  });
  const thing = (spec: object) => ({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'one' }, spec });
  const settle = () => api.clock.advance(0);

  it('have a history by the keys of their lists, before and after a change of the schema, and none without it', async () => {
    await api.send('POST', CRDS, { body: crd({ parts: byName, old: { type: 'string' } }) });
    await settle();
    await api.send('POST', THINGS, { body: thing({ old: 'x', parts: [{ name: 'a', size: 1 }] }) });
    await patch(`${THINGS}/one`, {
      spec: {
        parts: [
          { name: 'b', size: 1 },
          { name: 'a', size: 2 },
        ],
      },
    });
    const expected = ['replace .spec.parts[name=a].size', 'add .spec.parts[name=b]'];
    const withoutGeneration = async () =>
      changesOf(await api.history(`${THINGS}/one`)).map((all) => all.filter((one) => !one.includes('generation')));
    assert.deepEqual(await withoutGeneration(), [expected, []]);

    const current = await api.get(`${CRDS}/things.example.com`);
    const next = { ...current, spec: crd({ parts: byName, fresh: { type: 'string' } }).spec };
    await api.send('PUT', `${CRDS}/things.example.com`, { body: next });
    await settle();
    await patch(`${THINGS}/one`, { spec: { fresh: 'y' } });
    assert.deepEqual(await withoutGeneration(), [['remove .spec.old', 'add .spec.fresh'], expected, []]);

    await api.send('DELETE', `${CRDS}/things.example.com`);
    await settle();
    await assert.rejects(api.get(`${THINGS}/one/history`), refused(404, /could not find the requested resource/));
    // What was of it is still among all changes.
    const [gone] = await api.changes('resource=things.example.com');
    assert.deepEqual(gone?.object, {
      apiVersion: 'example.com/v1',
      kind: 'Thing',
      resource: 'things',
      namespace: 'default',
      name: 'one',
    });
  });

  it('are shown in the version that is asked for, whichever was stored then', async () => {
    const version = (name: string, storage: boolean) => ({
      ...{ name, served: true, storage },
      schema: schema({ a: { type: 'string' }, b: { type: 'string' } }),
    });
    const several = (stored: string) => ({
      metadata: { name: 'gadgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
        versions: ['v1', 'v2'].map((name) => version(name, name === stored)),
      },
    });
    const gadgets = (name: string) => `/apis/example.com/${name}/namespaces/default/gadgets`;
    await api.send('POST', CRDS, { body: several('v1') });
    await settle();
    const body = { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'one' }, spec: { a: '1' } };
    await api.send('POST', gadgets('v1'), { body });
    const current = await api.get(`${CRDS}/gadgets.example.com`);
    await api.send('PUT', `${CRDS}/gadgets.example.com`, { body: { ...current, spec: several('v2').spec } });
    await settle();
    assert.equal((await api.get<KubeObject>(`${gadgets('v2')}/one`)).apiVersion, 'example.com/v2');
    await patch(`${gadgets('v2')}/one`, { spec: { b: '2' } });
    for (const name of ['v1', 'v2']) {
      const [newest] = await api.history(`${gadgets(name)}/one`);
      const changed = newest?.changes.filter(({ path }) => !path.startsWith('.metadata'));
      assert.deepEqual(changed, [{ op: 'add', path: '.spec.b', to: '2' }]);
    }
  });
});

it('of a type whose webhook is down is refused by that, and still among all changes', async () => {
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
    },
  };
  const crates = (stored: string, conversion: object) => ({
    metadata: { name: 'crates.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'crates', singular: 'crate', kind: 'Crate', listKind: 'CrateList' },
      versions: ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === stored, schema })),
      conversion,
    },
  });
  const path = (version: string) => `/apis/example.com/${version}/namespaces/default/crates`;
  await api.send('POST', CRDS, { body: crates('v1', { strategy: 'None' }) });
  await api.clock.advance(0);
  const body = { apiVersion: 'example.com/v1', kind: 'Crate', metadata: { name: 'one' }, spec: { a: '1' } };
  await api.send('POST', path('v1'), { body });
  await patch(`${path('v1')}/one`, { spec: { a: '2' } });
  const current = await api.get(`${CRDS}/crates.example.com`);
  const clientConfig = { url: 'https://127.0.0.1:1/convert' }; // nobody listens there
  const webhook = { clientConfig, conversionReviewVersions: ['v1'] };
  const next = { ...current, spec: crates('v2', { strategy: 'Webhook', webhook }).spec };
  await api.send('PUT', `${CRDS}/crates.example.com`, { body: next });
  await api.clock.advance(0);
  const change = { op: 'replace', path: '.spec.a', from: '1', to: '2' };
  const shown = (changes: Revision['changes'] = []) => changes.filter((one) => one.path.startsWith('.spec'));
  assert.deepEqual(shown((await api.history(`${path('v1')}/one`))[0]?.changes), [change]);
  await assert.rejects(
    api.history(`${path('v2')}/one`),
    refused(500, /conversion webhook for example.com\/v1, Kind=Crate/),
  );
  const [listed] = await api.changes('resource=crates.example.com');
  assert.deepEqual([listed?.object.name, shown(listed?.changes)], ['one', [change]]);
});

describe('a history is refused', () => {
  const cases: [name: string, path: string, code: number, message: RegExp][] = [
    ['of what never was', `${MAPS}/never`, 404, /^configmaps "never" not found$/],
    ['of what is not served', '/apis/example.org/v1/namespaces/default/things/a', 404, /could not find/],
    ['of what is not stored', '/api/v1/componentstatuses/etcd-0', 404, /could not find the requested resource/],
    ['of what cannot be read', '/apis/authentication.k8s.io/v1/tokenreviews/a', 404, /could not find/],
  ];
  for (const [name, path, code, message] of cases) {
    it(name, () => assert.rejects(api.get(`${path}/history`), refused(code, message)));
  }

  const parameters: [query: string, code: number, message: RegExp][] = [
    ['from=noon', 400, /^from "noon" is neither: write a time such as /],
    ['to=1h', 400, /^to "1h" lies in the future: for that long ago write -1h$/],
    ['from=2030-01-01T00:00:00Z', 400, /^from 2030-01-01T00:00:00.000Z lies in the future: it is 2026-/],
    ['from=-1m&to=-2m', 400, /^from 2026-.*Z is later than to 2026-.*Z: exchange them$/],
    ['to=2001-01-01T00:00:00Z', 410, /^to 2001-01-01T00:00:00Z lies before what is kept: the oldest that can be read/],
    ['limit=many', 400, /^strconv.ParseInt: parsing "many": invalid syntax$/],
    ['continue=%7B', 400, /^continue key is not valid: it is no JSON in base64url; start again without it$/],
    [`continue=${token({ v: 'meta.k8s.io/v1', rv: 1 })}`, 400, /: it does not come from a history; start again/],
    [`continue=${token(null)}`, 400, /: it does not come from a history; /],
    [`continue=${token({ rv: 9e9, after: 0, upTo: 1 })}`, 400, /: its revisions are none of this server; /],
    [`continue=${token({ rv: 1, after: 0, upTo: 2 })}`, 400, /: its revisions are none of this server; /],
    [`continue=${token({ rv: 1, after: -1, upTo: 1 })}`, 400, /: its revisions are none of this server; /],
    ['labelSelector=a', 400, /^history takes no parameter "labelSelector": it takes from, to, limit and continue$/],
    ['user=jane', 400, /^history takes no parameter "user"/],
  ];
  for (const [query, code, message] of parameters) {
    it(`with ${query}`, async () => {
      await assert.rejects(historyOf('/api/v1/namespaces/default', query), refused(code, message));
    });
  }

  it('for anything but reading it', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      await assert.rejects(
        api.send(method, `${MAPS}/a/history`, { body: {} }),
        refused(405, /does not allow this method/),
      );
    }
    await assert.rejects(api.get(`${MAPS}/a/history/more`), refused(404, /could not find the requested resource/));
  });
});

function token(value: object | null): string {
  const whole = value && { v: 'history.tsukube.dev/v1', ...value };
  return Buffer.from(JSON.stringify(whole)).toString('base64url');
}
