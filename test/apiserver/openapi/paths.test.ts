// What /openapi/… answers by Accept and If-None-Match.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { OpenapiDocument, OpenapiDocuments } from '../../../src/apiserver/openapi/documents.ts';
import { openapiPaths } from '../../../src/apiserver/paths/openapi.ts';
import type { PathCall } from '../../../src/apiserver/paths/path-table.ts';

const documentOf = (json: string, hash: string): OpenapiDocument => ({ json, hash, gzip: gzipSync(json) });

const documents: OpenapiDocuments = {
  index: () => documentOf('{"paths":{}}', 'A'),
  v3: (path) => (path === 'version' ? documentOf('{"openapi":"3.0.0"}', 'B') : undefined),
  v2: () => documentOf('{"swagger":"2.0"}', 'C'),
  v2Protobuf: () => Uint8Array.of(10, 3, 50, 46, 48),
  v3Protobuf: () => Uint8Array.of(10, 3, 51, 46, 48),
};
const handlers = openapiPaths(() => documents);

async function get(route: string, url: string, headers: Record<string, string> = {}) {
  const { pathname, searchParams } = new URL(url, 'http://x');
  const call = { request: { headers, query: searchParams }, info: { path: pathname } } as unknown as PathCall;
  const answer = await handlers[route]?.(call);
  assert.ok(answer?.type === 'raw');
  return answer;
}

const DEPRECATED = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
// What is sent: RegisterOpenAPIVersionedService in k8s.io/kube-openapi/pkg/handler/handler.go.
const accepts: [accept: string | undefined, sent: string | undefined][] = [
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['application/*', 'application/json'],
  ['application/json', 'application/json'],
  [DEPRECATED, PROTOBUF],
  [PROTOBUF, PROTOBUF],
  [`application/json, ${PROTOBUF}`, 'application/json'],
  [`application/json;q=0.5, ${PROTOBUF}`, PROTOBUF],
  [`text/plain, ${DEPRECATED}`, PROTOBUF],
  ['text/plain', undefined],
];
for (const [accept, sent] of accepts) {
  test(`version 2 for Accept ${accept} is ${sent ?? 'refused'}`, async () => {
    const { status, contentType, body, headers } = await get('/openapi/v2', '/openapi/v2', accept ? { accept } : {});
    if (!sent) return assert.equal(status, 406);
    assert.equal(status, 200);
    assert.equal(contentType, sent);
    assert.deepEqual(body, sent === PROTOBUF ? documents.v2Protobuf() : documents.v2().json);
    assert.equal(headers?.vary, 'Accept');
    assert.equal(headers?.etag, '"C"');
  });
}

test('a caller who has the document is told so, in either form', async () => {
  for (const accept of ['application/json', PROTOBUF]) {
    const { status, body } = await get('/openapi/v2', '/openapi/v2', { accept, 'if-none-match': '"C"' });
    assert.equal(status, 304);
    assert.equal(body, '');
  }
});

test('JSON is sent packed to who can unpack it', async () => {
  const { body, headers } = await get('/openapi/v2', '/openapi/v2', { 'accept-encoding': 'gzip, br' });
  assert.equal(headers?.['content-encoding'], 'gzip');
  assert.deepEqual(body, documents.v2().gzip);
});

test('version 3 is JSON or protobuf, by its hash for ever', async () => {
  assert.equal((await get('/openapi/v3', '/openapi/v3')).body, '{"paths":{}}');

  const version = '/openapi/v3/version';
  assert.equal((await get('/openapi/v3/', version, { accept: PROTOBUF })).status, 406);
  for (const spelling of ['spec.v3@v1.0', 'spec.v3.v1.0']) {
    const accept = `application/com.github.proto-openapi.${spelling}+protobuf`;
    const { contentType, body } = await get('/openapi/v3/', version, { accept });
    assert.equal(contentType, 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf');
    assert.deepEqual(body, documents.v3Protobuf('version'));
  }
  assert.equal((await get('/openapi/v3/', version)).headers?.['cache-control'], undefined);
  assert.equal((await get('/openapi/v3/', `${version}?hash=B`)).headers?.['cache-control'], 'public, immutable');
  const stale = await get('/openapi/v3/', `${version}?hash=A`);
  assert.equal(stale.status, 301);
  assert.equal(stale.headers?.location, `${version}?hash=B`);
  assert.equal((await get('/openapi/v3/', '/openapi/v3/none')).status, 404);
});
