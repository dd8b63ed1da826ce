// The same cases over every way to a real API server: the loopback, HTTPS, fetch, and fetch with WebSockets. These two
// are undici's, which Node's own are too, because those can't be told an authority.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Agent, WebSocket as UndiciWebSocket, fetch as undiciFetch } from 'undici';
import { configMaps } from '../../src/api/resources.ts';
import type { ConfigMap } from '../../src/api/types/core/v1.ts';
import { hasReason } from '../../src/apimachinery/status-error.ts';
import { createClient } from '../../src/client/create-client.ts';
import { createInformers } from '../../src/client/create-informers.ts';
import { fetchTransport } from '../../src/client/fetch-transport.ts';
import { httpsTransport } from '../../src/client/https-transport.ts';
import type { Transport } from '../../src/client/transport.ts';
import { webSocketTransport } from '../../src/client/web-socket-transport.ts';
import { systemClock } from '../../src/clock.ts';
import { silentLogger as log } from '../../src/log.ts';
import { eventually } from '../support/eventually.ts';
import { ADMIN, startTestServer } from '../support/server.ts';

async function loopback(t: TestContext): Promise<Transport> {
  const { server, stop } = await startTestServer({ clock: systemClock });
  t.after(stop);
  return server.transport(ADMIN);
}

async function https(t: TestContext): Promise<Transport> {
  const { server, ca, stop } = await startTestServer({ clock: systemClock, port: 0, staticToken: 'secret' });
  const transport = httpsTransport({ server: server.url, ca, token: () => 'secret' });
  t.after(async () => {
    await transport.close();
    await stop();
  });
  return transport;
}

/** A server, and what a page's fetch and WebSocket are to it. */
async function page(t: TestContext) {
  const { server, ca, stop } = await startTestServer({ clock: systemClock, port: 0, staticToken: 'secret' });
  const dispatcher = new Agent({ connect: { ca } });
  t.after(async () => {
    await dispatcher.destroy();
    await stop();
  });
  return {
    server: server.url,
    token: () => 'secret',
    fetch: (url: string, init: RequestInit) => undiciFetch(url, { ...init, dispatcher } as never) as never,
    WebSocket: class extends UndiciWebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, { protocols, dispatcher });
      }
    } as never,
  };
}

const overFetch = async (t: TestContext): Promise<Transport> => fetchTransport(await page(t));
const webSocket = async (t: TestContext): Promise<Transport> => webSocketTransport(await page(t));

const map = (name: string): ConfigMap => ({ metadata: { name, namespace: 'default' }, data: { a: '1' } });

for (const [name, connect] of Object.entries({ loopback, https, fetch: overFetch, webSocket })) {
  test(`${name}: objects are written and read, errors are those of the server`, async (t) => {
    const client = createClient(await connect(t));
    const created = await client.create(configMaps, map('x'));
    await client.update(configMaps, { ...created, data: { a: '2' } });
    await assert.rejects(client.update(configMaps, { ...created, data: { a: '3' } }), (e) => hasReason(e, 'Conflict'));
    await client.patch(configMaps, 'default', 'x', { type: 'merge', body: { data: { b: '4' } } });
    assert.deepEqual((await client.get(configMaps, 'default', 'x')).data, { a: '2', b: '4' });
    assert.deepEqual(
      (await client.list(configMaps)).items.map((item) => item.kind),
      ['ConfigMap'],
    );
    const preconditions = { uid: 'another' };
    await assert.rejects(client.delete(configMaps, 'default', 'x', { preconditions }), (e) => hasReason(e, 'Conflict'));
    await client.delete(configMaps, 'default', 'x');
    await assert.rejects(client.get(configMaps, 'default', 'x'), (e) => hasReason(e, 'NotFound'));
  });

  test(`${name}: an informer sees the state and what changes`, async (t) => {
    const client = createClient(await connect(t));
    await client.create(configMaps, map('x'));
    const informers = createInformers({ client, clock: systemClock, log });
    const told: string[] = [];
    const informer = informers.for(configMaps);
    informer.addHandler({
      added: (object, initial) => void told.push(`+${object.metadata.name} ${initial}`),
      deleted: (object) => void told.push(`-${object.metadata.name}`),
    });
    await informer.synced;
    await client.create(configMaps, map('y'));
    await client.delete(configMaps, 'default', 'x');
    await eventually('both changes', () => told.length === 3);
    assert.deepEqual(told, ['+x true', '+y false', '-x']);
    assert.ok(Object.isFrozen(informer.lister.get('default', 'y')?.data));
    await informers.stop();
  });
}
