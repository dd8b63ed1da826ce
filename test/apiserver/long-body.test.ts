// A long body arrives as it was, however slowly it is taken, and is given up when its reader goes.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { CHUNK_BYTES, sendLong } from '../../src/apiserver/http/long-body.ts';

/** Copies a chunk only when it says that it was taken, as a socket does that sends from where the bytes lie. */
function slowReader(onTaken: (chunk: Buffer) => void): Writable {
  return new Writable({
    highWaterMark: 16 * 1024,
    write(chunk: Buffer, _encoding, callback) {
      setImmediate(() => {
        onTaken(Buffer.from(chunk));
        callback();
      });
    },
  });
}

const sizes: [name: string, pieces: readonly number[]][] = [
  ['many small pieces', Array.from({ length: 30_000 }, (_, i) => i % 97)],
  ['a piece longer than several chunks', [3, 3 * CHUNK_BYTES + 5, 7]],
  ['pieces that fill chunks to the byte', [CHUNK_BYTES, CHUNK_BYTES / 2, CHUNK_BYTES / 2, CHUNK_BYTES]],
  ['nothing', []],
];

describe('a long body', () => {
  for (const [name, lengths] of sizes) {
    test(`of ${name} is what was given`, async () => {
      const pieces = lengths.map((length) => randomBytes(length));
      const taken: Buffer[] = [];
      const stream = slowReader((chunk) => taken.push(chunk));
      const finished = new Promise((resolve) => stream.once('finish', resolve));
      await sendLong(stream, pieces);
      await finished;
      assert.ok(Buffer.concat(taken).equals(Buffer.concat(pieces)));
    });
  }

  test('is given up when its reader goes', async () => {
    let taken = 0;
    const stream: Writable = slowReader(() => {
      taken += 1;
      if (taken === 2) stream.destroy();
    });
    await sendLong(
      stream,
      Array.from({ length: 20 }, () => Buffer.alloc(CHUNK_BYTES)),
    );
    assert.ok(taken <= 3);
  });
});
