// What documents that are asked for again and again say of themselves: how long they are good, and what they depend on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { httpsCaller } from '../support/https-call.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const OPENAPI_V2 = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

let api: TestServer;
const call = httpsCaller(() => api, TOKEN);
before(async () => {
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
});
after(() => api.stop());

async function head(path: string, headers: Record<string, string> = {}) {
  const { code, headers: told } = await call(path, { headers });
  const { etag, location } = told;
  const named = Object.fromEntries(
    ['content-type', 'cache-control', 'vary', 'content-encoding'].map((name) => [name, told[name]]),
  );
  return { code, etag: String(etag), location: String(location), named };
}

test('aggregated discovery may be kept by anyone, and is sent once', async () => {
  const first = await head('/apis', { accept: AGGREGATED });
  const named = { 'cache-control': 'public', vary: 'Accept', 'content-encoding': undefined };
  assert.deepEqual([first.code, first.named], [200, { 'content-type': AGGREGATED, ...named }]);
  const again = await head('/apis', { accept: AGGREGATED, 'if-none-match': first.etag });
  assert.deepEqual([again.code, again.named], [304, { 'content-type': undefined, ...named }]);
});

test('OpenAPI depends on Accept, and where it is packed on Accept-Encoding too', async () => {
  const gzip = { 'accept-encoding': 'gzip' };
  const json = await head('/openapi/v2', { accept: 'application/json' });
  assert.deepEqual([json.named.vary, json.named['content-encoding']], ['Accept', undefined]);
  for (const accept of ['application/json', OPENAPI_V2]) {
    const { named } = await head('/openapi/v2', { accept, ...gzip });
    assert.deepEqual([named.vary, named['content-encoding']], ['Accept-Encoding, Accept', 'gzip']);
  }
  const known = await head('/openapi/v2', { accept: 'application/json', 'if-none-match': json.etag });
  assert.deepEqual([known.code, known.named['content-type']], [304, undefined]);
  const old = await head('/openapi/v3/apis/apps/v1?hash=OLD');
  assert.equal(old.code, 301);
  assert.match(old.location, new RegExp(`\\?hash=${JSON.parse(old.etag)}$`));
});

test('what is indented for people has no end of its last line', async () => {
  for (const path of ['/api/v1/namespaces/default?pretty=1', '/api/v1/namespaces/none?pretty=1', '/version']) {
    assert.match((await call(path)).body.toString(), /^\{\n {2}"[\s\S]*\n\}$/);
  }
  assert.match((await call('/api/v1/namespaces/default')).body.toString(), /^\{.*\}\n$/);
});
