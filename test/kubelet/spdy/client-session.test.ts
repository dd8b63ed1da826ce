// The client's side of a SPDY connection, against the server's side of the same class.
import assert from 'node:assert/strict';
import { type Duplex, duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { SpdySession, type SpdyStream } from '../../../src/kubelet/server/spdy/session.ts';

function connect(accept: (stream: SpdyStream) => void) {
  const [near, far] = duplexPair();
  return { client: new SpdySession(near), server: new SpdySession(far, accept) };
}

describe('a SPDY client', { timeout: 10_000 }, () => {
  test('opens streams in their order, with headers, and each side ends its half', async () => {
    const names: string[] = [];
    const { client, server } = connect(async ({ headers, duplex }) => {
      names.push(headers.streamtype ?? '');
      duplex.end(`${headers.streamtype} heard ${await text(duplex)}`);
    });
    const streams = await Promise.all(['error', 'stdin', 'stdout'].map((streamtype) => client.open({ streamtype })));
    for (const [i, stream] of streams.entries()) stream.end(`word ${i}`);
    const heard = await Promise.all(streams.map((stream) => text(stream)));
    assert.deepEqual(heard, ['error heard word 0', 'stdin heard word 1', 'stdout heard word 2']);
    assert.deepEqual(names, ['error', 'stdin', 'stdout']);
    client.close();
    await Promise.all([client.closed, server.closed]);
  });

  test('still reads all that came when the server ends the connection', async () => {
    const opened = Promise.withResolvers<Duplex>();
    const { client, server } = connect(({ duplex }) => opened.resolve(duplex));
    const stream = await client.open({ streamtype: 'stdout' });
    const whole = 'x'.repeat(100_000);
    (await opened.promise).write(whole);
    server.close();
    assert.equal(await text(stream), whole);
    await client.closed;
  });

  test('that is closed opens nothing more, and its streams end', async () => {
    const { client } = connect(() => undefined);
    const stream = await client.open({ streamtype: 'stdout' });
    client.close();
    assert.equal(await text(stream), '');
    await assert.rejects(client.open({ streamtype: 'stderr' }), { name: 'SpdyProtocolError' });
  });

  test('takes no stream from a server', async () => {
    const [near, far] = duplexPair();
    const client = new SpdySession(near);
    const impostor = new SpdySession(far);
    await impostor.open({ streamtype: 'stdout' });
    await client.closed;
    await impostor.closed;
  });
});
