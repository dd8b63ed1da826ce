// Properties of the API as its clients see it, over HTTP/2 and each driver: whoever lists and watches, through whatever
// selector and however often cut off, holds what a list shows; pages add up to one state; deletion follows its rules.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DRIVERS } from '../../storage/drivers.ts';
import { holds } from '../../support/property.ts';
import { idOf, type Observer, observe } from './observer.ts';
import { makeNamespace, namesOf, type RuleApi, revisionOf, startRuleServer } from './rule.ts';
import { PROTOCOLS } from './wire.ts';

const MERGE = 'application/merge-patch+json';
const HTTP2 = PROTOCOLS[1]!;

const name = fc.nat(4);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('put' as const), name, keep: fc.boolean(), text: fc.nat(3) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reconnect' as const), observer: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bookmarks' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pages' as const), limit: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('together' as const), text: fc.nat(9) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const SELECTORS: readonly Record<string, string>[] = [
  {},
  { labelSelector: 'keep=yes' },
  { fieldSelector: 'metadata.name=c1' },
  { labelSelector: 'keep!=yes' },
];

async function put(api: RuleApi, at: string, keep: boolean, text: string): Promise<void> {
  const body = { metadata: { name: at, labels: { keep: keep ? 'yes' : 'no' } }, data: { text } };
  const { code } = await api.send('PATCH', `${api.path('configmaps')}/${at}`, body, MERGE);
  if (code === 404) await api.expect(201, 'POST', api.path('configmaps'), body);
  else assert.equal(code, 200);
}

/** Reads page after page, with a write in between, and compares with the state of the first one's revision. */
async function readPages(api: RuleApi, limit: number): Promise<void> {
  const path = api.path('configmaps');
  const names: (string | undefined)[] = [];
  let revision = 0;
  let token = '';
  for (let page = 0; page === 0 || token; page++) {
    const list = await api.expect(
      200,
      'GET',
      `${path}?${new URLSearchParams({ limit: String(limit), continue: token })}`,
    );
    revision ||= revisionOf(list);
    assert.equal(revisionOf(list), revision);
    assert.ok(list.items.every((item) => revisionOf(item) <= revision));
    names.push(...namesOf(list));
    token = list.metadata.continue ?? '';
    await put(api, `c${page % 5}`, page % 2 === 0, String(page));
  }
  const exact = { resourceVersion: String(revision), resourceVersionMatch: 'Exact' };
  assert.deepEqual(names, namesOf(await api.expect(200, 'GET', `${path}?${new URLSearchParams(exact)}`)));
}

async function take(api: RuleApi, observers: readonly Observer[], what: Step): Promise<void> {
  if (what.do === 'put') await put(api, `c${what.name}`, what.keep, String(what.text));
  else if (what.do === 'delete') await api.send('DELETE', `${api.path('configmaps')}/c${what.name}`);
  else if (what.do === 'reconnect') await observers[what.observer]?.reconnect();
  else if (what.do === 'bookmarks') await api.clock.advance(60_000);
  else if (what.do === 'pages') await readPages(api, what.limit);
  else {
    const writes = [0, 1, 2].map((i) => put(api, `c${i}`, i % 2 === 0, `${what.text}`).catch(() => undefined));
    await Promise.all([...writes, ...observers.map((observer) => observer.reconnect())]);
  }
}

/** One object under finalizers: what is there, and whether it is going. */
type Held = { finalizers: string[]; going: boolean } | undefined;

const FINALIZERS = ['example.com/a', 'example.com/b'];
const finalizers = fc.subarray(FINALIZERS);
const act = fc.oneof(
  fc.record({ do: fc.constant('create' as const), finalizers }),
  fc.record({ do: fc.constant('delete' as const) }),
  fc.record({ do: fc.constant('set' as const), finalizers }),
  fc.record({ do: fc.constant('write' as const), text: fc.nat(5) }),
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** What the rules 36-43 say comes of it: the code, the object afterwards and the event. */
function foretell(held: Held, what: Act): { code: number; next: Held; event?: string } {
  if (what.do === 'create') {
    return held ? { code: 409, next: held } : { code: 201, next: { ...what, going: false }, event: 'ADDED' };
  }
  if (!held) return { code: 404, next: held };
  if (what.do === 'write') return { code: 200, next: held, event: 'MODIFIED' };
  if (what.do === 'delete') {
    if (held.finalizers.length === 0) return { code: 200, next: undefined, event: 'DELETED' };
    return held.going ? { code: 200, next: held } : { code: 200, next: { ...held, going: true }, event: 'MODIFIED' };
  }
  const added = what.finalizers.some((finalizer) => !held.finalizers.includes(finalizer));
  if (held.going && added) return { code: 422, next: held };
  if (held.going && what.finalizers.length === 0) return { code: 200, next: undefined, event: 'DELETED' };
  const same = what.finalizers.length === held.finalizers.length && !added;
  return { code: 200, next: { ...held, finalizers: what.finalizers }, ...(same ? {} : { event: 'MODIFIED' }) };
}

async function perform(api: RuleApi, what: Act, i: number): Promise<number> {
  const path = `${api.path('configmaps')}/a`;
  if (what.do === 'delete') return (await api.send('DELETE', path)).code;
  if (what.do === 'create') {
    const metadata = { name: 'a', finalizers: what.finalizers };
    return (await api.send('POST', api.path('configmaps'), { metadata })).code;
  }
  const body =
    what.do === 'set' ? { metadata: { finalizers: what.finalizers } } : { data: { text: `${i}.${what.text}` } };
  return (await api.send('PATCH', path, body, MERGE)).code;
}

for (const driver of DRIVERS) {
  describe(`properties over ${driver.name}`, () => {
    it('who lists and watches holds what a list shows, through any selector and cut off at any moment', async (t) => {
      const server = await startRuleServer(t, { driver, protocol: HTTP2 });
      let run = 0;
      const arbitrary = fc.array(step, { minLength: 10, maxLength: 40 });
      await holds(t, { runs: 12, arbitrary }, async (steps) => {
        const api = await server.api(t, `run-${run++}`);
        await makeNamespace(api, api.namespace);
        const path = api.path('configmaps');
        const observers = await Promise.all(SELECTORS.map((selector) => observe(api, path, selector)));
        for (const what of steps) await take(api, observers, what);
        const { revision } = api.server.storage;
        for (const [i, observer] of observers.entries()) {
          await observer.caughtUp(revision);
          const { items } = await api.expect(200, 'GET', `${path}?${new URLSearchParams(SELECTORS[i])}`);
          const listed = items.map((item) => [idOf(item), { kind: 'ConfigMap', apiVersion: 'v1', ...item }] as const);
          assert.deepEqual(observer.held, new Map(listed));
          observer.close();
        }
      });
    });

    it('creation, deletion and finalizers follow the rules, answer by answer and event by event', async (t) => {
      const server = await startRuleServer(t, { driver, protocol: HTTP2 });
      let run = 0;
      const arbitrary = fc.array(act, { minLength: 5, maxLength: 25 });
      await holds(t, { runs: 20, arbitrary }, async (acts) => {
        const api = await server.api(t, `run-${run++}`);
        await makeNamespace(api, api.namespace);
        const path = api.path('configmaps');
        const stream = await api.watch(path, { resourceVersion: String(api.server.storage.revision) });
        let held: Held;
        for (const [i, what] of acts.entries()) {
          const before = api.server.storage.revision;
          const { code, next, event } = foretell(held, what);
          assert.equal(await perform(api, what, i), code, `${JSON.stringify(what)} on ${JSON.stringify(held)}`);
          assert.equal(api.server.storage.revision - before, event ? 1 : 0);
          if (event) assert.equal((await stream.next())?.type, event);
          held = next;
          const { code: found, body } = await api.send('GET', `${path}/a`);
          assert.equal(found, held ? 200 : 404);
          if (!held) continue;
          assert.deepEqual(body.metadata.finalizers ?? [], held.finalizers);
          assert.equal(body.metadata.deletionTimestamp !== undefined, held.going);
        }
        stream.close();
      });
    });
  });
}
