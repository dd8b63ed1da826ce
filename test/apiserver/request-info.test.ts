import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequestInfo } from '../../src/apiserver/request-info.ts';

const cases: [method: string, url: string, expected: Record<string, unknown>][] = [
  ['GET', '/api/v1/namespaces/a/pods/b', { verb: 'get', namespace: 'a', resource: 'pods', name: 'b' }],
  ['GET', '/api/v1/namespaces/a/pods', { verb: 'list', namespace: 'a', resource: 'pods', name: '' }],
  ['GET', '/api/v1/pods?watch=1', { verb: 'watch', namespace: '', resource: 'pods' }],
  ['GET', '/api/v1/pods?watch=false', { verb: 'list' }],
  ['GET', '/api/v1/pods?watch', { verb: 'watch' }],
  ['GET', '/api/v1/watch/namespaces/a/pods/b', { verb: 'watch', namespace: 'a', resource: 'pods', name: 'b' }],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Db', { verb: 'list', name: 'b' }],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da/b', { verb: 'list', name: '' }],
  ['DELETE', '/api/v1/namespaces/a/pods', { verb: 'deletecollection' }],
  ['GET', '/api/v1/namespaces', { verb: 'list', namespace: '', resource: 'namespaces' }],
  ['GET', '/api/v1/namespaces/a', { verb: 'get', namespace: 'a', resource: 'namespaces', name: 'a' }],
  ['PUT', '/api/v1/namespaces/a/finalize', { verb: 'update', resource: 'namespaces', subresource: 'finalize' }],
  [
    'PATCH',
    '/apis/apps/v1/namespaces/a/deployments/b/scale',
    { apiGroup: 'apps', verb: 'patch', subresource: 'scale' },
  ],
  ['GET', '/apis/apps/v1', { isResource: false, verb: 'get' }],
  ['POST', '/healthz', { isResource: false, verb: 'post' }],
];

for (const [method, url, expected] of cases) {
  test(`${method} ${url}`, () => {
    const { pathname, searchParams } = new URL(url, 'http://x');
    const info = parseRequestInfo(method, pathname, searchParams) as unknown as Record<string, unknown>;
    const seen = Object.fromEntries(Object.keys(expected).map((key) => [key, info[key]]));
    assert.deepEqual(seen, expected);
  });
}
