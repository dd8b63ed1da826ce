// Where an answer goes: a response of HTTP/1.1, or a stream of HTTP/2 itself. Node's compatibility layer over such streams
// would take as much time as all that we do for a get.
import type { ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Writable } from 'node:stream';

export type Headers = Record<string, string | string[]>;

export interface Reply {
  /** What is written to it is the body; ending it ends the answer. */
  readonly body: Writable;
  /** Comes before the body, once. Nothing happens when the caller has gone. */
  head(status: number, headers: Headers): void;
  /** Sends the head even though nothing of the body is there yet. */
  flush(): void;
  /** The caller has gone away before he had the whole answer. */
  isBroken(): boolean;
}

export const http1Reply = (response: ServerResponse): Reply => ({
  body: response,
  head: (status, headers) => {
    response.writeHead(status, headers);
  },
  flush: () => response.flushHeaders(),
  isBroken: () => response.destroyed && !response.writableEnded,
});

export function http2Reply(stream: ServerHttp2Stream): Reply {
  destroyWhenWritten(stream);
  return {
    body: stream,
    head(status, headers) {
      if (!stream.destroyed && !stream.closed) stream.respond({ ':status': status, ...headers });
    },
    flush: () => undefined, // heads are never held back
    isBroken: () => stream.aborted,
  };
}

/**
 * A stream whose request was read to its end is destroyed by Node when its last frame is handed to the connection, and for
 * the write, which is reported a moment later, an error with its stack is made that nobody sees. Left alone, such a stream is
 * destroyed by the end of that write ('finish'; lib/internal/http2/core.js, afterShutdown).
 */
function destroyWhenWritten(stream: ServerHttp2Stream): void {
  const { destroy } = stream;
  stream.destroy = (error) => {
    const isBeingWritten = stream.closed && stream.writableLength > 0 && stream.writableEnded;
    if (error || !isBeingWritten || stream.rstCode !== 0 || stream.session?.destroyed !== false) {
      return destroy.call(stream, error);
    }
    return stream;
  };
}

/** Made once: an exception with its stack would be a tenth of what a GET costs. */
const GONE = new DOMException('the connection or its stream is closed', 'AbortError');

/** Aborts when the caller goes away before he has the whole answer. Made when asked for: most requests never ask. */
export function callerSignal(reply: Reply): () => AbortSignal {
  let controller: AbortController | undefined;
  return () => {
    if (controller) return controller.signal;
    const gone = new AbortController();
    controller = gone;
    const look = () => {
      if (reply.isBroken()) gone.abort(GONE);
    };
    look();
    reply.body.once('close', look);
    return gone.signal;
  };
}
