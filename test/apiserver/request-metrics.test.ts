import assert from 'node:assert/strict';
import test from 'node:test';
import { builtinDefinitions } from '../../src/api/index.ts';
import { createCatalogue, isServed } from '../../src/apiserver/catalogue.ts';
import { parseRequestInfo } from '../../src/apiserver/request-info.ts';
import { createRequestMetrics } from '../../src/apiserver/request-metrics.ts';
import { createMetrics } from '../../src/metrics.ts';

const seen = (method: string, path: string, code: number, seconds: number) => ({
  info: parseRequestInfo(method, path, new URLSearchParams()),
  code,
  seconds,
});

const catalogue = createCatalogue(builtinDefinitions());

async function linesAfter(...observations: ReturnType<typeof seen>[]): Promise<string[]> {
  const metrics = createMetrics();
  const observe = createRequestMetrics(metrics, (info) => isServed(catalogue, info));
  for (const observation of observations) observe(observation);
  return (await metrics.metrics()).split('\n');
}

const POD = '/api/v1/namespaces/a/pods/b';
const LABELS = 'verb="GET",scope="resource",group="",version="v1",resource="pods",subresource=""';

test('requests are counted by what they ask for and by their answer', async () => {
  const lines = await linesAfter(seen('GET', POD, 200, 0), seen('GET', POD, 200, 0), seen('GET', POD, 404, 0));
  assert.ok(lines.includes('# TYPE apiserver_request_total counter'));
  assert.deepEqual(
    lines.filter((line) => line.startsWith('apiserver_request_total{')),
    [`apiserver_request_total{${LABELS},code="200"} 2`, `apiserver_request_total{${LABELS},code="404"} 1`],
  );
});

test('how long they took is told in buckets that hold all that was shorter', async () => {
  const lines = await linesAfter(seen('GET', POD, 200, 0.005), seen('GET', POD, 200, 0.03), seen('GET', POD, 200, 61));
  const of = (name: string) => lines.filter((line) => line.startsWith(`apiserver_request_duration_seconds${name}{`));
  assert.ok(lines.includes('# TYPE apiserver_request_duration_seconds histogram'));
  const buckets = new Map(of('_bucket').map((line) => [/le="(.*?)"/.exec(line)?.[1], Number(line.split(' ').at(-1))]));
  assert.equal(buckets.size, 16);
  assert.deepEqual(
    ['0.005', '0.025', '0.05', '60', '+Inf'].map((le) => buckets.get(le)),
    [1, 1, 2, 2, 3],
  );
  assert.deepEqual(of('_sum'), [`apiserver_request_duration_seconds_sum{${LABELS}} 61.035`]);
  assert.deepEqual(of('_count'), [`apiserver_request_duration_seconds_count{${LABELS}} 3`]);
});

test('what clients make up does not become a label', async () => {
  const lines = await linesAfter(
    seen('GET', '/apis/made.up/v1/things', 404, 0),
    seen('GET', '/apis/other.made.up/v1/things', 403, 0),
    seen('GET', `${POD}/made-up`, 404, 0),
    seen('PATCH', `${POD}/status`, 200, 0),
    seen('MAKEUP', '/healthz', 405, 0),
    seen('REMAKE', '/', 405, 0),
  );
  assert.deepEqual(
    lines.filter((line) => line.startsWith('apiserver_request_total{')),
    [
      'apiserver_request_total{verb="LIST",scope="cluster",code="404"} 1',
      'apiserver_request_total{verb="LIST",scope="cluster",code="403"} 1',
      'apiserver_request_total{verb="GET",scope="resource",code="404"} 1',
      'apiserver_request_total{verb="PATCH",scope="resource",group="",version="v1",resource="pods",subresource="status",code="200"} 1',
      'apiserver_request_total{verb="other",scope="",code="405"} 2',
    ],
  );
});
