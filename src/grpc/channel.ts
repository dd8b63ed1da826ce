// A gRPC client over one HTTP/2 connection, which is made with the first call and again after it has broken. Nothing is
// tried again here. Every call has a time limit or a signal, so that a server that hangs holds nobody up for ever.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import net from 'node:net';
import type { Clock } from '../clock.ts';
import { createUnframer, frame } from './frames.ts';
import type { Input, Message, Output } from './message.ts';
import { failureOf, GrpcError } from './status.ts';

export interface Method<In, Out> {
  /** `package.Service/Method` */
  path: string;
  request: Message<In>;
  response: Message<Out>;
}

export const method = <In, Out>(path: string, request: Message<In>, response: Message<Out>): Method<In, Out> => ({
  path,
  request,
  response,
});

export interface GrpcChannel {
  /** Throws GrpcError. `timeoutMs` undefined: as long as it takes. */
  unary<In, Out>(
    method: Method<In, Out>,
    request: Input<In>,
    limits: { timeoutMs: number | undefined },
  ): Promise<Output<Out>>;
  /** Messages until the server ends the stream; throws GrpcError, also when the signal aborts. */
  stream<In, Out>(
    method: Method<In, Out>,
    request: Input<In>,
    limits: { signal: AbortSignal },
  ): AsyncIterable<Output<Out>>;
  /** Ends the connection and every call on it. */
  close(): void;
}

export interface GrpcChannelOptions {
  /** Of a UNIX socket. */
  path: string;
  clock: Clock;
  /** Sent with every call. */
  metadata?: Readonly<Record<string, string>>;
}

const CLOSED = new Error('the connection was closed here');

export function createGrpcChannel({ path, clock, metadata }: GrpcChannelOptions): GrpcChannel {
  let session: ClientHttp2Session | undefined;
  const open = new Set<(cause: Error) => void>();

  /** Ends the calls that are under way: a stream that was not answered yet may never hear of its session's end. */
  const broken = (one: ClientHttp2Session, cause: Error) => {
    if (session === one) session = undefined;
    for (const fail of [...open]) fail(cause);
  };

  const connection = (): ClientHttp2Session => {
    if (session && !session.closed && !session.destroyed) return session;
    const made = connect('http://localhost', { createConnection: () => net.connect(path) });
    made.on('error', (cause) => broken(made, cause));
    made.on('close', () => broken(made, new Error('the connection ended')));
    session = made;
    return made;
  };

  /** The frames of one answer; `limit` is told how to break the call off. */
  async function* call(to: string, request: Uint8Array, limit: (breakOff: (error: GrpcError) => void) => () => void) {
    const stream = connection().request({
      ':method': 'POST',
      ':path': `/${to}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...metadata,
    });
    let failure: GrpcError | undefined;
    const breakOff = (error: GrpcError) => {
      failure ??= error;
      stream.close(constants.NGHTTP2_CANCEL);
    };
    const onBroken = (cause: Error) => {
      failure ??= new GrpcError('UNAVAILABLE', `nobody answers at ${path}: ${cause.message}`, cause);
      stream.destroy();
    };
    open.add(onBroken);
    const release = limit(breakOff);
    try {
      const outcome = outcomeOf(stream);
      stream.end(frame(request));
      const messages = createUnframer();
      for await (const chunk of stream) yield* messages(chunk as Buffer);
      const failed = failure ?? failureOf(outcome());
      if (failed) throw failed;
    } catch (cause) {
      if (cause instanceof GrpcError) throw cause;
      throw (
        failure ??
        new GrpcError('UNAVAILABLE', `the call of ${to} at ${path} broke: ${(cause as Error).message}`, cause)
      );
    } finally {
      release();
      open.delete(onBroken);
      if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  return {
    async unary({ path: to, request: asked, response }, request, { timeoutMs }) {
      const frames = call(to, asked.encode(request), (breakOff) => {
        if (timeoutMs === undefined) return () => undefined;
        const timer = clock.after(timeoutMs, () =>
          breakOff(new GrpcError('DEADLINE_EXCEEDED', `${to} took longer than ${timeoutMs / 1000} s`)),
        );
        return () => timer.cancel();
      });
      let answer: Buffer | undefined;
      for await (const one of frames) answer = one;
      if (answer === undefined) throw new GrpcError('INTERNAL', `${to} was answered without a message`);
      return response.decode(answer);
    },

    async *stream({ path: to, request: asked, response }, request, { signal }) {
      const frames = call(to, asked.encode(request), (breakOff) => {
        const onAbort = () => breakOff(new GrpcError('CANCELLED', `${to} was called off`));
        if (signal.aborted) onAbort();
        signal.addEventListener('abort', onAbort, { once: true });
        return () => signal.removeEventListener('abort', onAbort);
      });
      for await (const one of frames) yield response.decode(one);
    },

    close() {
      const one = session;
      if (!one) return;
      broken(one, CLOSED);
      one.destroy();
    },
  };
}

function outcomeOf(stream: ClientHttp2Stream): () => Record<string, unknown> {
  let outcome: Record<string, unknown> = {};
  const note = (headers: Record<string, unknown>) => {
    outcome = { ...outcome, ...headers };
  };
  stream.on('response', note);
  stream.on('trailers', note);
  return () => outcome;
}
