// Answers byte by byte, as servers of all kinds give them.
import assert from 'node:assert/strict';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { HTTPGetAction } from '../../../src/api/types/core/v1.ts';
import { httpGet } from '../../../src/kubelet/probes/http-action.ts';

/** What a server that says these pieces makes of a probe, and what the probe said. */
async function answered(pieces: readonly string[], action: Partial<HTTPGetAction> = {}, close = true) {
  let asked = '';
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', async (chunk) => {
      asked += chunk;
      if (!asked.endsWith('\r\n\r\n')) return;
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (close) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const target = { host: '127.0.0.1', container: { name: 'main' }, signal: AbortSignal.timeout(5000) };
    const result = await httpGet({ path: '/a?b=c d', port, ...action }, { ...target, purpose: 'probe' });
    return {
      ...result,
      output: result.output.replaceAll(String(port), 'PORT'),
      asked: asked.replaceAll(String(port), 'PORT'),
    };
  } finally {
    server.close();
  }
}

for (const { what, pieces, close, expected } of [
  { what: 'a length', pieces: ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'], close: false, expected: 'ok' },
  {
    what: 'pieces',
    pieces: ['HT', 'TP/1.1 200 OK\r', '\ncontent-length: 2\r\n\r', '\no', 'k'],
    close: false,
    expected: 'ok',
  },
  { what: 'an end', pieces: ['HTTP/1.0 200 OK\r\n\r\nok'], expected: 'ok' },
  { what: 'no reason', pieces: ['HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n'], close: false, expected: '' },
  { what: 'nothing', pieces: ['HTTP/1.1 204 No Content\r\n\r\n'], close: false, expected: '' },
  {
    what: 'chunks',
    pieces: ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nab', 'c\r\n1\r\nd\r\n0\r\n\r\n'],
    close: false,
    expected: 'abcd',
  },
  {
    what: 'early hints',
    pieces: ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    close: false,
    expected: 'ok',
  },
  {
    what: 'more than is kept',
    pieces: ['HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(8000), 'x'.repeat(8000)],
    close: false,
    expected: 'x'.repeat(10_240),
  },
]) {
  test(`an answer with ${what} is a success`, async () => {
    const { ok, output } = await answered(pieces, {}, close);
    assert.deepEqual({ ok, output }, { ok: true, output: expected });
  });
}

for (const { what, pieces, expected } of [
  { what: 'no answer', pieces: [], expected: 'EOF' },
  { what: 'half an answer', pieces: ['HTTP/1.1 200 OK\r\nContent-'], expected: 'EOF' },
  {
    what: 'another protocol',
    pieces: ['SSH-2.0-x\r\n'],
    expected: 'net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0-x"',
  },
  {
    what: 'a status that is none',
    pieces: ['HTTP/1.1 abc\r\n\r\n'],
    expected: 'net/http: HTTP/1.x transport connection broken: malformed HTTP response "HTTP/1.1 abc"',
  },
]) {
  test(`${what} is a failure that says so`, async () => {
    const { ok, output } = await answered(pieces);
    assert.deepEqual({ ok, output }, { ok: false, output: `Get "http://127.0.0.1:PORT/a?b=c%20d": ${expected}` });
  });
}

test('a request says who asks, what is wanted, and what it was told to say', async () => {
  const httpHeaders = [
    { name: 'x-a', value: '1' },
    { name: 'X-A', value: '2' },
    { name: 'Accept', value: '' },
  ];
  const { asked } = await answered(['HTTP/1.1 200 OK\r\n\r\n'], { httpHeaders });
  assert.equal(
    asked,
    'GET /a?b=c%20d HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: kube-probe/1.36\r\nX-A: 1\r\nX-A: 2\r\nConnection: close\r\n\r\n',
  );
});

test('a header cannot bring others with it', async () => {
  const { ok, output, asked } = await answered([], { httpHeaders: [{ name: 'X-A', value: 'a\r\nX-B: b' }] });
  assert.deepEqual([ok, asked], [false, '']);
  assert.match(output, /: net\/http: invalid header field value for "X-A"$/);
});

test('a redirect that is not followed is told, with its body', async () => {
  const away = 'HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 4\r\n\r\naway';
  const { ok, warning } = await answered([away], {}, false);
  assert.deepEqual({ ok, warning }, { ok: true, warning: 'Probe terminated redirects, Response body: away' });
});

test('answers that come in turns to several at once are not mixed up', async () => {
  const names = ['a', 'b', 'c'];
  const results = await Promise.all(
    names.map((name) => answered(['HTTP/1.1 200 OK\r\n\r\n', ...Array<string>(50).fill(name)])),
  );
  assert.deepEqual(
    results.map(({ output }) => output),
    names.map((name) => name.repeat(50)),
  );
});
