// CBOR with the gate CBORServingAndStorage on; encodings.test.ts has what is answered without it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeCbor } from '../../src/apimachinery/codec/cbor.ts';
import { encodeCbor } from '../../src/apimachinery/codec/cbor-writer.ts';
import { systemClock } from '../../src/clock.ts';
import { type HttpsAnswer, httpsCaller, jsonOf } from '../support/https-call.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const PATH = '/api/v1/namespaces/default/configmaps';
const CBOR = 'application/cbor';

let api: TestServer;
const call = httpsCaller(() => api, 'secret');
before(async () => {
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: 'secret', cbor: true });
});
after(() => api.stop());

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at by name
const read = ({ body }: Pick<HttpsAnswer, 'body'>) => decodeCbor(body).value as any;
const accept = { accept: CBOR };

test('objects, lists and Statuses', async () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { a: 'ü' } };
  const headers = { ...accept, 'content-type': CBOR };
  const made = await call(PATH, { method: 'POST', headers, body: encodeCbor(object) });
  assert.deepEqual([made.code, made.headers['content-type']], [201, CBOR]);
  assert.deepEqual(read(made).data, { a: 'ü' });
  const list = read(await call(PATH, { headers: accept }));
  assert.deepEqual([list.kind, list.items.length, list.items[0].kind], ['ConfigMapList', 1, undefined]);
  const missing = await call(`${PATH}/none`, { headers: accept });
  assert.deepEqual([missing.code, read(missing).reason], [404, 'NotFound']);
});

test('a watch is a sequence of items', async () => {
  const answer = await call(`${PATH}?watch=true&timeoutSeconds=1`, { headers: { accept: 'application/cbor' } });
  assert.equal(answer.headers['content-type'], 'application/cbor-seq');
  assert.deepEqual([read(answer).type, read(answer).object.metadata.name], ['ADDED', 'one']);
});

test('apply patches', async () => {
  const headers = { ...accept, 'content-type': 'application/apply-patch+cbor' };
  const patch = encodeCbor({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data: { a: 'b' } });
  const applied = await call(`${PATH}/applied?fieldManager=me`, { method: 'PATCH', headers, body: patch });
  assert.equal(applied.code, 201);
  assert.equal(read(applied).metadata.managedFields[0].operation, 'Apply');
});

test('unknown fields and what is no CBOR', async () => {
  const headers = { 'content-type': CBOR };
  const unknown = encodeCbor({ metadata: { name: 'x' }, nothing: 1 });
  const strict = await call(`${PATH}?fieldValidation=Strict`, { method: 'POST', headers, body: unknown });
  assert.deepEqual([strict.code, jsonOf(strict).reason], [400, 'BadRequest']);
  const broken = await call(PATH, { method: 'POST', headers, body: Buffer.from([0xa1, 0x41]) });
  assert.deepEqual(
    [broken.code, jsonOf(broken).message],
    [400, 'the object provided is unrecognized (must be of type ConfigMap): cbor: unexpected EOF (a141)'],
  );
});

test('what is offered names it', async () => {
  const refused = await call(`${PATH}/one`, { headers: { accept: 'text/html' } });
  assert.match(jsonOf(refused).message, /application\/vnd\.kubernetes\.protobuf, application\/cbor$/);
  const body = { method: 'POST', headers: { 'content-type': 'text/html' }, body: 'x' };
  assert.match(jsonOf(await call(PATH, body)).message, /application\/cbor$/);
  const patch = { method: 'PATCH', headers: { 'content-type': 'text/html' }, body: 'x' };
  assert.match(jsonOf(await call(`${PATH}/one`, patch)).message, /application\/apply-patch\+cbor$/);
});
