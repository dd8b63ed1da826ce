// Versions of a custom resource that a webhook converts between: what is asked, what is believed, what is told.
import assert from 'node:assert/strict';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import type { ResourceType } from '../../../src/api/definition.ts';
import { services } from '../../../src/api/resources.ts';
import type { CustomResourceDefinition } from '../../../src/api/types/apiextensions/v1.ts';
import type { AnyObject } from '../../../src/apimachinery/meta.ts';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import { customResourceDefinitions } from '../../../src/apiserver/apiextensions/serve.ts';
import { systemClock } from '../../../src/clock.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../../src/pki/certificate.ts';
import { eventually } from '../../support/eventually.ts';
import { ADMIN, startTestServer, type TestServer } from '../../support/server.ts';

const VALIDITY = { notBefore: Date.UTC(2020), notAfter: Date.UTC(2049) };
const GROUP = 'example.com';

interface Crate extends AnyObject {
  /** In v1. */
  hostPort?: string;
  /** In v2, which is stored. */
  host?: string;
  port?: string;
  tier?: string;
}
type Review = { uid: string; desiredAPIVersion: string; objects: Crate[] };

const v1: ResourceType<Crate> = { group: GROUP, version: 'v1', plural: 'crates', kind: 'Crate', namespaced: true };
const v2: ResourceType<Crate> = { ...v1, version: 'v2' };

let authority: KeyPair;
let webhook: https.Server;
let api: TestServer;
const asked: (Review & { url: string | undefined; host: string | undefined })[] = [];
/** What the webhook answers instead of converting. */
let answer: ((review: Review) => unknown) | undefined;

function convert(object: Crate, apiVersion: string): Crate {
  const { hostPort, host, port, ...rest } = object;
  if (apiVersion === `${GROUP}/v1`) return { ...rest, apiVersion, hostPort: `${host}:${port}` };
  const [first = '', second = ''] = (hostPort ?? '').split(':');
  return { ...rest, apiVersion, host: first, port: second };
}

const reviewOf = (response: object) => ({ kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', response });

function converted(
  { uid, desiredAPIVersion, objects }: Review,
  change: (object: Crate) => unknown = (object) => object,
) {
  const convertedObjects = objects.map((object) => change(convert(object, desiredAPIVersion)));
  return reviewOf({ uid, convertedObjects, result: { status: 'Success' } });
}

const text = { type: 'string' as const };
const definition = (clientConfig: object): CustomResourceDefinition =>
  ({
    metadata: { name: `crates.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural: 'crates', kind: 'Crate' },
      conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v3', 'v1'] } },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: false,
          schema: { openAPIV3Schema: { type: 'object', properties: { hostPort: text, tier: text } } },
          selectableFields: [{ jsonPath: '.hostPort' }],
        },
        {
          name: 'v2',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { host: text, port: text, tier: { ...text, default: 'low' } },
            },
          },
        },
      ],
    },
  }) as unknown as CustomResourceDefinition;

before(async () => {
  authority = await createAuthority('webhooks', VALIDITY);
  const names = { dnsNames: ['converter.default.svc', 'localhost'], usages: ['server' as const] };
  const serving = await issueCertificate(authority, { commonName: 'converter', ...names, ...VALIDITY });
  webhook = https.createServer(serving, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { request: review } = JSON.parse(Buffer.concat(chunks).toString()) as { request: Review };
      asked.push({ ...review, url: request.url, host: request.headers.host });
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer ? answer(review) : converted(review)));
    });
  });
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  api = await startTestServer({ clock: systemClock });
  await api.client.create(services, {
    metadata: { name: 'converter', namespace: 'default' },
    spec: { type: 'ExternalName', externalName: '127.0.0.1' },
  });
  const { port } = webhook.address() as AddressInfo;
  const service = { namespace: 'default', name: 'converter', port, path: '/crates' };
  const caBundle = Buffer.from(authority.cert).toString('base64');
  await api.client.create(customResourceDefinitions, definition({ service, caBundle }) as never);
  await eventually('the type to be served', () => api.server.catalogue.find(GROUP, 'v2', 'crates'));
});
after(async () => {
  await api.stop();
  webhook.closeAllConnections();
  webhook.close();
});
beforeEach(() => {
  answer = undefined;
  asked.length = 0;
});

const crate = (name: string, fields: Partial<Crate>): Crate => ({
  metadata: { name, namespace: 'default' },
  ...fields,
});

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => assert.fail('it was not refused'),
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof StatusError, String(error));
  assert.equal(error.code, 500);
  return error.message;
}

test('what is written in one version is stored in another and read in both', async () => {
  const made = await api.client.create(v1, crate('a', { hostPort: 'one:1' }));
  assert.deepEqual([made.apiVersion, made.hostPort, made.host], ['example.com/v1', 'one:1', undefined]);
  assert.deepEqual(
    asked.map(({ desiredAPIVersion, url }) => [desiredAPIVersion, url]),
    [
      ['example.com/v2', '/crates?timeout=30s'],
      ['example.com/v1', '/crates?timeout=30s'],
    ],
  );
  assert.match(asked[0]?.host ?? '', /^converter\.default\.svc:\d+$/);
  asked.length = 0;
  const stored = await api.client.get(v2, 'default', 'a');
  assert.deepEqual([stored.host, stored.port, stored.hostPort], ['one', '1', undefined]);
  assert.equal(stored.tier, 'low', 'the default of the stored version');
  assert.equal(stored.metadata.uid, made.metadata.uid);
  for (let i = 0; i < 3; i++) await api.client.get(v1, 'default', 'a');
  assert.equal(asked.length, 0, 'a view is made once: for the answer to the create');
});

test('updates, patches and deletions go through the webhook', async () => {
  const made = await api.client.create(v1, crate('b', { hostPort: 'two:2' }));
  const changed = await api.client.update(v1, { ...made, hostPort: 'two:3' });
  assert.equal(changed.hostPort, 'two:3');
  const path = `/apis/${GROUP}/v1/namespaces/default/crates/b`;
  const transport = api.server.transport(ADMIN);
  const patched = (await transport.request({
    method: 'PATCH',
    path,
    body: { hostPort: 'two:4' },
    contentType: 'application/merge-patch+json',
  })) as Crate;
  assert.equal(patched.hostPort, 'two:4');
  assert.equal((await api.client.get(v2, 'default', 'b')).port, '4');
  await transport.request({ method: 'DELETE', path });
  assert.equal(
    (await api.client.list(v2, { namespace: 'default' })).items.filter(({ metadata }) => metadata.name === 'b').length,
    0,
  );
});

test('lists convert together, select by converted fields, and keep to their limit', async () => {
  for (const port of ['7', '8', '9']) await api.client.create(v2, crate(`c${port}`, { host: 'three', port }));
  asked.length = 0;
  const { items } = await api.client.list(v1, { namespace: 'default' });
  assert.deepEqual(
    items.map(({ hostPort }) => hostPort).filter((one) => one?.startsWith('three')),
    ['three:7', 'three:8', 'three:9'],
  );
  assert.equal(asked.length, 1);
  const chosen = await api.client.list(v1, { namespace: 'default', fieldSelector: 'hostPort=three:8' });
  assert.deepEqual(
    chosen.items.map(({ metadata }) => metadata.name),
    ['c8'],
  );
  const transport = api.server.transport(ADMIN);
  const path = `/apis/${GROUP}/v1/crates`;
  const names: (string | undefined)[] = [];
  let next = '';
  do {
    const query = new URLSearchParams({ limit: '1', fieldSelector: 'hostPort!=three:8', continue: next });
    const page = (await transport.request({ method: 'GET', path, query })) as unknown as {
      metadata: { continue?: string };
      items: Crate[];
    };
    assert.equal(page.items.length, 1);
    names.push(page.items[0]?.metadata.name);
    next = page.metadata.continue ?? '';
  } while (next);
  assert.deepEqual(names, ['a', 'c7', 'c9']);
});

test('watches show converted objects, also those that go out of sight', async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    const events = api.server.transport(ADMIN).stream({
      method: 'GET',
      path: `/apis/${GROUP}/v1/namespaces/default/crates`,
      query: new URLSearchParams({
        watch: 'true',
        sendInitialEvents: 'true',
        resourceVersionMatch: 'NotOlderThan',
        fieldSelector: 'hostPort=four:1',
      }),
      signal: stop.signal,
    });
    for await (const { type, object } of events) seen.push(`${type} ${(object as Crate).hostPort}`);
  })().catch(() => undefined);
  const made = await api.client.create(v2, crate('d', { host: 'four', port: '1' }));
  await eventually('the first event', () => seen.length === 1);
  await api.client.update(v2, { ...made, port: '2' });
  await eventually('the second event', () => seen.length === 2);
  stop.abort();
  await watching;
  assert.deepEqual(seen, ['ADDED four:1', 'DELETED four:1']);
});

test('labels and annotations may be changed, the rest of the metadata stays', async () => {
  answer = (review) =>
    converted(review, (object) => ({
      ...object,
      metadata: { ...object.metadata, labels: { by: 'webhook' }, finalizers: ['example.com/x'], generation: 9 },
    }));
  const made = await api.client.create(v1, crate('e', { hostPort: 'five:5' }));
  assert.deepEqual(made.metadata.labels, { by: 'webhook' });
  assert.equal(made.metadata.finalizers, undefined);
  assert.equal(made.metadata.generation, 1);
});

const PREFIX = 'conversion webhook for example.com/v1, Kind=Crate ';
const REFUSALS: [string, (review: Review) => unknown, string | RegExp][] = [
  [
    'another uid',
    (review) => converted({ ...review, uid: 'x' }),
    /^failed: expected response\.uid="[0-9a-f-]{36}", got "x"$/,
  ],
  [
    'no review',
    () => ({}),
    'failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /, Kind=',
  ],
  ['no response', () => ({ ...reviewOf({}), response: undefined }), 'failed: no response provided'],
  [
    'a failure with its message',
    ({ uid }) => reviewOf({ uid, result: { status: 'Failure', message: 'cannot' } }),
    'failed: cannot',
  ],
  [
    'a failure without one',
    ({ uid }) => reviewOf({ uid, result: { status: 'Failure' } }),
    "failed: response.result.status was 'Failure', not 'Success'",
  ],
  [
    'too few objects',
    ({ uid }) => reviewOf({ uid, convertedObjects: [], result: { status: 'Success' } }),
    'returned 0 objects, expected 1',
  ],
  [
    'another version',
    (review) => converted(review, (object) => ({ ...object, apiVersion: 'example.com/v3' })),
    'returned invalid object at index 0: invalid groupVersion (expected example.com/v2, received example.com/v3)',
  ],
  [
    'another kind',
    (review) => converted(review, (object) => ({ ...object, kind: 'Box' })),
    'returned invalid object at index 0: invalid kind (expected Crate, received Box)',
  ],
  [
    'another name',
    (review) => converted(review, (object) => ({ ...object, metadata: { ...object.metadata, name: 'y' } })),
    'returned invalid object: must have the same name: f != y',
  ],
  [
    'labels that are no texts',
    (review) => converted(review, (object) => ({ ...object, metadata: { ...object.metadata, labels: { a: 1 } } })),
    'returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object',
  ],
  [
    'labels that cannot be',
    (review) => converted(review, (object) => ({ ...object, metadata: { ...object.metadata, labels: { a: '-' } } })),
    /^returned invalid metadata: metadata\.labels: Invalid value: "-": a valid label must be /,
  ],
  ['what is no object', (review) => converted(review, () => 'x'), 'returned invalid object at index 0: it is string'],
];

for (const [what, reply, expected] of REFUSALS) {
  test(`an answer with ${what} is refused`, async () => {
    answer = reply;
    const message = await refusal(api.client.create(v1, crate('f', { hostPort: 'six:6' })));
    assert.ok(message.startsWith(PREFIX), message);
    const told = message.slice(PREFIX.length);
    if (typeof expected === 'string') assert.equal(told, expected);
    else assert.match(told, expected);
  });
}

test('a webhook that cannot be reached or believed fails what needs it, and nothing else', async () => {
  const crd = await api.client.get(customResourceDefinitions, undefined, `crates.${GROUP}`);
  const { port } = webhook.address() as AddressInfo;
  const other = await createAuthority('others', VALIDITY);
  const client = { url: `https://localhost:${port}/`, caBundle: Buffer.from(other.cert).toString('base64') };
  const { spec } = definition(client) as unknown as { spec: never };
  await api.client.update(customResourceDefinitions, { ...crd, spec } as never);
  const message = await eventually('the new webhook to be asked', async () => {
    const told = await refusal(api.client.get(v1, 'default', 'a')).catch(() => undefined);
    return told;
  });
  assert.match(
    message,
    new RegExp(
      `^conversion webhook for example.com/v2, Kind=Crate failed: Post "https://localhost:${port}/\\?timeout=30s": .*certificate`,
    ),
  );
  assert.equal((await api.client.get(v2, 'default', 'a')).host, 'one');
  await api.client.delete(customResourceDefinitions, undefined, `crates.${GROUP}`);
  await eventually('the definition to go', async () => {
    const left = await api.client.list(customResourceDefinitions);
    return left.items.length === 0;
  });
});
