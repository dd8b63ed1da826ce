// /statusz, /flagz, /metrics/slis and the checks of health, as those ask who watch over a server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { healthHandler } from '../../src/apiserver/paths/health.ts';
import { healthChecks, startChecks } from '../../src/apiserver/paths/health-checks.ts';
import { createHealthMetrics } from '../../src/apiserver/paths/health-metrics.ts';
import type { PathCall, PathHandler } from '../../src/apiserver/paths/path-table.ts';
import { flagzHandler, statuszHandler } from '../../src/apiserver/paths/zpages.ts';
import { loadConfig } from '../../src/daemon/config.ts';
import { shownSettings } from '../../src/daemon/shown-settings.ts';
import { fakeClock } from '../support/fake-clock.ts';

interface Answer {
  status: number;
  contentType: string;
  body: string;
  headers?: Record<string, string>;
}

async function ask(handle: PathHandler, path: string, accept?: string): Promise<Answer> {
  const url = new URL(path, 'http://x');
  const headers = new Map(accept === undefined ? [] : [['accept', accept]]);
  const request = { method: 'GET', headers: Object.fromEntries(headers), query: url.searchParams };
  const answer = await handle({ request, info: { path: url.pathname } } as unknown as PathCall);
  return { ...(answer as unknown as Answer), body: String((answer as unknown as Answer).body) };
}

test('what runs is told as text, and as an object for who names its kind', async () => {
  const clock = fakeClock();
  const statusz = statuszHandler({ clock, paths: ['/version', '/livez'] });
  await clock.advance(3_723_000);
  for (const accept of [undefined, 'text/plain', '*/*', 'application/json,text/*;q=0.1']) {
    const { contentType, body } = await ask(statusz, '/statusz', accept);
    assert.equal(contentType, 'text/plain; charset=utf-8');
    assert.match(body, /^\napiserver statusz\nWarning: /);
    assert.match(body, /\nUp: 1 hr 02 min 03 sec\n/);
    assert.match(body, /\nPaths: \/livez \/version\n$/);
  }
  const v1 = await ask(statusz, '/statusz', 'application/json;v=v1beta1;g=config.k8s.io;as=Statusz');
  assert.equal(v1.contentType, 'application/json;g=config.k8s.io;v=v1beta1;as=Statusz');
  assert.equal(v1.headers, undefined);
  const { kind, apiVersion, uptimeSeconds, paths } = JSON.parse(v1.body);
  assert.deepEqual(
    { kind, apiVersion, uptimeSeconds, paths },
    { kind: 'Statusz', apiVersion: 'config.k8s.io/v1beta1', uptimeSeconds: 3723, paths: ['/livez', '/version'] },
  );
  const old = await ask(statusz, '/statusz', 'application/yaml;v=v1alpha1;g=config.k8s.io;as=Statusz');
  assert.match(old.headers?.warning ?? '', /This version of the statusz endpoint is deprecated/);
  const lines = old.body.split('\n');
  assert.equal(lines[0], 'apiVersion: config.k8s.io/v1alpha1');
  for (const line of ['kind: Statusz', 'paths:', '- /livez']) assert.ok(lines.includes(line), line);
});

for (const accept of [
  'application/json',
  'application/cbor',
  'text/html',
  'application/json;v=v1;g=config.k8s.io;as=Flagz',
  'application/json;v=v1beta1;g=config.k8s.io;as=Statusz',
  'text/plain;v=v1beta1;g=config.k8s.io;as=Flagz',
]) {
  test(`/flagz is not to be had as ${accept}`, async () => {
    await assert.rejects(
      ask(flagzHandler({}), '/flagz', accept),
      (error) =>
        error instanceof StatusError && error.code === 406 && /application\/yaml, text\/plain$/.test(error.message),
    );
  });
}

test('settings are told in order, and no secret', async () => {
  const flags = shownSettings(loadConfig({ flags: { token: 'abc', 'node-port-range': '100-200' }, env: {} }));
  assert.deepEqual(
    [flags.token, flags['node-port-range'], flags.components?.split(',')[0]],
    ['<redacted>', 'from=100,to=200', 'apiserver'],
  );
  const { body } = await ask(flagzHandler({ b: '2', a: '1' }), '/flagz');
  assert.match(body, /\na: 1\nb: 2\n$/);
});

test('a server that starts is not live, one that stops is not ready; both are counted', async () => {
  let started = false;
  const stopping = new AbortController();
  const checks = healthChecks({
    storage: { stats: async () => ({}) as never },
    startChecks: startChecks(() => started),
    stopping: stopping.signal,
  });
  const metrics = createHealthMetrics();
  const handler = (root: string, all: typeof checks.live) =>
    healthHandler(root, { checks: all, observe: (check, ok) => metrics.observe(root, check, ok) });
  const livez = handler('/livez', checks.live);
  const readyz = handler('/readyz', [...checks.live, ...checks.ready]);
  const starting = await ask(livez, '/livez');
  assert.equal(starting.status, 500);
  assert.match(starting.body, /\n\[-\]poststarthook\/rbac\/bootstrap-roles failed: reason withheld\n/);
  started = true;
  assert.equal((await ask(livez, '/livez')).body, 'ok');
  assert.equal((await ask(readyz, '/readyz/poststarthook/rbac/bootstrap-roles')).body, 'ok');
  assert.equal((await ask(readyz, '/readyz')).status, 200);
  stopping.abort();
  assert.equal((await ask(livez, '/livez')).status, 200);
  assert.equal((await ask(readyz, '/readyz')).status, 500);
  assert.equal((await ask(readyz, '/readyz/shutdown')).body, 'internal server error: process is shutting down');

  const { body } = await ask(metrics.handle, '/metrics/slis');
  for (const line of [
    'kubernetes_healthcheck{name="shutdown",type="readyz"} 0',
    'kubernetes_healthcheck{name="autoregister-completion",type="livez"} 1',
    'kubernetes_healthchecks_total{name="autoregister-completion",type="livez",status="error"} 1',
    'kubernetes_healthchecks_total{name="autoregister-completion",type="livez",status="success"} 2',
  ]) {
    assert.ok(body.split('\n').includes(line), line);
  }
});
