// A table that is watched, over a real port, on a clock that stands still.
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { configMaps } from '../../src/api/resources.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { startTestServer } from '../support/server.ts';

test('each table of a watch tells ages as they are then, not as they were when it began', async () => {
  const clock = fakeClock();
  const api = await startTestServer({ clock, port: 0, staticToken: 'secret' });
  try {
    await api.client.create(configMaps, { metadata: { name: 'one', namespace: 'default' } });
    const watching = await new Promise<IncomingMessage>((resolve, reject) => {
      const path = '/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=600';
      const headers = { authorization: 'Bearer secret', accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
      https.get(new URL(path, api.server.url), { headers, ca: api.ca, agent: false }, resolve).on('error', reject);
    });
    const lines = createInterface({ input: watching })[Symbol.asyncIterator]();
    const cells = async () => JSON.parse(String((await lines.next()).value)).object.rows[0].cells;
    assert.deepEqual(await cells(), ['one', 0, '0s']);
    await clock.advance(90_000);
    await api.client.patch(configMaps, 'default', 'one', { type: 'merge', body: { data: { x: '1' } } });
    assert.deepEqual(await cells(), ['one', 1, '90s']);
    watching.destroy();
  } finally {
    await api.stop();
  }
});
