// Transport whose watches are WebSockets and whose other requests are fetches. For pages: a browser has few connections
// per server over HTTP/1.1 and each watch holds one, but WebSockets are counted apart; and some proxies pass these on
// who keep a long answer back until it ends. The token goes along as a subprotocol, since no header can be set
// (k8s.io/apiserver, authentication/request/websocket). A browser does not tell why a WebSocket was refused: the same
// watch is then asked for once by fetch, and what is thrown is the server's own Status.
import type { WatchEvent } from '../apimachinery/meta.ts';
import { parseAnswer } from './answers.ts';
import { TransportError } from './client.ts';
import { type FetchTransportOptions, fetchTransport, urlOf } from './fetch-transport.ts';
import type { Transport, TransportRequest } from './transport.ts';

/** What is used of a WebSocket: the host's own and the one of the package ws have it. */
export interface WebSocketLike {
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
  close(): void;
}

export interface WebSocketTransportOptions extends FetchTransportOptions {
  /** Instead of the host's own. */
  WebSocket?: new (
    url: string,
    protocols: string[],
  ) => WebSocketLike;
}

/** A server accepts the token only beside another subprotocol, which it can then choose; watches take any. */
const BEARER = 'base64url.bearer.authorization.k8s.io.';
const PROTOCOL = 'base64.binary.k8s.io';

/** A WebSocket can't be told to wait: a reader that stays behind by more events loses the watch, not the memory. */
const MAX_WAITING = 100_000;

/** "No status" and "normal": the server ended the watch, as it does when its time is over. */
const ENDED_BY_SERVER = [1000, 1001, 1005];

export function webSocketTransport(options: WebSocketTransportOptions): Transport {
  const overFetch = fetchTransport(options);
  const shown = options.server || 'the server of this page';

  function open(request: TransportRequest, token: string | undefined): WebSocketLike {
    const url = webSocketUrl(options.server, request);
    const protocols = token ? [`${BEARER}${base64url(token)}`, PROTOCOL] : [];
    return options.WebSocket ? new options.WebSocket(url, protocols) : hostWebSocket(url, protocols);
  }

  return {
    request: overFetch.request,

    async *stream(request) {
      const { signal } = request;
      if (signal?.aborted) return;
      const token = await options.token?.();
      // Without a pause in between: a socket that fails at once says so at the next turn.
      const socket = open(request, token);
      const messages = follow(socket);
      const leave = () => {
        socket.close();
        messages.stop();
      };
      signal?.addEventListener('abort', leave);
      try {
        if (signal?.aborted) return;
        for await (const text of messages.texts) {
          if (signal?.aborted) return;
          yield parseAnswer<WatchEvent>(text, shown);
        }
        const end = messages.end();
        if (!end.opened) await sayWhy(request);
        if (signal?.aborted) return;
        if (end.behind)
          throw new TransportError(`the watch was ${MAX_WAITING} events ahead of its reader and was ended`);
        if (!ENDED_BY_SERVER.includes(end.code)) {
          throw new TransportError(`the watch from ${shown} broke off: ${end.reason || `code ${end.code}`}`);
        }
      } finally {
        signal?.removeEventListener('abort', leave);
        socket.close();
      }
    },
  };

  /** Throws what the server says to the watch without a WebSocket. */
  async function sayWhy(request: TransportRequest): Promise<void> {
    // The time bounds it where no event comes that could end it.
    const query = new URLSearchParams(request.query);
    query.set('timeoutSeconds', '1');
    for await (const _ of overFetch.stream({ ...request, query })) break;
    if (request.signal?.aborted) return;
    throw new TransportError(`no WebSocket from ${shown}: it was refused, though the watch without one was answered`);
  }
}

interface End {
  opened: boolean;
  behind: boolean;
  code: number;
  reason: string;
}

interface Messages {
  /** In their order, kept until they are read; ends with the connection or by `stop`. */
  texts: AsyncIterable<string>;
  stop(): void;
  /** Once `texts` has ended. */
  end(): End;
}

function follow(socket: WebSocketLike): Messages {
  const waiting: string[] = [];
  const end: End = { opened: false, behind: false, code: 1005, reason: '' };
  let done = false;
  let wake = () => {};
  const stop = () => {
    done = true;
    wake();
  };
  socket.addEventListener('open', () => {
    end.opened = true;
  });
  socket.addEventListener('message', ({ data }) => {
    if (end.behind || done) return;
    if (waiting.length >= MAX_WAITING) {
      end.behind = true;
      socket.close();
      return;
    }
    // Watches of JSON are text; anything else is refused where it is parsed.
    waiting.push(String(data));
    wake();
  });
  // What went wrong is told with the close that follows.
  socket.addEventListener('error', () => undefined);
  socket.addEventListener('close', ({ code, reason }) => {
    Object.assign(end, { code, reason });
    stop();
  });

  async function* texts(): AsyncIterable<string> {
    for (;;) {
      yield* waiting.splice(0);
      if (waiting.length > 0) continue;
      if (done) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  return { texts: texts(), stop, end: () => end };
}

/**
 * The host's own. kube-apiserver refuses WebSockets without an Origin (golang.org/x/net/websocket, Handler). Pages send
 * theirs by themselves; Node sends none, but takes headers with the protocols.
 */
function hostWebSocket(url: string, protocols: string[]): WebSocketLike {
  const isNode = globalThis.navigator?.userAgent.startsWith('Node.js/');
  const headers = { origin: new URL(url).origin.replace(/^ws/, 'http') };
  return new WebSocket(url, (isNode ? { protocols, headers } : protocols) as string[]);
}

/** The scheme that goes with the server's; relative to the page when the server is one of no scheme. */
function webSocketUrl(server: string, request: TransportRequest): string {
  const url = urlOf(server.replace(/\/+$/, ''), request);
  const absolute = URL.canParse(url)
    ? new URL(url)
    : new URL(url, (globalThis as { location?: { href: string } }).location?.href);
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws');
  return absolute.href;
}

function base64url(text: string): string {
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
