// Rules 46 and 47: what controllers remove, on a server that runs them.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createInformers } from '../../../src/client/create-informers.ts';
import { createEventRecorder } from '../../../src/client/events.ts';
import { runController } from '../../../src/client/run-controller.ts';
import { createControllers } from '../../../src/controllers/index.ts';
import { startAll, stopAll } from '../../../src/lifecycle.ts';
import { silentLogger as log } from '../../../src/log.ts';
import { type RuleApi, type RuleCase, take } from './rule.ts';
import type { Stream } from './wire.ts';

const COLLECTORS = ['generic-garbage-collector', 'namespace-controller'];

/** A server of its own with the garbage collector and the namespace controller, until the case ends. */
async function withCollectors(api: RuleApi, t: TestContext): Promise<RuleApi> {
  const own = await api.own();
  const { client, server } = own.server;
  const { clock } = own;
  const informers = createInformers({ client, clock, log, random: () => 0 });
  const signal = new AbortController().signal;
  const controllers = createControllers({ resources: server.catalogue, rootCa: 'PEM', signToken: async () => 'token' })
    .filter(({ name }) => COLLECTORS.includes(name))
    .map((controller) => {
      const events = createEventRecorder({ client, clock, log, component: controller.name });
      return runController(controller, { client, informers, events, clock, log, signal });
    });
  assert.equal(controllers.length, COLLECTORS.length);
  await startAll(controllers);
  t.after(async () => {
    await stopAll(controllers);
    await informers.stop();
  });
  return own;
}

/** Takes events until all of `wanted` (as `TYPE name`) have come, while the clock of the controllers' queues goes on. */
async function seen(api: RuleApi, stream: Stream, wanted: readonly string[]): Promise<void> {
  const missing = new Set(wanted);
  let over = false;
  const taking = (async () => {
    while (missing.size > 0) {
      const [event] = await take(stream, 1);
      missing.delete(`${event!.type} ${event!.object.metadata.name}`);
    }
  })().finally(() => {
    over = true;
  });
  while (!over) await api.clock.advance(50);
  await taking;
}

export const collectorRules: readonly RuleCase[] = [
  {
    rules: [46],
    name: 'a dependent goes when all its owners are gone, compared by uid',
    async run(api, t) {
      const own = await withCollectors(api, t);
      const path = own.path('configmaps');
      const [one, two] = [await own.configMap('one'), await own.configMap('two')];
      const owner = ({ metadata }: typeof one) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: metadata.name,
        uid: metadata.uid,
      });
      const dependent = (name: string, ownerReferences: unknown[]) =>
        own.expect(201, 'POST', path, { metadata: { name, ownerReferences } });
      await dependent('of-one', [owner(one)]);
      await dependent('of-both', [owner(one), owner(two)]);
      const stream = await own.watch(path, { resourceVersion: String(own.server.storage.revision) });
      await own.expect(200, 'DELETE', `${path}/one`, { propagationPolicy: 'Background' });
      await own.configMap('one'); // the name again, and another uid: no owner of anything
      await seen(own, stream, ['DELETED of-one', 'MODIFIED of-both']);
      const both = await own.expect(200, 'GET', `${path}/of-both`);
      assert.deepEqual(
        both.metadata.ownerReferences?.map(({ name }) => name),
        ['two'],
      );
      await own.expect(200, 'DELETE', `${path}/two`, { propagationPolicy: 'Background' });
      await seen(own, stream, ['DELETED of-both']);
      await own.expect(404, 'GET', `${path}/of-both`);
    },
  },
  {
    rules: [47],
    name: 'a namespace that is deleted takes nothing new, is emptied, and goes',
    async run(api, t) {
      const own = await withCollectors(api, t);
      await own.expect(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'going' } });
      const inside = '/api/v1/namespaces/going/configmaps';
      await own.expect(201, 'POST', inside, { metadata: { name: 'a' } });
      await own.expect(201, 'POST', inside, { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
      const from = { resourceVersion: String(own.server.storage.revision) };
      const stream = await own.watch('/api/v1/namespaces', from);
      const contents = await own.watch(inside, from);
      const marked = await own.expect(200, 'DELETE', '/api/v1/namespaces/going');
      assert.deepEqual((marked.status as { phase: string }).phase, 'Terminating');
      const late = await own.expect(403, 'POST', inside, { metadata: { name: 'late' } });
      assert.equal(late.details?.causes?.[0]?.reason, 'NamespaceTerminating');
      await seen(own, contents, ['DELETED a']);
      await own.expect(404, 'GET', `${inside}/a`);
      await own.expect(200, 'GET', '/api/v1/namespaces/going');
      const merge = 'application/merge-patch+json';
      await own.expect(200, 'PATCH', `${inside}/held`, { metadata: { finalizers: null } }, merge);
      await seen(own, stream, ['DELETED going']);
      await own.expect(404, 'GET', '/api/v1/namespaces/going');
    },
  },
];
