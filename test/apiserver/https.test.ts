// The port: protocols, credentials, sizes, representations and errors as bytes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2, { type ServerHttp2Stream } from 'node:http2';
import https from 'node:https';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { configMaps } from '../../src/api/resources.ts';
import { listen, PortTaken } from '../../src/apiserver/http/server.ts';
import { systemClock } from '../../src/clock.ts';
import { createAuthority, issueCertificate } from '../../src/pki/certificate.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const PATH = '/api/v1/namespaces/default/configmaps';

let api: TestServer;
before(async () => {
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
});
after(() => api.stop());

interface Answer {
  code: number | undefined;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

const call = (
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${TOKEN}`, ...options.headers };
    const request = https.request(new URL(path, api.server.url), {
      method: options.method ?? 'GET',
      headers,
      ca: api.ca,
      agent: false,
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ code: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.end(options.body);
  });

const json = ({ body }: Answer) => JSON.parse(body.toString()) as Record<string, never> & { reason?: string };

test('HTTP/2 is spoken to those who can', async () => {
  const session = http2.connect(api.server.url, { ca: api.ca });
  const stream = session.request({ ':path': '/version', authorization: `Bearer ${TOKEN}` });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  session.close();
  assert.match(JSON.parse(Buffer.concat(chunks).toString()).gitVersion, /^v1\.36\.\d+\+tsukube$/);
});

test('a wrong token is 401, none is anonymous and may not list', async () => {
  const wrong = await call(PATH, { headers: { authorization: 'Bearer nobody' } });
  assert.deepEqual([wrong.code, json(wrong).reason], [401, 'Unauthorized']);
  const anonymous = await call(PATH, { headers: { authorization: '' } });
  assert.deepEqual([anonymous.code, json(anonymous).reason], [403, 'Forbidden']);
});

test('a body in YAML is read and an answer in YAML is written', async () => {
  const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n';
  const headers = { 'content-type': 'application/yaml', accept: 'application/yaml' };
  const made = await call(PATH, { method: 'POST', headers, body });
  assert.equal(made.code, 201);
  assert.equal(made.headers['content-type'], 'application/yaml');
  assert.match(made.body.toString(), /^kind: ConfigMap$/m);
});

test('unknown fields warn, or refuse when validation is strict', async () => {
  const body = JSON.stringify({ metadata: { name: 'odd' }, nothing: 1 });
  const headers = { 'content-type': 'application/json' };
  const warned = await call(`${PATH}?dryRun=All`, { method: 'POST', headers, body });
  assert.deepEqual([warned.code, warned.headers.warning], [201, '299 - "unknown field \\"nothing\\""']);
  const strict = await call(`${PATH}?dryRun=All&fieldValidation=Strict`, { method: 'POST', headers, body });
  assert.equal(strict.code, 400);
});

test('what is too large, of an unknown type or for an unknown path is refused', async () => {
  const headers = { 'content-type': 'application/json' };
  const large = await call(PATH, { method: 'POST', headers, body: Buffer.alloc(3 * 1024 * 1024 + 1, ' ') });
  assert.deepEqual([large.code, json(large).reason], [413, 'RequestEntityTooLarge']);
  const text = await call(PATH, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' });
  assert.deepEqual([text.code, json(text).reason], [415, 'UnsupportedMediaType']);
  assert.equal((await call('/apis/apps/v1/nothings')).code, 404);
  assert.equal((await call(PATH, { method: 'PUT', headers, body: '{}' })).code, 405);
});

test('a table has a row for each object', async () => {
  await api.client.create(configMaps, { metadata: { name: 'row', namespace: 'default' }, data: { a: '1' } });
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const table = json(await call(`${PATH}?fieldSelector=metadata.name%3Drow`, { headers: { accept } })) as unknown as {
    columnDefinitions: { name: string }[];
    rows: { cells: unknown[]; object: { kind: string } }[];
  };
  assert.deepEqual(
    table.columnDefinitions.map(({ name }) => name),
    ['Name', 'Data', 'Age'],
  );
  assert.deepEqual(
    table.rows.map(({ cells, object }) => [cells[0], cells[1], object.kind]),
    [['row', 1, 'PartialObjectMetadata']],
  );
});

test('long answers are compressed for those who ask', async () => {
  const data = { long: 'x'.repeat(200_000) };
  await api.client.create(configMaps, { metadata: { name: 'long', namespace: 'default' }, data });
  const plain = await call(`${PATH}/long`);
  const packed = await call(`${PATH}/long`, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.ok(packed.body.length < plain.body.length / 10);
  assert.deepEqual(gunzipSync(packed.body), plain.body);
});

test('a watch streams a line for each event, and frames over WebSocket', async () => {
  const made = await api.client.create(configMaps, { metadata: { name: 'seen', namespace: 'default' } });
  const after = Number(made.metadata.resourceVersion) - 1;
  const path = `${PATH}?watch=1&timeoutSeconds=1&resourceVersion=${after}`;
  const streamed = await call(path);
  const [line = '{}'] = streamed.body.toString().trim().split('\n');
  assert.deepEqual([JSON.parse(line).type, JSON.parse(line).object.kind], ['ADDED', 'ConfigMap']);

  const socket = new WebSocket(new URL(path.replace('timeoutSeconds=1', ''), api.server.url.replace('https', 'wss')), {
    ca: api.ca,
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const frame = await new Promise<string>((resolve, reject) => {
    socket.once('message', (data) => resolve(String(data)));
    socket.once('error', reject);
  });
  socket.terminate();
  assert.equal(frame.trim(), line);
});

test('an upgrade of what cannot be upgraded is answered and not hung up on', async () => {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'x',
    'sec-websocket-version': '13',
  };
  const refused = await call(`/api/v1/namespaces/default/pods/none/exec?command=x`, { headers });
  assert.deepEqual([refused.code, json(refused).reason], [404, 'NotFound']);
});

test('health has a check for each part and says which one is asked', async () => {
  assert.equal((await call('/readyz')).body.toString(), 'ok');
  const verbose = (await call('/livez?verbose&exclude=etcd')).body.toString();
  assert.equal(verbose, '[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\nlivez check passed\n');
  assert.equal((await call('/livez/etcd')).code, 200);
  assert.equal((await call('/livez/none')).code, 404);
});

test('a port that is taken is said so', async () => {
  const port = Number(new URL(api.server.url).port);
  const tls = { cert: '', key: '', clientCa: '' };
  const front = { onRequest: () => undefined, onStream: () => undefined };
  const options = { tls, bindAddress: '127.0.0.1', port, front, onUpgrade: () => undefined };
  await assert.rejects(
    listen(options),
    (error) => error instanceof PortTaken && error.message.includes(`port ${port}`),
  );
});

test('a connection without a request is closed after a while, one with a stream is not', async () => {
  const authority = await createAuthority('idle', { notBefore: Date.UTC(2020), notAfter: Date.UTC(2049) });
  const serving = await issueCertificate(authority, {
    commonName: 'x',
    ips: ['127.0.0.1'],
    usages: ['server'],
    notBefore: Date.UTC(2020),
    notAfter: Date.UTC(2049),
  });
  const open: ServerHttp2Stream[] = [];
  const server = await listen({
    tls: { ...serving, clientCa: authority.cert },
    bindAddress: '127.0.0.1',
    port: 0,
    idleMs: 20,
    front: {
      onRequest: () => undefined,
      onStream(stream) {
        open.push(stream);
        stream.respond();
      },
    },
    onUpgrade: () => undefined,
  });
  const url = `https://127.0.0.1:${server.address.port}`;
  const busy = http2.connect(url, { ca: authority.cert });
  const stream = busy.request({ ':path': '/' });
  await once(stream, 'response');
  const idle = http2.connect(url, { ca: authority.cert });
  await once(idle, 'close');
  assert.deepEqual([busy.closed, stream.closed], [false, false]);
  open[0]?.end();
  stream.resume();
  await once(busy, 'close');
  await server.close();
});
