// Reads of an earlier state: get and list as of a time, get at a revision.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ConfigMap } from '../../../src/api/types/core/v1.ts';
import type { List } from '../../../src/apimachinery/meta.ts';
import { person, refused, startWorld, type World } from './world.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const at = (minutes: number) => new Date(START + minutes * MINUTE).toISOString();

let api: World;
/** Revision after each minute: 1: one is made. 2: one changes, two is made. 3: one is deleted. */
const revisions: number[] = [];

before(async () => {
  api = await startWorld();
  const end = async () => {
    revisions.push(api.storage.revision);
    await api.clock.advance(MINUTE);
  };
  await end();
  await api.send('POST', MAPS, { body: { metadata: { name: 'one', labels: { a: 'b' } }, data: { value: '1' } } });
  await end();
  await api.send('PATCH', `${MAPS}/one`, {
    body: { data: { value: '2' } },
    contentType: 'application/merge-patch+json',
  });
  await api.send('POST', MAPS, { body: { metadata: { name: 'two' } } });
  await end();
  await api.send('DELETE', `${MAPS}/one`);
  await end();
});
after(() => api.stop());

const valueAt = async (query: string) => (await api.get<ConfigMap>(`${MAPS}/one?${query}`)).data?.value;
const namesAt = async (query: string) => {
  const { items, metadata } = await api.get<List<ConfigMap>>(`${MAPS}?${query}`);
  return { names: items.map((item) => item.metadata.name), revision: Number(metadata.resourceVersion) };
};

describe('a read as of a time', () => {
  it('gets an object as it was, deleted or not', async () => {
    assert.equal(await valueAt(`asOf=${at(1.5)}`), '1');
    assert.equal(await valueAt(`asOf=${at(2.5)}`), '2');
    assert.equal(await valueAt('asOf=-1m30s'), '2');
    const missing = refused(404, /^configmaps "one" not found$/);
    await assert.rejects(valueAt(`asOf=${at(0.5)}`), missing);
    await assert.rejects(valueAt(`asOf=${at(3.5)}`), missing);
    await assert.rejects(valueAt('asOf=-0s'), missing);
  });

  it('counts what was changed in that very millisecond', async () => {
    assert.equal(await valueAt(`asOf=${at(1)}`), '1');
    assert.equal(await valueAt(`asOf=${at(2)}`), '2');
  });

  it('lists with the revision at which it was read', async () => {
    assert.deepEqual(await namesAt(`asOf=${at(1.5)}`), { names: ['one'], revision: revisions[1] });
    assert.deepEqual(await namesAt(`asOf=${at(2.5)}`), { names: ['one', 'two'], revision: revisions[2] });
    assert.deepEqual(await namesAt(`asOf=${at(3.5)}`), { names: ['two'], revision: revisions[3] });
  });

  it('takes selectors and goes on in pages of the same moment', async () => {
    assert.deepEqual((await namesAt(`asOf=${at(2.5)}&labelSelector=a%3Db`)).names, ['one']);
    assert.deepEqual((await namesAt(`asOf=${at(2.5)}&fieldSelector=metadata.name%3Dtwo`)).names, ['two']);
    const first = await api.get<List<ConfigMap>>(`${MAPS}?asOf=${at(2.5)}&limit=1`);
    assert.equal(first.metadata.remainingItemCount, 1);
    const second = await api.get<List<ConfigMap>>(`${MAPS}?limit=1&continue=${first.metadata.continue}`);
    assert.deepEqual(
      [first, second].map(({ items, metadata }) => [items[0]?.metadata.name, metadata.resourceVersion]),
      [
        ['one', String(revisions[2])],
        ['two', String(revisions[2])],
      ],
    );
  });

  it('shows a part of an object as it was', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'b' }] } };
    const spec = { replicas: 1, selector: { matchLabels: { a: 'b' } }, template };
    await api.send('POST', DEPLOYMENTS, { body: { metadata: { name: 'scaled' }, spec } });
    await api.clock.advance(MINUTE);
    const scale = { metadata: { name: 'scaled' }, spec: { replicas: 5 } };
    await api.send('PUT', `${DEPLOYMENTS}/scaled/scale`, { body: scale });
    const old = await api.get<{ spec: { replicas: number } } & ConfigMap>(`${DEPLOYMENTS}/scaled/scale?asOf=-30s`);
    assert.equal(old.spec.replicas, 1);
    const whole = await api.get<{ spec: { replicas: number } } & ConfigMap>(`${DEPLOYMENTS}/scaled/status?asOf=-30s`);
    assert.equal(whole.spec.replicas, 1);
  });
});

describe('a get at a revision', () => {
  const exactly = (revision: string | number) => valueAt(`resourceVersion=${revision}&resourceVersionMatch=Exact`);

  it('has what there was at it, also between changes of the object', async () => {
    assert.equal(await exactly(revisions[1] as number), '1');
    assert.equal(await exactly(revisions[2] as number), '2');
    assert.equal(await exactly((revisions[2] as number) - 1), '2');
    await assert.rejects(exactly(revisions[0] as number), refused(404, /^configmaps "one" not found$/));
    await assert.rejects(exactly(revisions[3] as number), refused(404, /^configmaps "one" not found$/));
  });

  it('needs a revision', async () => {
    for (const wrong of ['', '0', 'x', '-1']) {
      await assert.rejects(
        exactly(wrong),
        refused(400, /^resourceVersionMatch=Exact needs the resourceVersion to read/),
      );
    }
  });

  it('waits for one that is yet to come, then says so', async () => {
    const waiting = assert.rejects(
      exactly(api.storage.revision + 1),
      refused(504, /^Timeout: Too large resource version/),
    );
    await api.clock.advance(3_000);
    await waiting;
  });

  it('is at least that revision with any other match, as ever', async () => {
    const { metadata } = await api.get<ConfigMap>(`${MAPS}/two?resourceVersion=1&resourceVersionMatch=NotOlderThan`);
    assert.equal(metadata.name, 'two');
  });
});

describe('a read of the past is refused', () => {
  const cases: [name: string, path: string, code: number, message: RegExp][] = [
    ['that is no time', `${MAPS}?asOf=noon`, 400, /^asOf "noon" is neither: write a time such as /],
    ['that is empty', `${MAPS}/two?asOf=`, 400, /^asOf "" is neither/],
    ['that is no duration', `${MAPS}?asOf=-10`, 400, /^asOf "-10" is neither/],
    ['that is a future duration', `${MAPS}?asOf=10m`, 400, /^asOf "10m" lies in the future: .* write -10m$/],
    [
      'in the future',
      `${MAPS}?asOf=2030-01-01T00:00:00Z`,
      400,
      /^asOf 2030-01-01T00:00:00.000Z lies in the future: it/,
    ],
    [
      'before the first revision',
      `${MAPS}/two?asOf=2025-12-31T23:59:59Z`,
      410,
      /^asOf 2025-12-31T23:59:59Z lies before what is kept: the oldest that can be read is resourceVersion 1 of 2026-01-01T00:00:00.000Z$/,
    ],
    ['before there was time', `${MAPS}?asOf=-90000000d`, 410, /^asOf -90000000d lies before what is kept/],
    ['with a revision', `${MAPS}?asOf=-1m&resourceVersion=5`, 400, /^asOf and resourceVersion both say what to read/],
    [
      'with a match',
      `${MAPS}/two?asOf=-1m&resourceVersionMatch=Exact`,
      400,
      /^asOf and resourceVersionMatch both say what to read: give one of them$/,
    ],
    ['with a token', `${MAPS}?asOf=-1m&continue=x`, 400, /^asOf and continue both say what to read/],
    ['as a watch', `${MAPS}?asOf=-1m&watch=1`, 400, /^asOf reads one moment, which cannot be watched: list with asOf/],
    ['of what is not stored', '/api/v1/componentstatuses?asOf=-1m', 400, /^asOf does not go with componentstatuses/],
    ['of a log', '/api/v1/namespaces/default/pods/a/log?asOf=-1m', 400, /^asOf does not go with pods\/log/],
    ['of history', `${MAPS}/two/history?asOf=-1m`, 400, /^history takes from and to instead of asOf$/],
  ];
  for (const [name, path, code, message] of cases) {
    it(name, () => assert.rejects(api.get(path), refused(code, message)));
  }

  it('when it would write', async () => {
    const body = { metadata: { name: 'two' } };
    await assert.rejects(
      api.send('POST', `${MAPS}?asOf=-1m`, { body }),
      refused(400, /^asOf goes with get and list, not with create: leave it out$/),
    );
    await assert.rejects(api.send('DELETE', `${MAPS}/two?asOf=-1m`), refused(400, /not with delete: /));
    await assert.rejects(api.send('DELETE', `${MAPS}?asOf=-1m`), refused(400, /not with deletecollection: /));
    assert.ok(await api.get(`${MAPS}/two`));
  });

  it('from who may not read now', async () => {
    await assert.rejects(
      api.get(`${MAPS}?asOf=-1m`, person('nobody')),
      refused(403, /cannot list resource "configmaps"/),
    );
  });
});

describe('what was given up', () => {
  let small: World;
  before(async () => {
    small = await startWorld({ storageOptions: { compaction: { keepMs: MINUTE, keepRevisions: 3, everyMs: MINUTE } } });
    await small.send('POST', MAPS, { body: { metadata: { name: 'one' } } });
    for (let i = 0; i < 6; i++) {
      await small.clock.advance(MINUTE);
      const contentType = 'application/merge-patch+json';
      await small.send('PATCH', `${MAPS}/one`, { body: { data: { value: String(i) } }, contentType });
    }
    await small.clock.advance(MINUTE);
    assert.ok(small.storage.compactRevision > 5, 'nothing was compacted');
  });
  after(() => small.stop());

  it('is 410 and names the oldest that can be read', async () => {
    const oldest = await small.storage.oldest('/core/configmaps/');
    const told = new RegExp(
      `lies before what is kept: the oldest that can be read is resourceVersion ${oldest.revision} of ` +
        `${new Date(oldest.time as number).toISOString()}$`,
    );
    await assert.rejects(small.get(`${MAPS}?asOf=-6m`), refused(410, told));
    await assert.rejects(small.get(`${MAPS}/one?asOf=-6m`), refused(410, told));
    await assert.rejects(small.get(`${MAPS}/one?resourceVersion=2&resourceVersionMatch=Exact`), refused(410, told));
    await assert.rejects(small.get(`${MAPS}/one/history?to=-6m`), refused(410, /^to -6m lies before what is kept: /));
  });

  it('can be read from the oldest on', async () => {
    const { revision, time } = await small.storage.oldest('/core/configmaps/');
    const query = `asOf=${new Date(time as number).toISOString()}`;
    const list = await small.get<List<ConfigMap>>(`${MAPS}?${query}`);
    assert.ok(Number(list.metadata.resourceVersion) >= revision);
    assert.equal(list.items.length, 1);
    const one = await small.get<ConfigMap>(`${MAPS}/one?${query}`);
    assert.deepEqual(one.metadata.resourceVersion, list.items[0]?.metadata.resourceVersion);
  });
});

describe('history that is kept for another time', () => {
  const SECRETS = '/api/v1/namespaces/default/secrets';
  const contentType = 'application/merge-patch+json';
  let api: World;
  before(async () => {
    const watched = { keepMs: MINUTE, keepRevisions: 2, everyMs: MINUTE };
    const compaction = { ...watched, historyMs: 60 * MINUTE, historyOf: new Map([['/core/configmaps/', 0]]) };
    api = await startWorld({ storageOptions: { compaction } });
    for (const path of [MAPS, SECRETS]) await api.send('POST', path, { body: { metadata: { name: 'one' } } });
    for (let i = 0; i < 6; i++) {
      await api.clock.advance(MINUTE);
      const body = { metadata: { labels: { step: String(i) } } };
      for (const path of [MAPS, SECRETS]) await api.send('PATCH', `${path}/one`, { body, contentType });
    }
    await api.clock.advance(2 * MINUTE);
  });
  after(() => api.stop());

  it('is told for each resource as it is', async () => {
    const oldest = (await api.get<Retained>(`${MAPS}/one/history`)).retainedSince.resourceVersion;
    assert.ok(Number(oldest) > 5, oldest);
    const told = new RegExp(`^asOf -7m lies before what is kept: .* is resourceVersion ${oldest} of 2026-01-01T00:0`);
    await assert.rejects(api.get(`${MAPS}/one?asOf=-7m`), refused(410, told));
    await assert.rejects(api.get(`${MAPS}?asOf=-7m`), refused(410, told));
    const exact = `resourceVersion=5&resourceVersionMatch=Exact`;
    await assert.rejects(api.get(`${MAPS}/one?${exact}`), refused(410, /^resourceVersion 5 lies before what is kept/));
    const other = await api.get<ConfigMap>(`${SECRETS}/one?asOf=-7m`);
    assert.equal(other.metadata.labels?.step, '0');
    assert.equal((await api.get<Retained>(`${SECRETS}/one/history`)).retainedSince.resourceVersion, '1');
  });

  it('shortens the histories and lists of changes that it is for, and no others', async () => {
    assert.equal((await api.history(`${SECRETS}/one`)).length, 7);
    const own = await api.history(`${MAPS}/one`);
    assert.ok(own.length < 7, String(own.length));
    const kinds = (await api.changes('from=-1h')).map(({ object }) => object.kind);
    assert.equal(kinds.filter((kind) => kind === 'Secret').length, 7);
    assert.equal(kinds.filter((kind) => kind === 'ConfigMap').length, own.length);
    assert.equal((await api.changes('resource=configmaps&from=-1h')).length, own.length);
  });

  it('has no history left of what is gone', async () => {
    await api.send('DELETE', `${MAPS}/one`);
    assert.equal((await api.history(`${MAPS}/one`))[0]?.operation, 'delete');
    for (let i = 0; i < 4; i++) {
      await api.clock.advance(2 * MINUTE);
      const body = { metadata: { labels: { step: `later-${i}` } } };
      await api.send('PATCH', `${SECRETS}/one`, { body, contentType });
    }
    await api.clock.advance(5 * MINUTE);
    await assert.rejects(api.history(`${MAPS}/one`), refused(404, /^configmaps "one" not found$/));
  });
});

interface Retained extends ConfigMap {
  retainedSince: { resourceVersion: string };
}
