// history, blame, diff, get and timeline against a real server.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { configMaps, events, namespaces } from '../../src/api/resources.ts';
import type { ConfigMap } from '../../src/api/types/core/v1.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { httpsTransport } from '../../src/client/https-transport.ts';
import { compare, difference } from '../../src/history/diff.ts';
import { type GetOptions, getAt } from '../../src/history/get.ts';
import { parseMoment } from '../../src/history/moment.ts';
import { createPast, NoHistory, type ObjectName } from '../../src/history/past.ts';
import { objectNamed, type Session } from '../../src/history/session.ts';
import { blameData, blamedLines, blameLines } from '../../src/history/show-blame.ts';
import { historyLines } from '../../src/history/show-history.ts';
import { plain } from '../../src/history/text.ts';
import { timelineLines, timelineOf } from '../../src/history/timeline.ts';
import { type SessionServer, startSessionServer } from '../support/session.ts';

let server: SessionServer;
let alice: Session;
let mallory: Session;
/** resourceVersions of the states of configmap/settings, the oldest first. */
const states: string[] = [];
let settings: ObjectName;

const show = () => ({ now: server.clock.now(), paint: plain });

before(async () => {
  server = await startSessionServer(['default', 'shop']);
  alice = await server.as('alice');
  mallory = await server.as('mallory');
  settings = await objectNamed(alice, ['cm', 'settings']);
  const patch = async (session: Session, body: unknown) => {
    await server.clock.advance(60_000);
    const options = { fieldManager: `${session === alice ? 'kubectl' : 'script'}` };
    const patched = await session.client.patch(configMaps, 'default', 'settings', { type: 'merge', body }, options);
    states.push(patched.metadata.resourceVersion as string);
  };
  const created = await alice.client.create<ConfigMap>(configMaps, {
    metadata: { name: 'settings', namespace: 'default' },
    data: { colour: 'red', size: '1' },
  });
  states.push(created.metadata.resourceVersion as string);
  await patch(mallory, { data: { colour: 'black' } });
  await patch(alice, { data: { size: '2' } });
  await server.clock.advance(60_000);
});
after(() => server.stop());

test('history is told newest first, with who, by what and what', async () => {
  const [head, ...lines] = historyLines(await alice.past.history(settings), show());
  assert.match(head as string, /^REVISION +TIME +AGE +USER +BY +REQUEST +CHANGES$/);
  assert.deepEqual(
    lines.map((line) => line.split(/ {3,}/)),
    [
      [states[2], '2026-01-01T00:02:00.000Z', '60s', 'alice', 'kubectl', 'patch', '.data.size: "1" → "2"'],
      [states[1], '2026-01-01T00:01:00.000Z', '2m', 'mallory', 'script', 'patch', '.data.colour: red → black'],
      [states[0], '2026-01-01T00:00:00.000Z', '3m', 'alice', 'test', 'create', 'created'],
    ].map((row) => row.map(String)),
  );
});

test('each changed field has a line of its own when asked for, and a limit is told', async () => {
  const found = await alice.past.history(settings, { limit: 1 });
  const lines = historyLines(found, { ...show(), changes: true });
  assert.deepEqual(lines.slice(2), ['    .data.size: "1" → "2"', 'older ones are left out: --limit shows more']);
});

test('spans are given as revisions and as times', async () => {
  const revisions = async (from?: string, to?: string) => {
    const end = (text: string | undefined) => (text === undefined ? undefined : parseMoment('x', text));
    const { items } = await alice.past.history(settings, { from: end(from), to: end(to) });
    return items.map(({ resourceVersion }) => resourceVersion);
  };
  assert.deepEqual(await revisions(states[1]), [states[2], states[1]]);
  assert.deepEqual(await revisions(undefined, states[1]), [states[1], states[0]]);
  assert.deepEqual(await revisions('90s'), [states[2]]);
  assert.deepEqual(await revisions('150s', '90s'), [states[1]]);
});

test('blame names the newest who set each field', async () => {
  const lines = await blamedLines(alice.past, settings);
  const by = Object.fromEntries(lines.map(({ text, revision }) => [text.trim(), revision?.user]));
  assert.deepEqual(
    [by['colour: black'], by['size: "2"'], by['data:'], by['name: settings']],
    ['mallory', 'alice', 'alice', 'alice'],
  );
  assert.match(
    blameLines(lines, show()).find((line) => line.includes('colour')) as string,
    new RegExp(`^${states[1]} +2m +mallory \\(script\\) +│   colour: black$`),
  );
  assert.deepEqual(Object.keys(blameData(lines)[0] as object), ['line', 'field', 'revision']);
});

test('blame of what is gone says where to look', async () => {
  await assert.rejects(
    blamedLines(alice.past, { ...settings, name: 'gone' }),
    /there is no configmap\/gone in default now: "tsukube history"/,
  );
});

const differs = async (from?: string, to?: string) => {
  const end = (text: string | undefined) => (text === undefined ? undefined : parseMoment('x', text));
  const { lines, differs } = compare(await difference(alice.past, settings, { from: end(from), to: end(to) }), {
    paint: plain,
    status: false,
  });
  return { differs, lines: lines.filter((line) => /^[-+]/.test(line)) };
};

test('diff: the last change, with who made it', async () => {
  const { differs: differ, lines } = await differs();
  assert.equal(differ, true);
  assert.deepEqual(lines, [
    `--- configmap/settings\tbefore revision ${states[2]}`,
    `+++ configmap/settings\trevision ${states[2]}, by alice at 2026-01-01T00:02:00.000Z`,
    '-  size: "1"',
    '+  size: "2"',
  ]);
});

test('diff: between moments, until one, since one, and of creation', async () => {
  assert.deepEqual((await differs(states[0], states[1])).lines.slice(2), ['-  colour: red', '+  colour: black']);
  assert.deepEqual((await differs(undefined, '90s')).lines.slice(2), ['-  colour: red', '+  colour: black']);
  assert.deepEqual((await differs('150s')).lines, [
    '--- configmap/settings\t150s ago',
    '+++ configmap/settings\tnow',
    '-  colour: red',
    '-  size: "1"',
    '+  colour: black',
    '+  size: "2"',
  ]);
  const creation = (await differs(undefined, states[0])).lines;
  assert.ok(creation.includes('+kind: ConfigMap') && !creation.some((line) => line.startsWith('-  ')));
  assert.deepEqual(await differs(states[2], states[2]), { differs: false, lines: [] });
});

test('diff and history of what was never there are told as kubectl tells it', async () => {
  const never = { ...settings, name: 'never' };
  const message = /configmaps "never" not found/;
  await assert.rejects(difference(alice.past, never, {}), message);
  await assert.rejects(difference(alice.past, never, { from: parseMoment('from', '1m') }), message);
  await assert.rejects(alice.past.history(never), message);
});

const got = async (words: string[], options: Partial<GetOptions> & { moment?: string } = {}) => {
  const { moment, ...rest } = options;
  const at = moment === undefined ? undefined : parseMoment('at', moment);
  const answer = await getAt(alice, words, { at, allNamespaces: false, output: undefined, ...rest });
  return { ...answer, text: answer.lines(plain) };
};

test('get shows the server’s table as of then, and says when there was nothing', async () => {
  const { text } = await got(['cm'], { moment: '150s' });
  assert.deepEqual(
    text.map((line) => line.split(/ {3,}/)),
    [
      ['NAME', 'DATA', 'AGE'],
      ['settings', '2', '30s'],
    ],
  );
  const none = await got(['secrets'], { moment: '150s' });
  assert.deepEqual([none.text, none.empty], [[], 'No resources found in default namespace at 150s ago']);
  const everywhere = await got(['sa'], { allNamespaces: true, moment: states[0] as string });
  assert.deepEqual(
    everywhere.text.map((line) => line.split(/ +/)[0]),
    ['NAMESPACE', 'default', 'shop'],
  );
});

test('get gives objects, lists and names as of then', async () => {
  const colourOf = (data: unknown) => (data as ConfigMap).data?.colour;
  assert.equal(colourOf((await got(['cm/settings'], { moment: '150s', output: 'yaml' })).data()), 'red');
  assert.equal(
    colourOf((await got(['cm', 'settings'], { moment: states[1] as string, output: 'json' })).data()),
    'black',
  );
  const list = (await got(['cm'], { moment: states[0] as string, output: 'json' })).data() as {
    kind: string;
    items: ConfigMap[];
  };
  assert.deepEqual([list.kind, list.items.map(colourOf), list.items[0]?.kind], ['List', ['red'], 'ConfigMap']);
  assert.deepEqual((await got(['cm'], { output: 'name' })).text, ['configmap/settings']);
  assert.equal(
    (await got(['cm'], { output: 'name', labelSelector: 'a=b' })).empty,
    'No resources found in default namespace',
  );
});

const REFUSED: readonly [string, string[], Partial<GetOptions> & { moment?: string }, RegExp][] = [
  [
    'an object that was not there',
    ['cm', 'settings'],
    { moment: '1', output: 'yaml' },
    /configmaps "settings" not found/,
  ],
  ['the same as a table', ['cm', 'settings'], { moment: '1' }, /configmaps "settings" not found/],
  ['too many words', ['cm', 'a', 'b'], {}, /name one kind and at most one object/],
  ['too many parts', ['a/b/c'], {}, /neither KIND nor KIND\/NAME/],
  ['several kinds', ['cm,secrets'], {}, /name one kind at a time, not "cm,secrets"/],
  ['no kind', ['/x'], {}, /name a kind/],
  ['a name with a selector', ['cm', 'a'], { labelSelector: 'a=b' }, /goes with no selector/],
  ['a kind that is none', ['nonsense'], {}, /doesn't have a resource type "nonsense"/],
  ['a time to come', ['cm'], { moment: '2030-01-01T00:00:00Z' }, /lies in the future/],
  ['a time before what is kept', ['cm'], { moment: '10d' }, /lies before what is kept: the oldest/],
];
for (const [what, words, options, message] of REFUSED) {
  test(`get refuses ${what}`, () => assert.rejects(got(words, options), message));
}

test('one object must be named', async () => {
  await assert.rejects(objectNamed(alice, ['cm']), /name one object: KIND NAME or KIND\/NAME/);
  await assert.rejects(objectNamed(alice, ['cm/a', 'b']), /name one object/);
});

test('a timeline has changes and Events by time, of a namespace that is gone, too', async () => {
  const shop = await server.as('alice', { namespace: 'shop' });
  await server.clock.advance(1_000);
  await shop.client.create(configMaps, { metadata: { name: 'a', namespace: 'shop' } });
  await server.clock.advance(1_000);
  const seen = new Date(server.clock.now()).toISOString().replace('.000', '');
  await shop.client.create(events, {
    metadata: { name: 'a.1', namespace: 'shop' },
    involvedObject: { kind: 'ConfigMap', name: 'a', namespace: 'shop' },
    reason: 'Noticed',
    message: 'it was \u001b[31mseen',
    type: 'Warning',
    source: { component: 'watcher' },
    firstTimestamp: seen,
    lastTimestamp: seen,
  } as never);
  await server.clock.advance(2_000);
  await mallory.client.delete(configMaps, 'shop', 'a');
  const told = async () =>
    timelineLines(await timelineOf(alice.past, { namespace: 'shop', limit: 100 }), show())
      .slice(-3)
      .map((line) => line.split(/ {3,}/).slice(-3));
  const expected = [
    ['alice (test)', 'configmap/a', 'created'],
    ['watcher', 'configmap/a', 'Warning Noticed: it was \\x1b[31mseen'],
    ['mallory (test)', 'configmap/a', 'deleted'],
  ];
  assert.deepEqual(await told(), expected);
  const { entries, more } = await timelineOf(alice.past, { namespace: 'shop', limit: 2 });
  assert.deepEqual([entries.length, more], [2, true]);
  // As the namespace controller leaves it, Events gone.
  await mallory.client.delete(namespaces, undefined, 'shop');
  await alice.client.delete(events, 'shop', 'a.1');
  const { items } = await timelineOf(alice.past, { namespace: 'shop', limit: 100 }).then(({ entries: all }) => ({
    items: all,
  }));
  assert.ok(items.some((entry) => 'change' in entry && entry.change.object.kind === 'Namespace'));
});

test('a timeline goes without the Events that are not kept any more, and stops at other errors', async () => {
  const to = parseMoment('to', states[2] as string);
  const answering = (reason: string): Session['past'] => ({
    ...alice.past,
    listAt: async (type, where, at) => {
      if (at) throw new StatusError({ code: 410, reason, message: 'given up' });
      return await alice.past.listAt(type, where);
    },
  });
  const { entries } = await timelineOf(answering('Expired'), { namespace: 'default', to, limit: 100 });
  assert.ok(entries.some((entry) => 'change' in entry && entry.change.resourceVersion === states[2]));
  await assert.rejects(timelineOf(answering('Gone'), { namespace: 'default', to, limit: 100 }), /given up/);
});

test('who may not see an object may not see its past', async () => {
  const nobody = await server.as('nobody', { groups: ['system:authenticated'] });
  await assert.rejects(nobody.past.history(settings), /forbidden: User "nobody" cannot get resource "configmaps/);
  await assert.rejects(nobody.past.listAt(configMaps, { namespace: 'default' }), /forbidden/);
  assert.deepEqual((await nobody.past.changes({})).items, []);
});

test('a server without history is told, instead of its present shown as the past', async (t) => {
  const other = createServer((request, response) => {
    response.statusCode = request.url?.includes('/changes') ? 404 : 200;
    response.end(JSON.stringify({ kind: 'ConfigMapList', metadata: {}, items: [] }));
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const transport = httpsTransport({ server: url });
  t.after(async () => {
    await transport.close();
    await new Promise((resolve) => other.close(resolve));
  });
  const past = createPast(transport, url);
  const moment = parseMoment('at', '10m');
  for (const ask of [
    () => past.history(settings),
    () => past.changes({}),
    () => past.objectAt(settings, moment),
    () => past.listAt(configMaps, {}, moment),
  ]) {
    await assert.rejects(
      ask(),
      (error: Error) => error instanceof NoHistory && error.message.startsWith(`${url} keeps no history`),
    );
  }
});

test('updates of nothing but status are counted, and shown when asked for', () => {
  const revision = (resourceVersion: string, path: string) => ({
    resourceVersion,
    time: '2026-01-01T00:00:00.000Z',
    operation: 'update' as const,
    verb: 'update',
    user: 'alice',
    uid: 'u',
    changes: [{ op: 'replace' as const, path, from: 1, to: 2 }],
  });
  const items = [revision('3', '.status.replicas'), revision('2', '.spec.replicas'), revision('1', '.status.replicas')];
  const found = { items, retainedSince: { resourceVersion: '1' }, more: false };
  const numbers = (lines: string[]) =>
    lines.map((line) => line.split(' ')[0]).filter((word) => /^\d$/.test(word ?? ''));
  const brief = historyLines(found, show());
  assert.deepEqual(numbers(brief), ['2', '2']);
  assert.ok(brief.includes('2 updates of status are left out: --all shows them'), brief.join('\n'));
  assert.deepEqual(numbers(historyLines(found, { ...show(), all: true })), ['3', '2', '1']);

  const object = { apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments', name: 'web' };
  const entries = items.slice(0, 2).map((change) => ({ time: change.time, change: { ...change, object } }));
  const timeline = timelineLines({ entries, more: false }, show());
  assert.equal(timeline.at(-1), '1 update of status is left out: --all shows them');
  assert.equal(timelineLines({ entries, more: false }, { ...show(), all: true }).length, 3);
});
