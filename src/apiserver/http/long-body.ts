// A long body is handed over as the client takes it: two buffers in turn, one on its way while the other is filled. Made anew for
// each part, buffers of this size would have V8 collect the whole heap several times a list.
import type { Writable } from 'node:stream';

export const CHUNK_BYTES = 512 * 1024;

/** Nothing more can be written: ended, or the caller has gone. */
export const isOver = (stream: Writable): boolean => stream.destroyed || stream.writableEnded;

/** Writes `pieces` one after another and ends the stream; returns when all but the last part was taken, or the caller has gone. */
export async function sendLong(stream: Writable, pieces: readonly Uint8Array[]): Promise<void> {
  const buffers = [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)] as const;
  const gone = new Promise<void>((resolve) => stream.once('close', resolve));
  let turn: 0 | 1 = 0;
  let size = 0;
  let before: Promise<void> = Promise.resolve();
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const room = CHUNK_BYTES - size;
      const part = at === 0 && piece.length <= room ? piece : piece.subarray(at, at + room);
      buffers[turn].set(part, size);
      size += part.length;
      at += part.length;
      if (size < CHUNK_BYTES) continue;
      if (isOver(stream)) return;
      const taken = written(stream, buffers[turn]);
      await Promise.race([before, gone]); // that of the other buffer
      before = taken;
      turn = turn === 0 ? 1 : 0;
      size = 0;
    }
  }
  if (!isOver(stream)) stream.end(buffers[turn].subarray(0, size));
}

const written = (stream: Writable, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    stream.write(bytes, () => resolve());
  });
