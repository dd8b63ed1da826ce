// What the front answers on streams of HTTP/2, without the compatibility layer that Node has for them.
import assert from 'node:assert/strict';
import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { after, before, test } from 'node:test';
import { startTestServer, type TestServer } from '../support/server.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

let api: TestServer;
let session: ClientHttp2Session;
before(async () => {
  api = await startTestServer({ port: 0, staticToken: 'secret' });
  session = http2.connect(api.server.url, { ca: api.ca });
});
after(async () => {
  session.close();
  await api.stop();
});

interface Answer {
  headers: IncomingHttpHeaders;
  body: string;
  continued: boolean;
}

const call = (headers: Record<string, string>, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ authorization: 'Bearer secret', ...headers }, { endStream: body === undefined });
    const answer: Answer = { headers: {}, body: '', continued: false };
    stream.setEncoding('utf8');
    stream.on('continue', () => {
      answer.continued = true;
    });
    stream.on('response', (given) => {
      answer.headers = given;
    });
    stream.on('data', (chunk: string) => {
      answer.body += chunk;
    });
    stream.on('error', reject);
    stream.on('end', () => resolve(answer));
    if (body !== undefined) stream.end(body);
  });

test('CONNECT is no method of the API', async () => {
  const { headers } = await call({ ':method': 'CONNECT', ':authority': 'example.com:443' }, '');
  assert.equal(headers[':status'], 405);
});

test('an expectation is met when it is to go on, and refused when it is another', async () => {
  const create = { ':method': 'POST', ':path': CONFIG_MAPS, 'content-type': 'application/json' };
  const body = JSON.stringify({ metadata: { name: 'expected' } });
  const met = await call({ ...create, expect: '100-continue' }, body);
  assert.deepEqual([met.continued, met.headers[':status']], [true, 201]);
  const refused = await call({ ...create, expect: 'miracles' }, body);
  assert.equal(refused.headers[':status'], 417);
});

test('HEAD has the head of the answer and nothing else', async () => {
  const { headers, body } = await call({ ':method': 'HEAD', ':path': '/healthz' });
  assert.deepEqual([headers[':status'], body], [200, '']);
  assert.notEqual(headers['content-length'], '0');
});

test('bodies that nobody reads hold up neither their answers nor the connection', async () => {
  // Together they are longer than the connection's window.
  for (let i = 0; i < 5; i++) {
    const { headers } = await call({ ':method': 'POST', ':path': '/healthz' }, 'x'.repeat(200_000));
    assert.equal(headers[':status'], 200);
  }
});

test('several warnings are a header each', async () => {
  const body = JSON.stringify({ metadata: { name: 'warned' }, one: 1, two: 2 });
  const { headers } = await call({ ':method': 'POST', ':path': CONFIG_MAPS, 'content-type': 'application/json' }, body);
  assert.equal(headers.warning, '299 - "unknown field \\"one\\"", 299 - "unknown field \\"two\\""');
});
