// Transport over the fetch of the host: browsers, Node, Deno, workers. JSON both ways; a watch is the answer's body, read
// line by line, and as slowly as its reader reads. Certificates are the host's business; Node has httpsTransport for them.
// Every failure is a StatusError (the server answered) or a TransportError (it did not).
import type { KubeObject, WatchEvent } from '../apimachinery/meta.ts';
import { StatusError } from '../apimachinery/status-error.ts';
import { answeredError, lines, parseAnswer } from './answers.ts';
import { TransportError } from './client.ts';
import type { Transport, TransportRequest } from './transport.ts';

export interface FetchTransportOptions {
  /** e.g. https://127.0.0.1:6443; '' is the origin of the page. A path is kept: proxies in front of clusters have one. */
  server: string;
  /** Asked for on each request, so that a rotated token is picked up. */
  token?: () => string | Promise<string>;
  /** Sent with each request: impersonation. */
  headers?: Readonly<Record<string, string>>;
  /** Whether cookies go along, for proxies that know users by them; default the host's: to the page's own origin. */
  credentials?: 'omit' | 'same-origin' | 'include';
  /** Instead of the host's own. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export function fetchTransport(options: FetchTransportOptions): Transport {
  const server = options.server.replace(/\/+$/, '');
  const shown = server || 'the server of this page';

  async function send(request: TransportRequest): Promise<Response> {
    const token = await options.token?.();
    const { signal, body } = request;
    const init: RequestInit = {
      method: request.method,
      // What a browser kept of an earlier list is no answer.
      cache: 'no-store',
      headers: {
        ...options.headers,
        accept: request.accept ?? 'application/json',
        ...(body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      ...(options.credentials ? { credentials: options.credentials } : {}),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    };
    try {
      return await (options.fetch ?? fetch)(urlOf(server, request), init);
    } catch (cause) {
      throw unanswered(shown, cause);
    }
  }

  return {
    async request(request) {
      const response = await send(request);
      const text = await response.text().catch((cause: unknown) => {
        throw unanswered(shown, cause);
      });
      if (!response.ok) throw answeredError(response.status, text);
      return parseAnswer<KubeObject>(text, shown);
    },

    async *stream(request) {
      if (request.signal?.aborted) return;
      try {
        const response = await send(request);
        if (!response.ok) throw answeredError(response.status, await response.text());
        for await (const line of lines(chunks(response))) yield parseAnswer<WatchEvent>(line, shown);
      } catch (cause) {
        if (request.signal?.aborted) return;
        if (cause instanceof StatusError || cause instanceof TransportError) throw cause;
        throw unanswered(shown, cause);
      }
    },
  };
}

export const urlOf = (server: string, { path, query }: TransportRequest): string =>
  `${server}${path}${query?.size ? `?${query}` : ''}`;

/** Not every browser can iterate a stream by itself. Whoever stops reading ends the request. */
async function* chunks({ body }: Response): AsyncIterable<Uint8Array> {
  if (!body) return;
  const reader = body.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      yield value;
    }
  } finally {
    // A stream that broke has nothing left to cancel, and says so once more.
    if (!ended) await reader.cancel().catch(() => undefined);
  }
}

/** fetch says only "fetch failed"; why is in its cause. */
function unanswered(server: string, error: unknown): TransportError {
  const { message = String(error), cause } = error as { message?: string; cause?: { message?: string } };
  return new TransportError(`no answer from ${server}: ${cause?.message || message}`, error);
}
