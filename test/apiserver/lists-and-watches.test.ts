// Lists and watches through the loopback, on a clock that stands still.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps } from '../../src/api/resources.ts';
import type { KubeObject, List, WatchEvent } from '../../src/apimachinery/meta.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { ADMIN, startTestServer, type TestServer } from '../support/server.ts';

const PATH = '/api/v1/namespaces/default/configmaps';

interface Fixture {
  api: TestServer;
  clock: FakeClock;
  create(name: string, labels?: Record<string, string>): Promise<KubeObject>;
  list(query: Record<string, string>): Promise<List>;
  /** Starts a watch; `events` fills as they come. */
  watch(query: Record<string, string>): { events: WatchEvent[]; ended: Promise<void>; stop(): void };
}

async function withServer(run: (fixture: Fixture) => Promise<void>): Promise<void> {
  const clock = fakeClock();
  const api = await startTestServer({ clock });
  const transport = api.server.transport(ADMIN);
  const fixture: Fixture = {
    api,
    clock,
    create: (name, labels = {}) => api.client.create(configMaps, { metadata: { name, namespace: 'default', labels } }),
    list: async (query) =>
      (await transport.request({ method: 'GET', path: PATH, query: new URLSearchParams(query) })) as unknown as List,
    watch(query) {
      const abort = new AbortController();
      const events: WatchEvent[] = [];
      const parameters = new URLSearchParams({ watch: '1', ...query });
      const request = { method: 'GET' as const, path: PATH, query: parameters, signal: abort.signal };
      const ended = (async () => {
        for await (const event of transport.stream(request)) events.push(event);
      })();
      return { events, ended, stop: () => abort.abort() };
    },
  };
  try {
    await run(fixture);
  } finally {
    await api.stop();
  }
}

const seen = (events: readonly WatchEvent[]) =>
  events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`);
const names = (list: List) => list.items.map((item) => item.metadata.name);

test('pages of a list are of one revision and say how much is left', () =>
  withServer(async ({ create, list }) => {
    for (const name of ['a', 'b', 'c']) await create(name);
    const first = await list({ limit: '2' });
    assert.deepEqual(names(first), ['a', 'b']);
    assert.equal(first.metadata.remainingItemCount, 1);
    await create('ab');
    const second = await list({ limit: '2', continue: first.metadata.continue as string });
    assert.deepEqual(names(second), ['c']);
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.equal(second.metadata.continue, undefined);
  }));

test('a list at an exact revision shows that state, one in the future waits and gives up', () =>
  withServer(async ({ create, list, clock }) => {
    const made = await create('a');
    await create('b');
    const resourceVersion = made.metadata.resourceVersion as string;
    assert.deepEqual(names(await list({ resourceVersion, resourceVersionMatch: 'Exact' })), ['a']);
    const future = list({ resourceVersion: '1000' });
    const refusal = assert.rejects(future, (error) => error instanceof StatusError && error.code === 504);
    await clock.advance(3_000);
    await refusal;
  }));

const refusedLists: [query: Record<string, string>, code: number][] = [
  [{ resourceVersionMatch: 'Exact' }, 422],
  [{ resourceVersion: '0', resourceVersionMatch: 'Exact' }, 422],
  [{ resourceVersion: '1', resourceVersionMatch: 'Other' }, 422],
  [{ sendInitialEvents: 'true' }, 422],
  [{ resourceVersion: 'x' }, 400],
  [{ limit: 'x' }, 400],
  [{ continue: 'x' }, 400],
  [{ labelSelector: 'a in' }, 400],
  [{ fieldSelector: 'spec.none=x' }, 400],
];

for (const [query, code] of refusedLists) {
  test(`list with ${JSON.stringify(query)} is ${code}`, () =>
    withServer(async ({ list }) => {
      await assert.rejects(list(query), (error) => error instanceof StatusError && error.code === code);
    }));
}

test('a watch from a revision tells everything later, in order, and no more', () =>
  withServer(async ({ api, create, watch, clock }) => {
    const first = await create('a');
    const watching = watch({ resourceVersion: first.metadata.resourceVersion as string });
    await create('b');
    await api.client.patch(configMaps, 'default', 'a', { type: 'merge', body: { data: { x: '1' } } });
    await api.client.delete(configMaps, 'default', 'b');
    await create('b');
    await clock.advance(0);
    assert.deepEqual(seen(watching.events), ['ADDED b', 'MODIFIED a', 'DELETED b', 'ADDED b']);
    const revisions = watching.events.map(({ object }) => Number(object.metadata.resourceVersion));
    assert.deepEqual(
      revisions,
      revisions.toSorted((x, y) => x - y),
    );
    watching.stop();
    await watching.ended;
  }));

test('a watch list sends what is there, one marked bookmark, then what happens', () =>
  withServer(async ({ create, watch, clock }) => {
    await create('a');
    const watching = watch({
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    });
    await clock.advance(0);
    await create('b');
    await clock.advance(0);
    assert.deepEqual(seen(watching.events), ['ADDED a', 'BOOKMARK ', 'ADDED b']);
    assert.equal(watching.events[1]?.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
    await clock.advance(60_000);
    const last = watching.events.at(-1);
    assert.equal(last?.type, 'BOOKMARK');
    assert.equal(last?.object.metadata.annotations, undefined);
    watching.stop();
    await watching.ended;
  }));

test('objects that begin or cease to match come and go', () =>
  withServer(async ({ api, create, watch, clock }) => {
    const made = await create('a', { keep: 'yes' });
    const query = { labelSelector: 'keep=yes', resourceVersion: made.metadata.resourceVersion as string };
    const watching = watch(query);
    const label = (keep: string) =>
      api.client.patch(configMaps, 'default', 'a', { type: 'merge', body: { metadata: { labels: { keep } } } });
    const left = await label('no');
    await label('never');
    await label('yes');
    await clock.advance(0);
    assert.deepEqual(seen(watching.events), ['DELETED a', 'ADDED a']);
    const [gone] = watching.events;
    assert.equal(gone?.object.metadata.labels?.keep, 'yes', 'the content is the last that matched');
    assert.equal(gone?.object.metadata.resourceVersion, left.metadata.resourceVersion);
    watching.stop();
    await watching.ended;
  }));

test('timeoutSeconds ends a watch without an error', () =>
  withServer(async ({ watch, clock }) => {
    const watching = watch({ timeoutSeconds: '5', resourceVersion: '1' });
    await clock.advance(5_000);
    await watching.ended;
    assert.deepEqual(
      watching.events.filter(({ type }) => type === 'ERROR'),
      [],
    );
  }));

test('stopping the server ends watches', () =>
  withServer(async ({ api, watch, clock }) => {
    const watching = watch({ resourceVersion: '1' });
    await clock.advance(0);
    await api.server.stop();
    await watching.ended;
  }));
