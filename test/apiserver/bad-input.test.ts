// What nobody should send: a 4xx Status or a closed connection, and the server goes on.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http2 from 'node:http2';
import { connect as tcpConnect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { builtinSchema } from '../../src/api/facts.ts';
import { configMaps } from '../../src/api/resources.ts';
import { decodeMessage } from '../../src/apimachinery/codec/protobuf.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { httpsCaller, jsonOf } from '../support/https-call.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TOKEN = 'secret';
const PATH = '/api/v1/namespaces/default/configmaps';
const MIB = 1024 * 1024;

let clock: FakeClock;
let api: TestServer;
const call = httpsCaller(() => api, TOKEN);
const post = (body: string | Uint8Array, type = 'application/json') =>
  call(PATH, { method: 'POST', headers: { 'content-type': type }, body });

before(async () => {
  clock = fakeClock();
  api = await startTestServer({ clock, port: 0, staticToken: TOKEN });
});
after(() => api.stop());

const port = () => Number(new URL(api.server.url ?? '').port);

const answers = async () => {
  const { code } = await call('/readyz');
  assert.equal(code, 200);
};

const nested = (depth: number, open: string, close: string) => `${open.repeat(depth)}${close.repeat(depth)}`;
const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
const magic = [...Buffer.from('k8s\0')];

describe('bodies', () => {
  const PROTOBUF = 'application/vnd.kubernetes.protobuf';
  for (const [name, body, type] of [
    ['no JSON', '{"metadata":', 'application/json'],
    ['a list instead of an object', '[]', 'application/json'],
    ['another kind', '{"kind":"Pod","apiVersion":"v1"}', 'application/json'],
    ['deep nesting', `{"data":${nested(100_000, '[', ']')}}`, 'application/json'],
    ['deep nesting of objects', `{"data":${'{"a":'.repeat(100_000)}`, 'application/json'],
    ['deep nesting in YAML', `data: ${nested(20_000, '[', ']')}`, 'application/yaml'],
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
        .split('')
        .map((c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]},`.repeat(9)}]`)
        .join('\n')}\nkind: ConfigMap\n`,
      'application/yaml',
    ],
    ['a number too large', '{"metadata":{"name":"a","generation":1e999}}', 'application/json'],
    ['protobuf with a length that lies', Uint8Array.from([...magic, 0x12, 0xff, 0xff, 0xff, 0x7f]), PROTOBUF],
    ['protobuf that ends early', Uint8Array.from([...magic, 0x0a, 5, 1]), PROTOBUF],
    ['protobuf without its prefix', Uint8Array.from([0x0a, 0]), PROTOBUF],
    ['random bytes', randomBytes(1024), PROTOBUF],
    ['random bytes as YAML', randomBytes(1024), 'application/yaml'],
    ['random bytes as JSON', randomBytes(1024), 'application/json'],
  ] as const) {
    test(name, async () => {
      const answer = await post(body, type);
      assert.equal(jsonOf(answer).kind, 'Status');
      assert.ok(answer.code === 400 || answer.code === 422, `${answer.code}: ${jsonOf(answer).message}`);
      assert.doesNotMatch(jsonOf(answer).message, /\n\s+at |Internal error/);
    });
  }

  test('protobuf nested without end', () => {
    // JSONSchemaProps in JSONSchemaProps (field 28, not), from the inside out.
    let message: number[] = [];
    for (let i = 0; i < 5_000; i++) message = [0xe2, 1, ...varint(message.length), ...message];
    const model = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';
    const read = () => decodeMessage(Uint8Array.from(message), builtinSchema.type(model), builtinSchema);
    assert.throws(read, /exceeded max depth/);
  });

  test('what names the prototype is a field like any other', async () => {
    const made = await post('{"metadata":{"name":"proto","labels":{"__proto__":"x"}},"data":{"__proto__":"y"}}');
    const text = made.body.toString();
    assert.ok(made.code === 201 ? text.includes('"__proto__":"y"') : made.code === 422, text);
    assert.equal(({} as { x?: string }).x, undefined);
    const strict = await call(`${PATH}?fieldValidation=Strict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"metadata":{"name":"proto2"},"__proto__":{"data":{"a":"b"}}}',
    });
    assert.match(jsonOf(strict).message, /unknown field "__proto__"/);
  });

  test('text that is no UTF-8 is stored as text that is', async () => {
    const body = Buffer.concat([
      Buffer.from('{"metadata":{"name":"utf"},"data":{"a":"'),
      Buffer.from([0xff, 0xc3, 0x28]),
      Buffer.from('"}}'),
    ]);
    const made = await post(body);
    assert.equal(made.code, 201);
    assert.equal(jsonOf(made).data.a, '\ufffd\ufffd(');
  });

  test('100 MiB: 413 or the end of the connection, and nothing of it stays', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const outcome = await post(Buffer.alloc(100 * MIB, ' ')).then(
      ({ code }) => code,
      (error: NodeJS.ErrnoException) => error.code,
    );
    assert.ok(outcome === 413 || outcome === 'ECONNRESET' || outcome === 'EPIPE', String(outcome));
    await eventually('memory to return', () => process.memoryUsage().arrayBuffers < before + 130 * MIB);
    await answers();
  });
});

/** An HTTP/1.1 connection whose bytes the test writes itself. */
function open(protocol = 'http/1.1'): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: port(), host: '127.0.0.1', ca: api.ca, ALPNProtocols: [protocol] }, () =>
      resolve(socket),
    );
    socket.once('error', reject);
  });
}

/** A frame of HTTP/2 (RFC 9113, 4.1). */
function frame(type: number, { flags = 0, stream = 0, payload = [] as readonly number[] } = {}): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

/** Preface, settings, and a POST of YAML whose data does not end (headers as literals without index, RFC 7541, 6.2.2). */
function framesOf(text: string, { ends }: { ends: boolean }): Buffer {
  const headers = {
    ':method': 'POST',
    ':scheme': 'https',
    ':path': PATH,
    ':authority': 'x',
    'content-type': 'application/yaml',
    authorization: `Bearer ${TOKEN}`,
  };
  const literal = (value: string) => [value.length, ...Buffer.from(value)];
  const block = Object.entries(headers).flatMap(([name, value]) => [0, ...literal(name), ...literal(value)]);
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(4),
    frame(1, { flags: 4, stream: 1, payload: block }),
    frame(0, { stream: 1, flags: ends ? 1 : 0, payload: [...Buffer.from(text)] }),
  ]);
}

const head = (length: number) =>
  `POST ${PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/yaml\r\nContent-Length: ${length}\r\n\r\n`;

const received = (socket: TLSSocket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });

describe('connections', () => {
  test('a body that comes too slowly is a Timeout and the end of the connection', async () => {
    const socket = await open();
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write(`${head(1000)}kind: ConfigMap\n`);
    await eventually('an answer', async () => {
      await clock.advance(60_000);
      return text.includes('its body did not come in 60 s');
    });
    assert.match(text, /^HTTP\/1\.1 504 /);
    const ended = received(socket);
    socket.write('x');
    await ended;
  });

  test('a body that breaks off makes nothing, in HTTP/1.1 and 2', async () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: broken}\ndata: {a: b}\n';
    const socket = await open();
    socket.write(head(text.length + 10) + text);
    socket.end();
    await received(socket);
    const whole = await open('h2');
    whole.write(framesOf(text.replace('broken', 'whole'), { ends: true }));
    await eventually('what came whole', () => api.client.get(configMaps, 'default', 'whole'));
    whole.destroy();
    for (const reset of [true, false]) {
      const connection = await open('h2');
      connection.write(framesOf(text, { ends: false }));
      // Its data has come when the server says that it may send more, or has read it.
      await eventually('the settings of the server', () => connection.bytesRead > 0);
      if (reset) connection.write(frame(3, { stream: 1, payload: [0, 0, 0, 8] }));
      await answers();
      connection.destroy();
    }
    await answers();
    const { items } = await api.client.list(configMaps, { namespace: 'default' });
    assert.deepEqual(
      items.filter(({ metadata }) => metadata.name === 'broken'),
      [],
    );
  });

  test('no HTTP at all, and no TLS', async () => {
    const socket = await open();
    const answer = received(socket);
    socket.write('\0\x01\x02 nonsense\r\n\r\n');
    assert.match(await answer, /^(HTTP\/1\.1 400 |$)/);
    const plain = tcpConnect(port(), '127.0.0.1');
    plain.write('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) =>
      plain
        .once('close', resolve)
        .on('error', () => undefined)
        .resume(),
    );
    await answers();
  });

  test('a half-closed connection gets its answer', async () => {
    const socket = await open();
    const answer = received(socket);
    socket.end(`GET /version HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`);
    assert.match(await answer, /^HTTP\/1\.1 200 |^$/);
    await answers();
  });

  test('streams that are opened and reset by the thousand', async () => {
    const session = http2.connect(api.server.url ?? '', { ca: api.ca });
    session.on('error', () => undefined);
    for (let i = 0; i < 5_000 && !session.destroyed; i++) {
      const stream = session.request({ ':path': `${PATH}?watch=true`, authorization: `Bearer ${TOKEN}` });
      stream.on('error', () => undefined);
      stream.close(http2.constants.NGHTTP2_CANCEL);
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await answers();
    session.destroy();
    await answers();
  });
});

describe('floods of frames', () => {
  const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4)]);
  const setting = [0, 3, 0, 0, 0, 100];
  const piece = [...Buffer.alloc(1_000)];
  for (const [name, flood] of [
    ['pings that nobody reads the answers of', frame(6, { payload: [1, 2, 3, 4, 5, 6, 7, 8] })],
    ['settings', frame(4, { payload: setting })],
    ['headers that never end', frame(9, { stream: 1, payload: piece })],
    ['window updates of nothing', frame(8, { payload: [0, 0, 0, 0] })],
    ['frames of a type that there is not', frame(200, { payload: piece })],
  ] as const) {
    test(name, async () => {
      const connection = await open('h2');
      connection.on('error', () => undefined);
      connection.pause();
      connection.write(preface);
      if (name.startsWith('headers')) connection.write(frame(1, { stream: 1, payload: [0x82] }));
      for (let i = 0; i < 50 && !connection.destroyed; i++) {
        await new Promise((resolve) => connection.write(Buffer.concat(Array<Buffer>(200).fill(flood)), resolve));
      }
      await answers();
      connection.destroy();
    });
  }
});

describe('queries', () => {
  for (const [name, query] of [
    ['a label selector of a million terms', `labelSelector=${encodeURIComponent('a=b,'.repeat(4_000))}c`],
    ['a label selector of parentheses', `labelSelector=${encodeURIComponent(`a in (${'('.repeat(1000)}`)}`],
    ['a field selector of a field that there is not', `fieldSelector=${'x'.repeat(4_000)}%3Dy`],
    ['a continue token of garbage', `continue=${'A'.repeat(4_000)}`],
    ['a limit that is none', 'limit=99999999999999999999'],
    ['an escape that is none', 'labelSelector=%zz'],
  ] as const) {
    test(name, async () => {
      const { code } = await call(`${PATH}?${query}`);
      assert.ok(code !== undefined && code < 500, `${code}`);
    });
  }

  test('a path of escapes that are none', async () => assert.equal((await call(`${PATH}/%zz%`)).code, 404));
  test('a request line too long', async () => {
    assert.equal((await call(`${PATH}?x=${'y'.repeat(100_000)}`)).code, 200);
    const outcome = await call(`${PATH}?x=${'y'.repeat(2_000_000)}`).then(
      ({ code }) => code,
      (error: NodeJS.ErrnoException) => error.code,
    );
    assert.ok(outcome === 431 || outcome === 414 || outcome === 'ECONNRESET' || outcome === 'EPIPE', String(outcome));
  });
});
