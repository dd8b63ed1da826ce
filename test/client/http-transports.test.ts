// The transports over HTTP, of undici and of fetch, against a real server on the loopback; TLS itself is Node's.
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { hasReason } from '../../src/apimachinery/status-error.ts';
import { TransportError } from '../../src/client/client.ts';
import { fetchTransport } from '../../src/client/fetch-transport.ts';
import { type HttpsTransportOptions, httpsTransport } from '../../src/client/https-transport.ts';
import { gather } from '../support/gather.ts';

type Options = Pick<HttpsTransportOptions, 'server' | 'token'> & { headers?: Record<string, string> };

const kinds = {
  https: httpsTransport,
  fetch: (options: Options) => ({ ...fetchTransport(options), close: async () => undefined }),
};

for (const [kind, connect] of Object.entries(kinds)) casesOf(kind, connect);

function casesOf(kind: string, connect: (typeof kinds)[keyof typeof kinds]): void {
  async function against(t: TestContext, listener: RequestListener, options: Partial<Options> = {}, path = '') {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const transport = connect({
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
      ...options,
    });
    t.after(async () => {
      await transport.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return transport;
  }

  test(`${kind}: a request carries path, query, token and body; the answer is decoded`, async (t) => {
    let token = 'first';
    const transport = await against(
      t,
      async (request, response) => {
        const body = await new Response(request as never).text();
        const { authorization, 'content-type': type } = request.headers;
        response.end(JSON.stringify({ metadata: {}, seen: [request.method, request.url, authorization, type, body] }));
      },
      { token: () => token },
    );
    token = 'second';
    const query = new URLSearchParams({ a: 'b c' });
    const contentType = 'application/merge-patch+json';
    const answer = await transport.request({ method: 'PATCH', path: '/api/v1/x', query, body: { a: 1 }, contentType });
    assert.deepEqual((answer as never as { seen: string[] }).seen, [
      'PATCH',
      '/api/v1/x?a=b+c',
      'Bearer second',
      contentType,
      '{"a":1}',
    ]);
  });

  test(`${kind}: a Status is thrown as it came; what else stands between becomes one`, async (t) => {
    const transport = await against(t, (request, response) => {
      response.statusCode = request.url === '/status' ? 409 : 502;
      const status = { kind: 'Status', code: 409, reason: 'Conflict', message: 'changed' };
      response.end(request.url === '/status' ? JSON.stringify(status) : '<html>bad gateway</html>');
    });
    await assert.rejects(transport.request({ method: 'GET', path: '/status' }), (error) =>
      hasReason(error, 'Conflict'),
    );
    await assert.rejects(transport.request({ method: 'GET', path: '/' }), { code: 502, message: /bad gateway/ });
  });

  test(`${kind}: no answer is a TransportError that names the server`, async () => {
    const transport = connect({ server: 'https://127.0.0.1:1' });
    await assert.rejects(transport.request({ method: 'GET', path: '/' }), (error: Error) => {
      return error instanceof TransportError && error.message.startsWith('no answer from https://127.0.0.1:1');
    });
    await transport.close();
  });

  test(`${kind}: a watch is read line by line, however the bytes are cut`, async (t) => {
    const transport = await against(t, async (_request, response) => {
      const text = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'ä' } } })}\n`);
      for (const byte of text) response.write(Buffer.from([byte]));
      response.end(JSON.stringify({ type: 'DELETED', object: { metadata: { name: 'b' } } }));
    });
    const seen: string[] = [];
    for await (const event of transport.stream({ method: 'GET', path: '/watch' })) {
      seen.push(`${event.type} ${event.object.metadata.name}`);
    }
    assert.deepEqual(seen, ['ADDED ä', 'DELETED b']);
  });

  test(`${kind}: aborting ends a watch without an error, a cut connection with one`, async (t) => {
    let cut: () => void = () => undefined;
    const transport = await against(t, (_request, response) => {
      response.write(`${JSON.stringify({ type: 'ADDED', object: { metadata: {} } })}\n`);
      cut = () => response.destroy();
    });
    const aborting = new AbortController();
    for await (const _ of transport.stream({ method: 'GET', path: '/', signal: aborting.signal })) aborting.abort();
    const watching = async () => {
      for await (const _ of transport.stream({ method: 'GET', path: '/' })) cut();
    };
    await assert.rejects(watching(), TransportError);
  });

  test(`${kind}: the path of the server is kept, and headers are sent along`, async (t) => {
    const headers = { 'Impersonate-User': 'jane' };
    const transport = await against(
      t,
      ({ url, headers: sent }, response) =>
        response.end(JSON.stringify({ metadata: {}, seen: [url, sent['impersonate-user']] })),
      { headers },
      '/clusters/one/',
    );
    const answer = await transport.request({ method: 'GET', path: '/api' });
    assert.deepEqual((answer as never as { seen: string[] }).seen, ['/clusters/one/api', 'jane']);
  });

  test(`${kind}: what is not JSON is told with the server's name`, async (t) => {
    const transport = await against(t, (_request, response) => response.end('<html>'));
    const expected = {
      name: 'TransportError',
      message: /^http:\/\/127.0.0.1:\d+ answered with something that is not JSON: <html>$/,
    };
    await assert.rejects(transport.request({ method: 'GET', path: '/' }), expected);
    await assert.rejects(gather(transport.stream({ method: 'GET', path: '/' })), expected);
  });

  test(`${kind}: a watch that is refused throws the Status; one that was aborted before asks nobody`, async (t) => {
    let asked = 0;
    const transport = await against(t, (_request, response) => {
      asked++;
      response.statusCode = 403;
      response.end(JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden' }));
    });
    const watch = (signal?: AbortSignal) => gather(transport.stream({ method: 'GET', path: '/', signal }));
    await assert.rejects(watch(), (error) => hasReason(error, 'Forbidden'));
    assert.deepEqual(await watch(AbortSignal.abort()), []);
    assert.equal(asked, 1);
  });

  test(`${kind}: whoever stops reading a watch ends its request`, async (t) => {
    const ended = Promise.withResolvers<void>();
    const transport = await against(t, (_request, response) => {
      response.write(`${JSON.stringify({ type: 'ADDED', object: { metadata: {} } })}\n`);
      response.on('close', ended.resolve);
    });
    for await (const _ of transport.stream({ method: 'GET', path: '/' })) break;
    await ended.promise;
  });
}
