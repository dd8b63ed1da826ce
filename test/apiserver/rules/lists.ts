// Rules 11-18 and 20: lists, their revisions and pages.
import assert from 'node:assert/strict';
import { giveUpHistory } from '../../storage/drivers.ts';
import { EAGER, namesOf, type RuleApi, type RuleCase, revisionOf, take } from './rule.ts';

const at = (path: string, query: Record<string, string | number>): string =>
  `${path}?${new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]))}`;

async function configMaps(api: RuleApi, names: readonly string[]) {
  const made = [];
  for (const name of names) made.push(await api.configMap(name));
  return made;
}

/** Starts a call, waits until the server waits for a revision, and lets its 3 s pass. */
async function afterThreeSeconds(api: RuleApi, path: string) {
  const waits = api.clock.armed(3_000);
  const answer = api.send('GET', path);
  await waits;
  await api.clock.advance(3_000);
  return await answer;
}

export const listRules: readonly RuleCase[] = [
  {
    rules: [11],
    name: 'items are in byte order of namespace/name, in which "a-b/x" is before "a/x"',
    async run(api) {
      const other = `${api.namespace}-b`;
      await api.expect(201, 'POST', '/api/v1/namespaces', { metadata: { name: other } });
      const labels = { of: api.namespace };
      for (const namespace of [api.namespace, other]) {
        for (const name of ['b', 'a.b', 'a', 'a-b']) {
          await api.expect(201, 'POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name, labels } });
        }
      }
      const list = await api.expect(200, 'GET', at('/api/v1/configmaps', { labelSelector: `of=${api.namespace}` }));
      const names = ['a', 'a-b', 'a.b', 'b'];
      assert.deepEqual(
        list.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
        [other, api.namespace].flatMap((namespace) => names.map((name) => `${namespace}/${name}`)),
      );
    },
  },
  {
    rules: [12],
    name: 'resourceVersion, resourceVersionMatch and limit decide which state is listed',
    async run(api) {
      const path = api.path('configmaps');
      const [, b] = await configMaps(api, ['a', 'b']);
      await api.configMap('c');
      const n = revisionOf(b!);
      const newest = ['a', 'b', 'c'];
      const table: [query: Record<string, string | number>, names: string[], exact?: boolean][] = [
        [{}, newest],
        [{ limit: 2 }, ['a', 'b']],
        [{ resourceVersion: 0 }, newest],
        [{ resourceVersion: 0, limit: 2 }, newest], // the watch cache ignores the limit here
        [{ resourceVersion: n }, newest],
        [{ resourceVersion: n, limit: 5 }, ['a', 'b'], true],
        [{ resourceVersion: 0, resourceVersionMatch: 'NotOlderThan' }, newest],
        [{ resourceVersion: n, resourceVersionMatch: 'NotOlderThan' }, newest],
        [{ resourceVersion: n, resourceVersionMatch: 'NotOlderThan', limit: 2 }, ['a', 'b']],
        [{ resourceVersion: n, resourceVersionMatch: 'Exact' }, ['a', 'b'], true],
        [{ resourceVersion: n, resourceVersionMatch: 'Exact', limit: 1 }, ['a'], true],
      ];
      for (const [query, names, exact] of table) {
        const list = await api.expect(200, 'GET', at(path, query));
        assert.deepEqual(namesOf(list), names, JSON.stringify(query));
        assert.equal(revisionOf(list), exact ? n : api.server.storage.revision, JSON.stringify(query));
      }
    },
  },
  {
    rules: [12],
    name: 'options that do not go together are 422 and name the field',
    async run(api) {
      const path = api.path('configmaps');
      await configMaps(api, ['a', 'b']);
      const token = (await api.expect(200, 'GET', at(path, { limit: 1 }))).metadata.continue as string;
      const table: [query: Record<string, string | number>, field: string][] = [
        [{ resourceVersionMatch: 'NotOlderThan' }, 'resourceVersionMatch'],
        [{ resourceVersionMatch: 'Exact' }, 'resourceVersionMatch'],
        [{ resourceVersionMatch: 'Exact', resourceVersion: 0 }, 'resourceVersionMatch'],
        [{ resourceVersionMatch: 'Newest', resourceVersion: 1 }, 'resourceVersionMatch'],
        [{ resourceVersionMatch: 'NotOlderThan', resourceVersion: 0, continue: token }, 'resourceVersionMatch'],
        [{ sendInitialEvents: 'true' }, 'sendInitialEvents'],
      ];
      for (const [query, field] of table) {
        const { reason, details } = await api.expect(422, 'GET', at(path, query));
        assert.deepEqual(
          [reason, details?.kind, details?.group, details?.causes?.[0]?.field],
          ['Invalid', 'ListOptions', 'meta.k8s.io', field],
          JSON.stringify(query),
        );
      }
    },
  },
  {
    rules: [13],
    name: 'an exact list shows that state, contents too, and waits 3 s for one to come',
    async run(api) {
      const path = api.path('configmaps');
      const a = await api.configMap('a', { n: '1' });
      const b = await api.configMap('b');
      const n = revisionOf(b);
      await api.expect(200, 'PUT', `${path}/a`, { ...a, data: { n: '2' } });
      await api.expect(200, 'DELETE', `${path}/b`);
      await api.configMap('c');
      const list = await api.expect(200, 'GET', at(path, { resourceVersion: n, resourceVersionMatch: 'Exact' }));
      assert.equal(revisionOf(list), n);
      assert.deepEqual(
        list.items,
        [
          { ...a, kind: undefined, apiVersion: undefined },
          { ...b, kind: undefined, apiVersion: undefined },
        ].map((item) => JSON.parse(JSON.stringify(item))),
      );
      const future = at(path, { resourceVersion: n + 1_000_000, resourceVersionMatch: 'Exact' });
      const { code, body } = await afterThreeSeconds(api, future);
      assert.deepEqual([code, body.details?.causes?.[0]?.reason], [504, 'ResourceVersionTooLarge']);
    },
  },
  {
    rules: [13],
    name: 'an exact list of a revision that was given up is 410 Expired',
    async run(api) {
      const own = await api.own({ storageOptions: { compaction: EAGER } });
      const [a] = await configMaps(own, ['a', 'b', 'c']);
      await giveUpHistory(own.server.storage, own.clock);
      const query = { resourceVersion: revisionOf(a!), resourceVersionMatch: 'Exact' };
      const { reason, message } = await own.expect(410, 'GET', at(own.path('configmaps'), query));
      assert.deepEqual([reason, message], ['Expired', 'The resourceVersion for the provided list is too old.']);
    },
  },
  {
    rules: [14],
    name: 'a page ends after as many matching items as asked, and says whether there is more',
    async run(api) {
      const path = api.path('configmaps');
      const empty = await api.expect(200, 'GET', path);
      assert.deepEqual([empty.items, empty.metadata.continue], [[], undefined]);
      for (const [i, name] of ['a', 'b', 'c', 'd', 'e'].entries())
        await api.configMap(name, {}, { odd: String(i % 2) });
      const first = await api.expect(200, 'GET', at(path, { limit: 2 }));
      assert.deepEqual([namesOf(first), first.metadata.remainingItemCount], [['a', 'b'], 3]);
      assert.ok(first.metadata.continue);
      const all = await api.expect(200, 'GET', at(path, { limit: 5 }));
      assert.deepEqual(
        [all.items.length, all.metadata.continue, all.metadata.remainingItemCount],
        [5, undefined, undefined],
      );
      const odd = await api.expect(200, 'GET', at(path, { limit: 2, labelSelector: 'odd=1' }));
      assert.deepEqual([namesOf(odd), odd.metadata.remainingItemCount], [['b', 'd'], undefined]);
      const rest = await api.expect(
        200,
        'GET',
        at(path, { limit: 2, labelSelector: 'odd=1', continue: odd.metadata.continue as string }),
      );
      assert.deepEqual([rest.items, rest.metadata.continue], [[], undefined]);
    },
  },
  {
    rules: [15],
    name: 'all pages are of the revision of the first, whatever is written in between',
    async run(api) {
      const path = api.path('configmaps');
      const made = await configMaps(api, ['a', 'b', 'c', 'd']);
      const pages = [await api.expect(200, 'GET', at(path, { limit: 1 }))];
      await api.configMap('aa');
      await api.expect(200, 'DELETE', `${path}/c`);
      await api.expect(200, 'PUT', `${path}/d`, { ...made[3], data: { n: '2' } });
      for (let token = pages[0]!.metadata.continue; token; token = pages.at(-1)!.metadata.continue) {
        pages.push(await api.expect(200, 'GET', at(path, { limit: 1, continue: token })));
      }
      assert.deepEqual(pages.flatMap(namesOf), ['a', 'b', 'c', 'd']);
      assert.deepEqual(pages.at(-1)?.items[0]?.data, undefined);
      assert.equal(new Set(pages.map(revisionOf)).size, 1);
    },
  },
  {
    rules: [15],
    name: 'what is no token is 400, and none leads out of the collection',
    async run(api) {
      const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const v = 'meta.k8s.io/v1';
      for (const text of [
        'x',
        token({}),
        token({ v: 'meta.k8s.io/v0', rv: 1, start: 'a' }),
        token({ v, rv: 0, start: 'a' }),
        token({ v, rv: 1, start: '' }),
        token({ v, rv: 1, start: '../secrets/x' }),
        token({ v, rv: 1, start: '/a' }),
        token({ v, rv: 'x', start: 'a' }),
      ]) {
        const { message } = await api.expect(400, 'GET', at(api.path('configmaps'), { continue: text }));
        assert.match(message ?? '', /continue key is not valid/);
      }
    },
  },
  {
    rules: [16],
    name: 'a token and a resourceVersion of its own are 400',
    async run(api) {
      const path = api.path('configmaps');
      await configMaps(api, ['a', 'b']);
      const { metadata } = await api.expect(200, 'GET', at(path, { limit: 1 }));
      const query = { limit: 1, continue: metadata.continue as string };
      const { message } = await api.expect(400, 'GET', at(path, { ...query, resourceVersion: 5 }));
      assert.equal(message, 'specifying resource version is not allowed when using continue');
      const page = await api.expect(200, 'GET', at(path, { ...query, resourceVersion: 0 }));
      assert.deepEqual(namesOf(page), ['b']);
    },
  },
  {
    rules: [17],
    name: 'a token of a revision that was given up is 410 with a new one, which goes on at the newest state',
    async run(api) {
      const own = await api.own({ storageOptions: { compaction: EAGER } });
      const path = own.path('configmaps');
      await configMaps(own, ['a', 'b', 'c']);
      const { metadata } = await own.expect(200, 'GET', at(path, { limit: 1 }));
      await own.configMap('bb');
      await own.expect(200, 'DELETE', `${path}/c`);
      await giveUpHistory(own.server.storage, own.clock);
      const query = { limit: 5, continue: metadata.continue as string };
      const refusal = await own.expect(410, 'GET', at(path, query));
      assert.equal(refusal.reason, 'Expired');
      assert.match(refusal.message ?? '', /^The provided continue parameter is too old to display a consistent list/);
      const rest = await own.expect(200, 'GET', at(path, { limit: 5, continue: refusal.metadata.continue as string }));
      assert.deepEqual(namesOf(rest), ['b', 'bb']);
      assert.equal(revisionOf(rest), own.server.storage.revision);
    },
  },
  {
    rules: [18, 20],
    name: 'a watch from the revision of any list, empty or limited, brings every later change once',
    async run(api) {
      const path = api.path('configmaps');
      const writes = (async () => {
        for (let i = 0; i < 40; i++) await api.configMap(`c${String(i).padStart(2, '0')}`);
      })();
      const lists = [await api.expect(200, 'GET', path)];
      for (let i = 0; i < 6; i++) lists.push(await api.expect(200, 'GET', at(path, i % 2 ? { limit: 3 } : {})));
      await writes;
      const full = await api.expect(200, 'GET', path);
      for (const list of lists) {
        const revision = revisionOf(list);
        assert.ok(list.items.every((item) => revisionOf(item) <= revision));
        const later = full.items.filter((item) => revisionOf(item) > revision);
        const listed = list.metadata.continue
          ? full.items.filter((item) => revisionOf(item) <= revision).slice(0, 3)
          : full.items.filter((item) => revisionOf(item) <= revision);
        assert.deepEqual(namesOf(list), namesOf({ ...full, items: listed }));
        const stream = await api.watch(path, { resourceVersion: String(revision) });
        const events = await take(stream, later.length);
        assert.deepEqual(
          events.map(({ type, object }) => `${type} ${object.metadata.name}`),
          later.map((item) => `ADDED ${item.metadata.name}`),
        );
        stream.close();
      }
    },
  },
];
