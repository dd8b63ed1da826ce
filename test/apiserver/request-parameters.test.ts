// Parameters and bodies of requests where several rules meet: which one is told, and in which order.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { ADMIN, startTestServer, type TestServer } from '../support/server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
let api: TestServer;

before(async () => {
  api = await startTestServer({});
  await ask('POST', MAPS, { metadata: { name: 'a' }, data: { k: 'v' } });
});
after(() => api.stop());

async function ask(method: string, url: string, body?: unknown, contentType?: string): Promise<unknown> {
  const [path = '', query] = url.split('?');
  return await api.server.transport(ADMIN).request({
    method: method as 'GET',
    path,
    ...(query === undefined ? {} : { query: new URLSearchParams(query) }),
    ...(body === undefined ? {} : { body: body as never }),
    ...(contentType === undefined ? {} : { contentType }),
  });
}

const MERGE = 'application/merge-patch+json';

for (const [method, url, code, causes, body, type] of [
  ['GET', `${MAPS}?limit=`, 400, []],
  ['GET', `${MAPS}?labelSelector=a%20b&resourceVersionMatch=Exact`, 400, []],
  ['GET', `${MAPS}?resourceVersionMatch=x&continue=y`, 422, Array(3).fill('resourceVersionMatch')],
  ['GET', `${MAPS}?watch=1&resourceVersionMatch=Exact`, 422, Array(2).fill('resourceVersionMatch')],
  ['GET', `${MAPS}?watch=1&continue=x`, 422, ['resourceVersionMatch']],
  ['GET', `${MAPS}/a?export=1`, 400, []],
  ['GET', '/api/v1/namespaces?fieldSelector=metadata.namespace%3Dx', 400, []],
  ['POST', `/api/v1/watch/namespaces/default/configmaps`, 405, [], {}],
  ['POST', `${MAPS}?dryRun=`, 422, ['dryRun'], { metadata: { name: 'b' } }],
  ['DELETE', `${MAPS}/a`, 400, [], { dryRun: 'All' }],
  ['DELETE', `${MAPS}/a`, 400, [], { preconditions: 5 }],
  ['DELETE', `${MAPS}?fieldSelector=x%3D1`, 400, [], { propagationPolicy: 'x' }],
  ['PATCH', `${MAPS}/a?fieldValidation=Strict`, 422, ['patch'], { bogus: 1 }, MERGE],
  ['PATCH', `${MAPS}/a?fieldValidation=Strict`, 422, ['patch'], { apiVersion: null }, MERGE],
  ['PATCH', `${MAPS}/a`, 400, [], { apiVersion: null }, MERGE],
  ['PATCH', `${MAPS}/a`, 400, [], [], MERGE],
  ['PATCH', `${MAPS}/a?fieldValidation=Ignore`, 422, ['patch'], [], MERGE],
] as [string, string, number, string[], unknown?, string?][]) {
  test(`${method} ${url} ${body === undefined ? '' : JSON.stringify(body)} is ${code}`, async () => {
    await assert.rejects(ask(method, url, body, type), (error) => {
      assert.ok(error instanceof StatusError);
      assert.equal(error.code, code, error.message);
      assert.deepEqual(error.status.details?.causes?.map(({ field }) => field) ?? [], causes);
      return true;
    });
  });
}

test('a strategic patch leaves the type as it is, whatever it says of it', async () => {
  const patch = { kind: 'Other', apiVersion: null, data: { k: 'w' } };
  const object = await ask('PATCH', `${MAPS}/a`, patch, 'application/strategic-merge-patch+json');
  assert.deepEqual((object as { kind: string; data: object }).data, { k: 'w' });
});

test('a page at resourceVersion 0 has no limit, in the middle of a list either', async () => {
  for (const name of ['b', 'c']) await ask('POST', MAPS, { metadata: { name } });
  const { metadata } = (await ask('GET', `${MAPS}?limit=1`)) as { metadata: { continue: string } };
  const rest = await ask('GET', `${MAPS}?limit=1&resourceVersion=0&continue=${metadata.continue}`);
  assert.equal((rest as { items: unknown[] }).items.length, 2);
});

test('a FlowSchema is updated without a resourceVersion, a RuntimeClass is not', async () => {
  const flows = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas';
  const flow = { metadata: { name: 'f' }, spec: { priorityLevelConfiguration: { name: 'p' } } };
  await ask('POST', flows, flow);
  await ask('PUT', `${flows}/f`, flow);
  const classes = '/apis/node.k8s.io/v1/runtimeclasses';
  const runtime = { metadata: { name: 'r' }, handler: 'h' };
  await ask('POST', classes, runtime);
  await assert.rejects(ask('PUT', `${classes}/r`, runtime), { code: 422 });
});
