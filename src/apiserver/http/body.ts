// Request bodies: read once, never more than upstream takes, and not for ever.
import type { Readable } from 'node:stream';
import { badRequest, requestEntityTooLarge, StatusError } from '../../apimachinery/status-error.ts';
import type { Clock } from '../../clock.ts';
import type { MediaType } from '../negotiation.ts';
import type { RequestBody } from '../request.ts';
import type { ReadYaml } from '../yaml/long-yaml.ts';

const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** As long as upstream lets a request take (--request-timeout). */
const BODY_MS = 60_000;
/** What is too long is read on for so far, so that a client who sends first gets to see the answer. */
const MAX_DISCARDED_BYTES = 32 * 1024 * 1024;

export const bytesBody = (
  stream: Readable,
  contentType: string | undefined,
  { clock, mediaTypes, readYaml }: BodyOptions,
): RequestBody => ({
  kind: 'bytes',
  contentType,
  ...(mediaTypes ? { mediaTypes } : {}),
  readYaml,
  read: () => readAll(stream, clock),
  stream: () => stream,
});

export interface BodyOptions {
  clock: Clock;
  /** What the server speaks; the usual ones when not given. */
  mediaTypes?: readonly MediaType[];
  readYaml: ReadYaml;
}

/** Rejects with a StatusError for a body that is too long, comes too slowly, or breaks off. */
function readAll(stream: Readable, clock: Clock): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (outcome: () => void) => {
      timer.cancel();
      stream.off('data', onData).off('end', onEnd).off('close', onBroken).off('aborted', onBroken);
      outcome();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= MAX_BODY_BYTES) return;
      chunks.length = 0;
      discard(stream, MAX_DISCARDED_BYTES);
      settle(() => reject(requestEntityTooLarge(`Request entity too large: limit is ${MAX_BODY_BYTES}`)));
    };
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    // A stream of HTTP/2 that is reset, or whose connection breaks, is aborted and then ends as if all had come.
    const onBroken = () => settle(() => reject(badRequest('the body of the request ended early')));
    const timer = clock.after(BODY_MS, () => {
      discard(stream, 0);
      settle(() => reject(tooSlow()));
    });
    // Without it a connection that breaks would end the process; 'close' follows and tells the rest.
    stream.on('error', () => undefined);
    stream.on('data', onData).on('end', onEnd).on('close', onBroken).on('aborted', onBroken);
  });
}

const tooSlow = (): StatusError =>
  new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: request did not complete within the allotted timeout: its body did not come in ${BODY_MS / 1000} s`,
  });

/** Reads on without keeping anything; ends the connection, or the stream of it, after `limit` bytes. */
function discard(stream: Readable, limit: number): void {
  let left = limit;
  stream.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) stream.destroy();
  });
}
