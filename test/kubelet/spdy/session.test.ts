import assert from 'node:assert/strict';
import { Duplex, duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { SpdySession, type SpdyStream } from '../../../src/kubelet/server/spdy/session.ts';
import { eventually } from '../../support/eventually.ts';
import { spdyClient } from './client.ts';

function connect(accept: (stream: SpdyStream) => void) {
  const [near, far] = duplexPair();
  const session = new SpdySession(near as Duplex, accept);
  return { session, client: spdyClient(far as Duplex) };
}

const echo = ({ duplex }: SpdyStream) => void duplex.pipe(duplex);

describe('a SPDY session', () => {
  test('answers a stream, carries its bytes both ways and half-closes', async () => {
    const seen: object[] = [];
    const { session, client } = connect(async ({ id, headers, duplex }) => {
      seen.push({ id, headers });
      duplex.end(`all of: ${await text(duplex)}`); // the request ends before the answer begins
    });
    const stream = await client.open({ streamType: 'data', port: '80' });
    stream.write('one ');
    stream.write('two');
    stream.end();
    assert.equal(await stream.whole(), 'all of: one two');
    assert.deepEqual([stream.replied, stream.ended, stream.reset], [true, true, false]);
    assert.deepEqual(seen, [{ id: 1, headers: { streamtype: 'data', port: '80' } }]);
    client.close();
    await session.closed;
  });

  test('carries many streams at once', async () => {
    const { session, client } = connect(echo);
    const streams = [];
    for (let i = 0; i < 50; i++) streams.push(await client.open({ requestid: String(i) }));
    for (const stream of streams) {
      stream.write(`${stream.id}:${'x'.repeat(20_000)}`);
      stream.end();
    }
    for (const stream of streams) assert.equal(await stream.whole(), `${stream.id}:${'x'.repeat(20_000)}`);
    client.close();
    await session.closed;
  });

  test('resets a stream that is destroyed, and tells its user of one that is reset', async () => {
    const accepted: SpdyStream[] = [];
    const { session, client } = connect((stream) => accepted.push(stream));
    const refused = await client.open({});
    await eventually('the stream', () => accepted[0]);
    accepted[0]?.duplex.destroy();
    await refused.whole();
    assert.ok(refused.reset);
    const cancelled = await client.open({});
    cancelled.cancel();
    await eventually('the reset', () => accepted[1]?.duplex.destroyed);
    assert.equal(cancelled.reset, false); // not answered with another
    client.close();
    await session.closed;
  });

  test('answers pings, passes over windows and settings, and refuses ids that do not grow', async () => {
    const { session, client } = connect(echo);
    client.send({ type: 'settings', values: [{ id: 7, value: 1 }] });
    client.send({ type: 'window-update', streamId: 0, delta: 9 });
    client.send({ type: 'ping', id: 1 });
    await eventually('the ping', () => client.others.some((frame) => frame.type === 'ping'));
    const first = await client.open({}, { fin: true });
    await first.whole();
    client.close();
    await session.closed;
  });

  test('holds up the connection while a reader lags, and goes on when it reads', async () => {
    const accepted: SpdyStream[] = [];
    const { session, client } = connect((stream) => accepted.push(stream));
    const stream = await client.open({});
    for (let i = 0; i < 64; i++) stream.write(Buffer.alloc(64 * 1024, 'x'));
    stream.end();
    client.send({ type: 'ping', id: 1 });
    await eventually('a full stream', () => (accepted[0]?.duplex.readableLength ?? 0) > 1024 * 1024);
    assert.ok((accepted[0]?.duplex.readableLength ?? 0) < 2 * 1024 * 1024);
    assert.deepEqual(client.others, []);
    let length = 0;
    for await (const chunk of accepted[0]!.duplex) length += (chunk as Buffer).length;
    assert.equal(length, 64 * 64 * 1024);
    await eventually('the ping', () => client.others.length > 0);
    client.close();
    await session.closed;
  });

  test('ends its streams when the connection does, also while it is held up', async () => {
    const accepted: SpdyStream[] = [];
    const { session, client } = connect((stream) => accepted.push(stream));
    const stream = await client.open({});
    stream.write(Buffer.alloc(2 * 1024 * 1024));
    await eventually('a full stream', () => (accepted[0]?.duplex.readableLength ?? 0) > 1024 * 1024);
    session.close();
    await eventually('its end', () => accepted[0]?.duplex.destroyed);
    client.close();
    await session.closed;
  });

  test('says goodbye to a peer that speaks something else', async () => {
    const [near, far] = duplexPair();
    const session = new SpdySession(near as Duplex, echo);
    const client = spdyClient(far as Duplex);
    far.write(Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0]));
    await eventually('goaway', () => client.others[0]);
    assert.deepEqual(client.others[0], { type: 'goaway', lastStreamId: 0, status: 1 });
    client.close();
    await session.closed;
  });

  test('whose transport breaks rejects', async () => {
    const transport = new Duplex({ read() {}, write: (_, __, done) => done() });
    const session = new SpdySession(transport, echo);
    transport.destroy(new Error('wire cut'));
    await assert.rejects(session.closed, /wire cut/);
  });
});
