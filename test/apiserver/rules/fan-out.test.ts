// Many watchers and slow ones, over real sockets: an event is encoded once, and who does not read costs a cursor.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configMaps } from '../../../src/api/resources.ts';
import { DRIVERS, giveUpHistory } from '../../storage/drivers.ts';
import { EAGER, revisionOf, startRuleServer, take, takeAll } from './rule.ts';
import { PROTOCOLS, WEB_SOCKET } from './wire.ts';

const MERGE = 'application/merge-patch+json';
/** More than a watch takes at a time and the sockets of both sides can hold: a slow reader cannot be sent everything. */
const EVENTS = 600;
const EVENT_BYTES = 60_000;

interface Metadata {
  name?: string;
  uid?: string;
}

for (const driver of DRIVERS) {
  describe(`fan-out over ${driver.name}`, () => {
    for (const protocol of [...PROTOCOLS, WEB_SOCKET]) {
      it(`an event is encoded as often for 40 watchers as for one, over ${protocol.name}`, async (t) => {
        const { api: make } = await startRuleServer(t, { driver, protocol });
        const api = await make(t, 'default');
        const path = api.path('configmaps');
        await api.configMap('target', { n: '0' });
        let encodings = 0;
        const { stringify } = JSON;
        t.mock.method(JSON, 'stringify', (...args: Parameters<typeof JSON.stringify>) => {
          const value = args[0] as ({ metadata?: Metadata } & Metadata) | undefined;
          const metadata = value?.metadata ?? value; // for the store they are written apart
          if (metadata?.name === 'target' && metadata.uid) encodings += 1;
          return stringify(...args);
        });
        const encodingsOf = async (watchers: number, n: string) => {
          const from = String(api.server.storage.revision);
          const streams = await Promise.all(
            Array.from({ length: watchers }, () => api.watch(path, { resourceVersion: from })),
          );
          encodings = 0;
          await api.expect(200, 'PATCH', `${path}/target`, { data: { n } }, MERGE);
          const events = await Promise.all(streams.map((stream) => take(stream, 1)));
          assert.ok(events.every(([event]) => event?.object.data?.n === n));
          for (const stream of streams) stream.close();
          return encodings;
        };
        const one = await encodingsOf(1, '1');
        assert.ok(one > 0);
        assert.equal(await encodingsOf(40, '2'), one);
      });
    }

    it('a watcher that does not read is sent no more, holds nobody up, and is told when it is too late', async (t) => {
      const options = { storageOptions: { compaction: EAGER } };
      const { api: make } = await startRuleServer(t, { driver, protocol: PROTOCOLS[0]!, options });
      const api = await make(t, 'default');
      const path = api.path('configmaps');
      const { client } = api.server;
      const from = { resourceVersion: String(api.server.storage.revision) };
      const slow = await Promise.all([1, 2, 3].map(() => api.watch(path, from)));
      const resumed = await api.watch(path, from);
      for (const stream of [...slow, resumed]) stream.pause();
      const quick = await api.watch(path, from);

      const metadata = { name: 'big', namespace: 'default' };
      const first = await client.create(configMaps, { metadata, data: { text: 'x'.repeat(EVENT_BYTES) } });
      for (let i = 1; i < EVENTS / 2; i++) {
        const data = { text: `${i}`.padEnd(EVENT_BYTES, 'x') };
        await client.update(configMaps, { metadata, data });
      }
      resumed.resume(); // in time: it gets everything, first of what it left
      for (let i = EVENTS / 2; i < EVENTS; i++) {
        const data = { text: `${i}`.padEnd(EVENT_BYTES, 'x') };
        await client.update(configMaps, { metadata, data });
      }
      const revisions = Array.from({ length: EVENTS }, (_, i) => Number(first.metadata.resourceVersion) + i);
      for (const stream of [quick, resumed]) {
        const events = await take(stream, EVENTS);
        assert.deepEqual(
          events.map(({ object }) => revisionOf(object)),
          revisions,
        );
      }
      await giveUpHistory(api.server.storage, api.clock); // the history that the slow ones are behind is given up
      for (const stream of slow) {
        stream.resume();
        const events = await takeAll(stream);
        const last = events.pop();
        assert.deepEqual([last?.type, last?.object.code, last?.object.reason], ['ERROR', 410, 'Expired']);
        assert.ok(events.length < EVENTS, 'not all of it was waiting in buffers');
        assert.deepEqual(
          events.map(({ object }) => revisionOf(object)),
          revisions.slice(0, events.length),
        );
      }
    });
  });
}
