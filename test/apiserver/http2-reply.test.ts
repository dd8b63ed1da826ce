// The order in which a stream of HTTP/2 is written to its end and destroyed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { http2Reply } from '../../src/apiserver/http/reply.ts';

let server: Http2Server;
let session: ClientHttp2Session;
/** Called with the stream of a request once its body was read. */
let answer: (stream: ServerHttp2Stream) => void;

beforeEach(async () => {
  server = http2.createServer();
  server.on('stream', (stream) => {
    const { body } = http2Reply(stream);
    body.on('error', () => body.destroy());
    stream.resume().on('end', () => answer(stream));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  session.on('error', () => session.destroy());
});
afterEach(async () => {
  session.destroy();
  server.close();
  await once(server, 'close');
});

const post = () => session.request({ ':method': 'POST' }).end('{}');

test('an answer is reported as written, and then its stream is destroyed', async () => {
  const written = new Promise<unknown>((resolve) => {
    answer = (stream) => {
      let problem: unknown = 'never reported';
      stream.once('close', () => resolve(problem));
      stream.respond({ ':status': 200 });
      stream.end('answer', (error?: Error | null) => {
        problem = error ?? 'written';
      });
    };
  });
  post().resume();
  assert.equal(await written, 'written');
});

for (const [how, leave] of [
  ['resets its stream', (stream: http2.ClientHttp2Stream) => stream.close(http2.constants.NGHTTP2_CANCEL)],
  ['closes the connection', () => session.destroy()],
] as const) {
  test(`the stream of a client that ${how} before it has the whole answer is destroyed`, async () => {
    const closed = new Promise<ServerHttp2Stream>((resolve) => {
      answer = (stream) => {
        stream.once('close', () => resolve(stream));
        stream.respond({ ':status': 200 });
        stream.end(Buffer.alloc(8 * 1024 * 1024)); // more than a client who does not read lets come
      };
    });
    const request = post();
    request.on('error', () => request.destroy());
    await once(request, 'response');
    leave(request);
    assert.equal((await closed).destroyed, true);
  });
}

test('a stream that is destroyed because of an error is gone at once', async () => {
  const closed = new Promise<ServerHttp2Stream>((resolve) => {
    answer = (stream) => {
      stream.once('close', () => resolve(stream));
      stream.respond({ ':status': 200 });
      stream.end('answer');
      stream.destroy(new Error('broken'));
    };
  });
  const request = post();
  request.on('error', () => request.destroy());
  assert.equal((await closed).destroyed, true);
});
