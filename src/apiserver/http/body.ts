// Request bodies: read once, never more than upstream takes.
import type { Readable } from 'node:stream';
import { badRequest, requestEntityTooLarge } from '../../apimachinery/status-error.ts';
import type { RequestBody } from '../request.ts';

const MAX_BODY_BYTES = 3 * 1024 * 1024;

export const bytesBody = (stream: Readable, contentType: string | undefined): RequestBody => ({
  kind: 'bytes',
  contentType,
  read: () => readAll(stream),
  stream: () => stream,
});

async function readAll(stream: Readable): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      // What is too long is still read to its end, so that the client gets to see the answer.
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    }
  } catch (cause) {
    throw Object.assign(badRequest('the body of the request ended early'), { cause });
  }
  if (size > MAX_BODY_BYTES) throw requestEntityTooLarge(`Request entity too large: limit is ${MAX_BODY_BYTES}`);
  return Buffer.concat(chunks);
}
