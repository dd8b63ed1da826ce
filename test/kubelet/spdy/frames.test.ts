import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createFrameReader,
  encodeFrame,
  type Frame,
  SpdyProtocolError,
} from '../../../src/kubelet/server/spdy/frames.ts';
import {
  createHeaderCodec,
  decodeHeaders,
  encodeHeaders,
  type Headers,
} from '../../../src/kubelet/server/spdy/headers.ts';

const block = Buffer.from('block');

const CASES: { frame: Frame; hex: string }[] = [
  {
    frame: { type: 'data', streamId: 5, fin: false, data: Buffer.from('hi') },
    hex: '00000005 00 000002 6869',
  },
  { frame: { type: 'data', streamId: 0x7fffffff, fin: true, data: Buffer.alloc(0) }, hex: '7fffffff 01 000000' },
  {
    frame: { type: 'syn-stream', streamId: 3, fin: false, unidirectional: true, block },
    hex: '80030001 02 00000f 00000003 00000000 0000 626c6f636b',
  },
  { frame: { type: 'syn-reply', streamId: 3, fin: true, block }, hex: '80030002 01 000009 00000003 626c6f636b' },
  { frame: { type: 'rst-stream', streamId: 3, status: 5 }, hex: '80030003 00 000008 00000003 00000005' },
  {
    frame: { type: 'settings', values: [{ id: 7, value: 65536 }] },
    hex: '80030004 00 00000c 00000001 00000007 00010000',
  },
  { frame: { type: 'ping', id: 1 }, hex: '80030006 00 000004 00000001' },
  { frame: { type: 'goaway', lastStreamId: 9, status: 0 }, hex: '80030007 00 000008 00000009 00000000' },
  { frame: { type: 'headers', streamId: 3, fin: false, block }, hex: '80030008 00 000009 00000003 626c6f636b' },
  { frame: { type: 'window-update', streamId: 3, delta: 100 }, hex: '80030009 00 000008 00000003 00000064' },
];

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('a SPDY frame', () => {
  for (const { frame, hex } of CASES) {
    test(`${frame.type} has its bytes, and the bytes give the frame`, () => {
      assert.equal(encodeFrame(frame).toString('hex'), bytes(hex).toString('hex'));
      assert.deepEqual(createFrameReader()(bytes(hex)), [frame]);
    });
  }

  test('is read from pieces of any size', () => {
    const all = Buffer.concat(CASES.map(({ frame }) => encodeFrame(frame)));
    for (const size of [1, 3, 7, 20, all.length]) {
      const read = createFrameReader();
      const frames: Frame[] = [];
      for (let i = 0; i < all.length; i += size) frames.push(...read(all.subarray(i, i + size)));
      assert.deepEqual(
        frames,
        CASES.map(({ frame }) => frame),
      );
    }
  });

  test('of a type that is not known is passed over', () => {
    assert.deepEqual(createFrameReader()(bytes('8003000b 00 000004 00000000 80030006 00 000004 00000001')), [
      { type: 'ping', id: 1 },
    ]);
  });

  for (const { what, hex, told } of [
    { what: 'another version', hex: '80020001 00 000000', told: /version 2/ },
    { what: 'a long control frame', hex: '80030001 00 ffffff', told: /too long/ },
    { what: 'a short control frame', hex: '80030003 00 000004 00000001', told: /too short/ },
    { what: 'settings that are not there', hex: '80030004 00 000004 00000009', told: /too short/ },
  ]) {
    test(`refuses ${what}`, () => {
      assert.throws(
        () => createFrameReader()(bytes(hex)),
        (error: Error) => error instanceof SpdyProtocolError && told.test(error.message),
      );
    });
  }
});

describe('SPDY headers', () => {
  test('come back as they went, block after block', async () => {
    const [one, other] = [createHeaderCodec(), createHeaderCodec()];
    const sent: Headers[] = [{}, { streamtype: 'data', port: '80' }, { streamtype: 'error', port: '80' }];
    for (const headers of sent) {
      assert.deepEqual(await other.decompress(await one.compress(headers)), headers);
    }
    one.close();
    other.close();
  });

  test('are refused when they are cut off, no zlib, or far too long', async () => {
    assert.throws(() => decodeHeaders(encodeHeaders({ a: 'b' }).subarray(0, -1)), SpdyProtocolError);
    const codec = createHeaderCodec();
    await assert.rejects(codec.decompress(Buffer.from('not zlib')), SpdyProtocolError);
    const sender = createHeaderCodec();
    const long = await sender.compress({ a: 'x'.repeat(100_000) });
    await assert.rejects(createHeaderCodec().decompress(long), /longer than/);
    sender.close();
  });
});
