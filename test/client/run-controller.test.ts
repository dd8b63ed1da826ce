import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps, pods } from '../../src/api/resources.ts';
import { conflict, forbidden, notFound, OBJECT_MODIFIED } from '../../src/apimachinery/status-error.ts';
import { retryOnConflict } from '../../src/client/backoff.ts';
import { type Controller, watchOf } from '../../src/client/controller.ts';
import { createInformers } from '../../src/client/create-informers.ts';
import { createEventRecorder } from '../../src/client/events.ts';
import { keyOf } from '../../src/client/indexed-store.ts';
import { runController } from '../../src/client/run-controller.ts';
import { type Logger, silentLogger } from '../../src/log.ts';
import { harness } from '../controllers/harness.ts';
import { podObject } from '../support/objects.ts';

const watching = (reconcile: Controller['reconcile'], more: Partial<Controller> = {}): Controller => ({
  name: 'test',
  watches: [watchOf({ resource: pods, toKeys: (pod) => [keyOf(pod)] })],
  reconcile,
  ...more,
});

test('what throws comes again after a pause, what asks for it comes later', async (t) => {
  const seen: string[] = [];
  const h = harness(
    t,
    watching(async (key, { clock }) => {
      seen.push(`${key} ${clock.monotonic()}`);
      if (seen.length === 1) throw new Error('first fails');
      return seen.length === 2 ? { requeueAfter: 60_000 } : undefined;
    }),
  );
  h.api.seed(podObject('a'));
  await h.start();
  await h.clock.advance(120_000);
  assert.deepEqual(seen, ['default/a 0', 'default/a 5', 'default/a 60005']);
});

test('nothing is reconciled before every cache is complete', async (t) => {
  const seen: string[] = [];
  const controller = watching(async (key) => {
    seen.push(key);
    return undefined;
  });
  const both = { ...controller, watches: [...controller.watches, watchOf({ resource: configMaps, toKeys: () => [] })] };
  const h = harness(t, both);
  h.api.seed(podObject('a'));
  const refusal = forbidden({ group: '', resource: 'configmaps' }, '', 'no');
  const mend = h.api.fail((request) => (request.path.endsWith('configmaps') ? refusal : undefined));
  await h.start();
  assert.deepEqual(seen, []);
  mend();
  await h.clock.advance(2_000);
  assert.deepEqual(seen, ['default/a']);
});

test('keys can come from other signals than watches', async (t) => {
  const seen: string[] = [];
  let wake: (key: string) => void = () => assert.fail('setup was not called');
  const reconcile = async (key: string) => {
    seen.push(key);
    return undefined;
  };
  const setup: Controller['setup'] = (_context, enqueue) => {
    wake = enqueue;
  };
  const h = harness(t, watching(reconcile, { setup }));
  await h.start();
  wake('x');
  await h.settle();
  assert.deepEqual(seen, ['x']);
});

test('conflicts are tried again, five times in all; other errors are not', async () => {
  let tries = 0;
  const stale = conflict({ group: '', resource: 'pods' }, 'a', OBJECT_MODIFIED);
  const attempt = (failures: number, error: Error) => {
    tries = 0;
    return retryOnConflict(async () => {
      if (tries++ < failures) throw error;
      return 'done';
    });
  };
  assert.equal(await attempt(4, stale), 'done');
  await assert.rejects(attempt(5, stale), stale);
  assert.equal(tries, 5);
  await assert.rejects(attempt(1, new Error('other')), /other/);
  assert.equal(tries, 1);
});

test('a cache that is behind is no news; what stays missing is', async (t) => {
  const told: string[] = [];
  const levels = { debug: () => told.push('debug'), warn: () => told.push('warn') };
  const h = harness(t);
  h.api.seed(podObject('a'));
  const informers = createInformers({ client: h.client, clock: h.clock, log: silentLogger, random: () => 0 });
  const events = createEventRecorder({ client: h.client, clock: h.clock, log: silentLogger, component: 'test' });
  const pod = { group: '', resource: 'pods' };
  const errors = [conflict(pod, 'a', OBJECT_MODIFIED), notFound(pod, 'a'), undefined, notFound(pod, 'a')];
  const running = runController(
    watching(async () => {
      const error = errors.shift();
      if (error) throw error;
      return errors.length > 0 ? { requeueAfter: 1_000 } : undefined;
    }),
    {
      client: h.client,
      informers,
      events,
      clock: h.clock,
      log: { ...silentLogger, ...levels } as unknown as Logger,
      signal: new AbortController().signal,
    },
  );
  await running.start();
  await h.clock.advance(5_000);
  assert.deepEqual(told, ['debug', 'warn', 'debug']);
  await running.stop();
  await informers.stop();
});
