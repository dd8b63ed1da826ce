// ApiResponse → HTTP: headers, negotiated body, compression of long ones, watches with back-pressure.
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Status } from '../../apimachinery/meta.ts';
import type { Representation } from '../negotiation.ts';
import {
  createWatchEncoder,
  type RepresentOptions,
  representEntry,
  representList,
  representObject,
} from '../represent.ts';
import type { ApiResponse, ApiResult, WatchResult } from '../request.ts';
import { CHUNK_BYTES, isOver, sendLong } from './long-body.ts';
import type { Headers, Reply } from './reply.ts';

const gzipBytes = promisify(gzip);

/** Below this, compressing costs more than sending (apiserver's defaultGzipThresholdBytes). */
const GZIP_THRESHOLD = 128 * 1024;

export interface RespondOptions extends RepresentOptions {
  method: string;
  acceptsGzip: boolean;
}

/** Resolves when the whole answer was handed over. */
export async function respond(reply: Reply, response: ApiResponse, options: RespondOptions): Promise<void> {
  const { result } = response;
  const headers = commonHeaders(response);
  switch (result.type) {
    case 'entry':
      return await sendBody(
        reply,
        {
          status: result.status,
          headers: { ...headers, ...typeOf(options) },
          pieces: representEntry(result, options),
        },
        options,
      );
    case 'object': {
      const { retryAfterSeconds } = (result.object as Partial<Status>).details ?? {};
      if (retryAfterSeconds) headers['retry-after'] = String(retryAfterSeconds);
      return await sendBody(
        reply,
        {
          status: result.status,
          headers: { ...headers, ...typeOf(options) },
          pieces: representObject(result, options),
        },
        options,
      );
    }
    case 'list':
      return await sendBody(
        reply,
        { status: 200, headers: { ...headers, ...typeOf(options) }, pieces: representList(result, options) },
        options,
      );
    case 'raw': {
      const body = typeof result.body === 'string' ? Buffer.from(result.body) : result.body;
      const type: Headers = result.contentType ? { 'content-type': result.contentType } : {};
      const all = { ...headers, ...result.headers, ...type };
      return await sendBody(reply, { status: result.status, headers: all, pieces: [body] }, options);
    }
    case 'watch':
      return await sendWatch(reply, result, { headers, options });
    case 'stream':
      return await sendStream(reply, result, headers);
    case 'upgraded':
      return;
  }
}

const typeOf = ({ representation }: { representation: Representation }) => ({
  'content-type': representation.mediaType,
});

export function commonHeaders({ warnings, auditId, ticket }: ApiResponse): Headers {
  return {
    'audit-id': auditId,
    ...(ticket && {
      'x-kubernetes-pf-flowschema-uid': ticket.flowSchemaUid,
      'x-kubernetes-pf-prioritylevel-uid': ticket.priorityLevelUid,
    }),
    'cache-control': 'no-cache, private',
    ...(warnings.length > 0 ? { warning: warningHeaders(warnings) } : {}),
  };
}

const WARNINGS_TOTAL = 4096;
const WARNING_CUT = 256;

/** One header each; when all together are too long, each is cut (endpoints/filters/warning.go). */
function warningHeaders(texts: readonly string[]): string[] {
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  return texts.map((text) => {
    const cut = total > WARNINGS_TOTAL ? text.slice(0, WARNING_CUT) : text;
    const clean = cut.replace(/\p{Cc}/gu, ' ').replace(/[\\"]/g, '\\$&');
    return `299 - "${Buffer.from(clean).toString('latin1')}"`;
  });
}

async function sendBody(
  reply: Reply,
  { status, headers, pieces }: { status: number; headers: Headers; pieces: readonly Uint8Array[] },
  { acceptsGzip, method }: RespondOptions,
): Promise<void> {
  let length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let body = pieces;
  if (acceptsGzip && length > GZIP_THRESHOLD && !('content-encoding' in headers)) {
    const packed = await gzipBytes(Buffer.concat(pieces, length), { level: constants.Z_BEST_SPEED });
    headers['content-encoding'] = 'gzip';
    headers.vary = headers.vary ? `Accept-Encoding, ${headers.vary}` : 'Accept-Encoding';
    length = packed.length;
    body = [packed];
  }
  headers['content-length'] = String(length);
  reply.head(status, headers);
  if (method === 'HEAD' || length === 0) reply.body.end();
  else if (length > CHUNK_BYTES) await sendLong(reply.body, body);
  else reply.body.end(body.length === 1 ? body[0] : Buffer.concat(body, length));
}

async function sendWatch(
  reply: Reply,
  result: WatchResult,
  { headers, options }: { headers: Headers; options: RespondOptions },
): Promise<void> {
  reply.head(200, { ...headers, ...typeOf(options) });
  reply.flush();
  const { body } = reply;
  const { encode } = createWatchEncoder(result, options);
  for await (const batch of result.batches) {
    for (const bytes of joined(batch, encode)) {
      if (isOver(body)) return;
      if (!body.write(bytes)) await drained(body);
    }
  }
  body.end();
}

/** Small frames go out together; long ones do not, or a batch of them would lie here for each slow client. */
function* joined<T>(batch: readonly T[], encode: (item: T) => Uint8Array): Generator<Uint8Array> {
  let open: Uint8Array[] = [];
  let size = 0;
  const join = () => (open.length === 1 ? (open[0] as Uint8Array) : Buffer.concat(open, size));
  for (const item of batch) {
    const frame = encode(item);
    if (size > 0 && size + frame.length > CHUNK_BYTES) {
      yield join();
      open = [];
      size = 0;
    }
    open.push(frame);
    size += frame.length;
  }
  if (size > 0) yield join();
}

/** Resolves when more may be written, or never will. */
const drained = (stream: Writable): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });

async function sendStream(
  reply: Reply,
  { status, headers, body }: Extract<ApiResult, { type: 'stream' }>,
  common: Headers,
): Promise<void> {
  reply.head(status, { ...common, ...headers });
  reply.flush();
  await new Promise<void>((resolve) => {
    body.once('error', () => reply.body.destroy());
    reply.body.once('close', () => {
      body.destroy();
      resolve();
    });
    body.pipe(reply.body);
  });
}
