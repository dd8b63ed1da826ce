// Watches over WebSockets and what ends them, with Node's own WebSocket against a server on the loopback.
// What a real API server does with them is in transports.test.ts.
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { hasReason } from '../../src/apimachinery/status-error.ts';
import { TransportError } from '../../src/client/client.ts';
import { webSocketTransport } from '../../src/client/web-socket-transport.ts';
import { gather } from '../support/gather.ts';

interface Opened {
  url: string | undefined;
  protocols: string | undefined;
  origin: string | undefined;
}

/** `accept` gets each connection; without it WebSockets are refused as proxies do that don't know them. */
async function against(
  t: TestContext,
  { accept, answer, token }: { accept?: (socket: WebSocket) => void; answer?: RequestListener; token?: string },
) {
  const opened: Opened[] = [];
  const server = createServer(answer);
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered].at(-1) as string,
  });
  if (accept) {
    server.on('upgrade', (request, socket, head) => {
      const { origin, 'sec-websocket-protocol': protocols } = request.headers;
      opened.push({ url: request.url, protocols, origin });
      sockets.handleUpgrade(request, socket, head, accept);
    });
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = webSocketTransport({
    server: url,
    ...(token ? { token: () => token } : {}),
  });
  return { transport, opened, url };
}

const event = (name: string) => JSON.stringify({ type: 'ADDED', object: { metadata: { name } } });
const PODS = { method: 'GET', path: '/api/v1/pods', query: new URLSearchParams({ watch: 'true' }) } as const;

test('events come in their order, token and origin go along, and the end of the server is the end', async (t) => {
  const {
    transport,
    opened,
    url: origin,
  } = await against(t, {
    token: 'a?b>c~ü',
    accept: (socket) => {
      socket.send(event('a'));
      socket.send(event('b'));
      socket.close();
    },
  });
  const seen = await gather(transport.stream(PODS));
  assert.deepEqual(
    seen.map(({ object }) => object.metadata.name),
    ['a', 'b'],
  );
  const token = Buffer.from('a?b>c~ü').toString('base64url');
  const protocols = `base64url.bearer.authorization.k8s.io.${token}, base64.binary.k8s.io`;
  assert.deepEqual(opened, [{ url: '/api/v1/pods?watch=true', protocols, origin }]);
});

test('without a token no subprotocol is offered', async (t) => {
  const { transport, opened, url: origin } = await against(t, { accept: (socket) => socket.close() });
  assert.deepEqual(await gather(transport.stream(PODS)), []);
  assert.deepEqual(opened, [{ url: '/api/v1/pods?watch=true', protocols: undefined, origin }]);
});

test('a connection that breaks off is a TransportError, as is a close for a reason', async (t) => {
  const ends: ((socket: WebSocket) => void)[] = [(s) => s.terminate(), (s) => s.close(1011, 'etcd is gone')];
  const { transport } = await against(t, {
    accept: (socket) => {
      socket.send(event('a'), () => ends.shift()?.(socket));
    },
  });
  const names: (string | undefined)[] = [];
  const watch = async () => {
    for await (const { object } of transport.stream(PODS)) names.push(object.metadata.name);
  };
  await assert.rejects(watch(), { name: 'TransportError', message: /^the watch from http:\S+ broke off: code 1006$/ });
  await assert.rejects(watch(), { name: 'TransportError', message: /broke off: etcd is gone$/ });
  assert.deepEqual(names, ['a', 'a']);
});

test('aborting ends a watch without an error and closes the connection', async (t) => {
  const closed = Promise.withResolvers<void>();
  const { transport } = await against(t, {
    accept: (socket) => {
      socket.on('close', () => closed.resolve());
      socket.send(event('a'));
    },
  });
  const aborting = new AbortController();
  for await (const _ of transport.stream({ ...PODS, signal: aborting.signal })) setImmediate(() => aborting.abort());
  await closed.promise;
  assert.deepEqual(await gather(transport.stream({ ...PODS, signal: AbortSignal.abort() })), []);
});

test('a watch that is left by its reader is closed', async (t) => {
  const closed = Promise.withResolvers<void>();
  const { transport } = await against(t, {
    accept: (socket) => {
      socket.on('close', () => closed.resolve());
      socket.send(event('a'));
    },
  });
  for await (const _ of transport.stream(PODS)) break;
  await closed.promise;
});

test('a refused WebSocket is told in the words of the server', async (t) => {
  let asked = '';
  const { transport } = await against(t, {
    answer: (request, response) => {
      asked = request.url ?? '';
      response.statusCode = 403;
      response.end(JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden', message: 'not you' }));
    },
  });
  await assert.rejects(gather(transport.stream(PODS)), (error) => hasReason(error, 'Forbidden'));
  assert.equal(asked, '/api/v1/pods?watch=true&timeoutSeconds=1');
});

test('a proxy that passes watches on but no WebSockets is told of', async (t) => {
  const { transport } = await against(t, { answer: (_request, response) => response.end(`${event('a')}\n`) });
  await assert.rejects(gather(transport.stream(PODS)), {
    name: 'TransportError',
    message: /^no WebSocket from http:\S+: it was refused, though the watch without one was answered$/,
  });
});

test('no server is a TransportError', async () => {
  const transport = webSocketTransport({ server: 'http://127.0.0.1:1' });
  await assert.rejects(gather(transport.stream(PODS)), TransportError);
});

test('what is no JSON ends the watch and is shown', async (t) => {
  const { transport } = await against(t, { accept: (socket) => socket.send('<html>') });
  await assert.rejects(gather(transport.stream(PODS)), {
    name: 'TransportError',
    message: /answered with something that is not JSON: <html>$/,
  });
});

test('a reader that stays behind by too many events loses the watch', async () => {
  let tell: (event: { data: unknown }) => void = () => undefined;
  let closings = 0;
  class Flood {
    addEventListener(type: string, listener: (event: never) => void): void {
      if (type === 'message') tell = listener as typeof tell;
    }
    close(): void {
      closings++;
    }
  }
  const transport = webSocketTransport({ server: 'http://127.0.0.1:1', WebSocket: Flood });
  const events = transport.stream(PODS)[Symbol.asyncIterator]();
  const first = events.next();
  await new Promise(setImmediate);
  tell({ data: event('first') });
  await first;
  for (let i = 0; i <= 100_000; i++) tell({ data: event(String(i)) });
  assert.equal(closings, 1);
});
