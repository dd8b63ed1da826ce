// Paths that are no resources: Go's mux takes any method and is exact about slashes, go-restful is neither.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { createPathTable, type PathCall } from '../../src/apiserver/paths/path-table.ts';

const ok = { type: 'raw', status: 200, contentType: 'text/plain', body: 'ok' } as const;
const table = createPathTable({
  '/version': { handle: () => ok },
  '/metrics': { handle: () => ok, anyMethod: true, exact: true },
  '/apis': { handle: () => ok, anyMethod: true },
});

async function codeOf(method: string, path: string): Promise<number> {
  try {
    const result = await table.handle({ request: { method }, info: { path } } as PathCall);
    return 'status' in result ? result.status : 0;
  } catch (error) {
    if (error instanceof StatusError) return error.code;
    throw error;
  }
}

for (const [method, path, code] of [
  ['GET', '/version', 200],
  ['GET', '/version/', 200],
  ['HEAD', '/version', 405],
  ['POST', '/version', 405],
  ['DELETE', '/metrics', 200],
  ['GET', '/metrics/', 404],
  ['PATCH', '/apis/', 200],
  ['GET', '/nothing', 404],
] as const) {
  test(`${method} ${path} is ${code}`, async () => assert.equal(await codeOf(method, path), code));
}
