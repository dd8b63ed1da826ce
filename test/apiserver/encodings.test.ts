// The formats of answers and bodies, over a real port. Bytes are read by the codecs, which golden.test.ts holds against
// upstream's; ../clients/go reads them with client-go.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { builtinSchema } from '../../src/api/facts.ts';
import { configMaps } from '../../src/api/resources.ts';
import { decodeMessage } from '../../src/apimachinery/codec/protobuf.ts';
import { decodeProtobuf, encodeProtobuf } from '../../src/apiserver/protobuf-body.ts';
import { systemClock } from '../../src/clock.ts';
import { eventually } from '../support/eventually.ts';
import { type HttpsAnswer, httpsCaller, jsonOf } from '../support/https-call.ts';
import { ADMIN, startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const PATH = '/api/v1/namespaces/default/configmaps';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const METADATA = ';as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const THINGS = '/apis/example.com/v1/things';
const FREE = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

let api: TestServer;
const call = httpsCaller(() => api, TOKEN);

before(async () => {
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
  await api.client.create(configMaps, { metadata: { name: 'one', namespace: 'default' }, data: { a: '1' } });
  await api.server.transport(ADMIN).request({
    method: 'POST',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    body: {
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: FREE } }],
      },
    },
  });
  await eventually('the type to be served', () => api.server.catalogue.find('example.com', 'v1', 'things'));
});
after(() => api.stop());

const get = (path: string, accept: string) => call(path, { headers: { accept } });
// biome-ignore lint/suspicious/noExplicitAny: answers are looked at by name
const read = ({ body }: Pick<HttpsAnswer, 'body'>) => decodeProtobuf(body).value as any;

/** The frames of a protobuf watch. */
function framesOf(bytes: Buffer) {
  const frames: { type: string; object: ReturnType<typeof read> }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    frames.push(eventOf(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return frames;
}

/** A WatchEvent{1 type, 2 object{1 raw}}: the form of Unstructured is read as a message of two strings would be. */
function eventOf(bytes: Buffer) {
  const at = bytes.indexOf('k8s\0');
  return { type: bytes.subarray(2, 2 + (bytes[1] ?? 0)).toString(), object: read({ body: bytes.subarray(at) }) };
}

describe('protobuf', () => {
  test('an object is the same as in JSON', async () => {
    const answer = await get(`${PATH}/one`, `${PROTOBUF}, application/json`);
    assert.equal(answer.headers['content-type'], PROTOBUF);
    const { managedFields: _binary, ...metadata } = read(answer).metadata;
    const { managedFields: _text, ...expected } = jsonOf(await get(`${PATH}/one`, 'application/json')).metadata;
    assert.deepEqual(metadata, {
      generateName: '',
      selfLink: '',
      ...expected,
      generation: 0,
    });
    assert.deepEqual(read(answer).data, { a: '1' });
  });

  test('a body in protobuf is read, the answer is protobuf', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'sent' }, binaryData: { b: 'AAE=' } };
    const body = Buffer.concat(encodeProtobuf(object));
    const made = await call(PATH, { method: 'POST', headers: { accept: PROTOBUF, 'content-type': PROTOBUF }, body });
    assert.equal(made.code, 201);
    assert.deepEqual([read(made).kind, read(made).binaryData], ['ConfigMap', { b: 'AAE=' }]);
  });

  test('a list holds its items and metadata', async () => {
    const list = read(await get(PATH, PROTOBUF));
    const text = jsonOf(await get(PATH, 'application/json'));
    assert.equal(list.kind, 'ConfigMapList');
    const names = (of: { items: { metadata: { name: string } }[] }) => of.items.map(({ metadata }) => metadata.name);
    assert.deepEqual(names(list), names(text));
    assert.equal(list.metadata.resourceVersion, text.metadata.resourceVersion);
    const page = read(await get(`${PATH}?limit=1`, PROTOBUF));
    assert.ok(page.metadata.continue !== '' && page.metadata.remainingItemCount > 0);
  });

  test('an empty list is one', async () => {
    const list = read(await get('/api/v1/limitranges', PROTOBUF));
    assert.deepEqual([list.kind, list.items], ['LimitRangeList', undefined]);
  });

  test('errors and successes are Statuses', async () => {
    const missing = await get(`${PATH}/nobody`, PROTOBUF);
    assert.equal(missing.code, 404);
    assert.deepEqual([read(missing).reason, read(missing).details.name], ['NotFound', 'nobody']);
    const forbidden = await call(PATH, { headers: { accept: PROTOBUF, authorization: '' } });
    assert.equal(read(forbidden).reason, 'Forbidden');
  });

  test('bare metadata, one and in a list, of custom resources too', async () => {
    const one = read(await get(`${PATH}/one`, PROTOBUF + METADATA));
    assert.deepEqual([one.apiVersion, one.kind, one.metadata.name], ['meta.k8s.io/v1', 'PartialObjectMetadata', 'one']);
    assert.equal(one.data, undefined);
    for (const path of [PATH, THINGS]) {
      for (const version of ['v1', 'v1beta1']) {
        const accept = `${PROTOBUF};as=PartialObjectMetadataList;v=${version};g=meta.k8s.io`;
        const list = read(await get(path, accept));
        assert.deepEqual([list.apiVersion, list.kind], [`meta.k8s.io/${version}`, 'PartialObjectMetadataList']);
      }
    }
  });

  test('a watch sends frames with their length before them', async () => {
    const query =
      'watch=true&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const answer = await get(`${PATH}?${query}`, PROTOBUF);
    assert.equal(answer.headers['content-type'], `${PROTOBUF};stream=watch`);
    const frames = framesOf(answer.body);
    assert.deepEqual(new Set(frames.map(({ type }) => type)), new Set(['ADDED', 'BOOKMARK']));
    const { object } = frames.at(-1) as (typeof frames)[number];
    assert.equal(object.kind, 'ConfigMap');
    assert.equal(object.metadata.annotations['k8s.io/initial-events-end'], 'true');
  });

  test('a watch may be of bare metadata', async () => {
    const query = 'watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Done';
    const frames = framesOf((await get(`${PATH}?${query}`, PROTOBUF + METADATA)).body);
    assert.deepEqual(
      frames.map(({ type, object }) => [type, object.kind]),
      [['ADDED', 'PartialObjectMetadata']],
    );
  });

  test('over a WebSocket each event is a binary message', async () => {
    const url = `${api.server.url?.replace('https', 'wss')}${PATH}?watch=true&fieldSelector=metadata.name%3Done`;
    const socket = new WebSocket(url, { ca: api.ca, headers: { authorization: `Bearer ${TOKEN}`, accept: PROTOBUF } });
    const [data, binary] = await new Promise<[Buffer, boolean]>((resolve, reject) => {
      socket.once('message', (data: Buffer, isBinary) => resolve([data, isBinary]));
      socket.once('error', reject);
    });
    socket.terminate();
    assert.ok(binary);
    assert.deepEqual([eventOf(data).type, eventOf(data).object.metadata.name], ['ADDED', 'one']);
  });

  test('discovery and other answers of meta', async () => {
    assert.equal(read(await get('/apis', PROTOBUF)).kind, 'APIGroupList');
    const list = read(await get('/apis/apps/v1', PROTOBUF));
    assert.ok(list.resources.some(({ name }: { name: string }) => name === 'deployments'));
  });

  test('ListMeta is written with its zeros, as proto2 has it', async () => {
    const list = await get('/api/v1/limitranges', PROTOBUF);
    const at = list.body.indexOf('LimitRangeList') + 'LimitRangeList'.length;
    const schema = builtinSchema.type('io.k8s.api.core.v1.LimitRangeList');
    const message = decodeMessage(list.body.subarray(at + 2, -4), schema, builtinSchema);
    assert.deepEqual(Object.keys(message.metadata as object), ['selfLink', 'resourceVersion', 'continue']);
  });
});

describe('what cannot be had is 406 or 415', () => {
  const ALL = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
  const ACCEPTED = 'only the following media types are accepted:';
  const WATCHES = 'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch';
  const ROUTED = '406: Not Acceptable\n\nAvailable representations:';
  for (const [name, path, accept, message] of [
    ['an unknown type', PATH, 'text/html', `${ROUTED} ${ALL}, ${WATCHES}`],
    ['an unknown type for one object', `${PATH}/one`, 'text/html, application/*', `${ROUTED} ${ALL}`],
    ['CBOR of a custom resource', THINGS, 'application/cbor', `${ACCEPTED} ${ALL}`],
    ['a Table in protobuf', PATH, `${PROTOBUF};as=Table;v=v1;g=meta.k8s.io`, `${ACCEPTED} ${ALL}`],
    ['a custom resource in protobuf', THINGS, PROTOBUF, `${ACCEPTED} ${ALL}`],
    ['a watch in YAML', `${PATH}?watch=true`, 'application/yaml', `${ACCEPTED} ${WATCHES}`],
    ['a watch in YAML, else JSON', `${PATH}?watch=true`, 'application/yaml,application/json', `${ACCEPTED} ${WATCHES}`],
    ['a stream of anything else', PATH, 'application/json;stream=other', `${ACCEPTED} ${ALL}`],
  ] as const) {
    test(name, async () => {
      const answer = await get(path, accept);
      // The Status itself comes in what was asked for; JSON is YAML, too.
      const status = answer.headers['content-type'] === PROTOBUF ? read(answer) : parse(answer.body.toString());
      assert.deepEqual([answer.code, status.reason, status.message], [406, 'NotAcceptable', message]);
    });
  }

  test('a custom resource comes in JSON to who takes that too', async () => {
    const answer = await get(THINGS, `${PROTOBUF},application/json`);
    assert.deepEqual([answer.code, answer.headers['content-type']], [200, 'application/json']);
  });

  test('a body of an unknown type is 415 and names those that are known', async () => {
    const headers = { 'content-type': 'application/cbor' };
    const answer = await call(PATH, { method: 'POST', headers, body: Buffer.from([0xa0]) });
    assert.deepEqual([answer.code, jsonOf(answer).reason], [415, 'UnsupportedMediaType']);
    assert.ok(jsonOf(answer).message.endsWith(`accepted media types include: ${ALL}`));
  });
});

describe('integers of 64 bits', () => {
  const ids = '{"max":9223372036854775807,"odd":-9007199254740993,"small":1}';
  const send = (method: string, path: string, body: string, type = 'application/json') =>
    call(path, { method, headers: { 'content-type': type }, body });

  test('are what was sent, in answers of every format and after an update and a patch', async () => {
    const text = `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"exact"},"ids":${ids}}`;
    const made = await send('POST', THINGS, text);
    assert.ok(made.body.toString().includes(`"ids":${ids}`), made.body.toString());
    const patch = '{"more":9007199254740995}';
    const patched = await send('PATCH', `${THINGS}/exact`, patch, 'application/merge-patch+json');
    assert.ok(patched.body.toString().includes('"more":9007199254740995'));
    const updated = await send('PUT', `${THINGS}/exact`, patched.body.toString().replace('995', '997'));
    assert.ok(updated.body.toString().includes('"more":9007199254740997'), updated.body.toString());
    const list = await get(THINGS, 'application/json');
    assert.ok(list.body.toString().includes(`"ids":${ids}`));
    const yaml = await get(`${THINGS}/exact`, 'application/yaml');
    assert.match(yaml.body.toString(), /max: 9223372036854775807\n/);
  });

  test('are read out of YAML and applied', async () => {
    const text = 'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: applied}\nid: 9223372036854775807\n';
    const path = `${THINGS}/applied?fieldManager=me`;
    for (const code of [201, 200]) {
      const applied = await send('PATCH', path, text, 'application/apply-patch+yaml');
      assert.deepEqual([applied.code, applied.body.toString().includes('"id":9223372036854775807')], [code, true]);
    }
  });
});
