// Transport over HTTPS with a client certificate or a bearer token. JSON both ways; a watch is read line by line.
// Every failure is a StatusError (the server answered) or a TransportError (it did not).
import { Agent, type Dispatcher } from 'undici';
import type { KubeObject, WatchEvent } from '../apimachinery/meta.ts';
import { StatusError } from '../apimachinery/status-error.ts';
import { answeredError, lines, parseAnswer } from './answers.ts';
import { TransportError } from './client.ts';
import type { Credential, CredentialSource } from './exec-credentials.ts';
import type { Transport, TransportRequest } from './transport.ts';

export interface HttpsTransportOptions {
  /** e.g. https://127.0.0.1:6443; a path is kept, as proxies in front of clusters have one. */
  server: string;
  /** PEM of the authority that signed the server's certificate. */
  ca?: string;
  /** PEM; both or none. */
  cert?: string;
  key?: string;
  /** Asked for on each request, so that a rotated token is picked up. */
  token?: () => string;
  /** Asked for on each request; instead of a certificate and a token. */
  credentials?: CredentialSource;
  /** The name that the server's certificate must have, when not the URL's. */
  tlsServerName?: string;
  userAgent?: string;
  /** Sent with each request: impersonation. */
  headers?: Readonly<Record<string, string | string[]>>;
  insecureSkipTlsVerify?: boolean;
}

export interface HttpsTransport extends Transport {
  /** Ends open requests and connections. */
  close(): Promise<void>;
}

export function httpsTransport(options: HttpsTransportOptions): HttpsTransport {
  const agentWith = ({ cert, key }: Credential) =>
    new Agent({
      connect: {
        ...(options.ca ? { ca: options.ca } : {}),
        ...(cert ? { cert, key } : {}),
        ...(options.tlsServerName ? { servername: options.tlsServerName } : {}),
        rejectUnauthorized: !options.insecureSkipTlsVerify,
      },
      // A watch may be silent for as long as nothing changes; the server's timeoutSeconds bounds it.
      bodyTimeout: 0,
    });
  const given: Credential = options.cert && options.key ? { cert: options.cert, key: options.key } : {};
  let agent = agentWith(given);
  let certificate = given.cert;

  /** Connections have the certificate they were made with: another one makes new ones, and the old ones end. */
  function agentFor(credential: Credential): Agent {
    if (credential.cert === certificate) return agent;
    void agent.destroy();
    agent = agentWith(credential);
    certificate = credential.cert;
    return agent;
  }

  const { origin, pathname } = new URL(options.server);
  const prefix = pathname.replace(/\/+$/, '');

  async function send(request: TransportRequest): Promise<Dispatcher.ResponseData> {
    const query = request.query?.size ? `?${request.query}` : '';
    const credential = (await options.credentials?.get()) ?? given;
    const token = credential.token ?? options.token?.();
    try {
      const response = await agentFor(credential).request({
        origin,
        path: `${prefix}${request.path}${query}`,
        method: request.method,
        headers: {
          ...options.headers,
          accept: request.accept ?? 'application/json',
          'user-agent': options.userAgent ?? 'tsukube',
          ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
          ...(token ? { authorization: `Bearer ${token}` } : {}),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        ...(request.signal ? { signal: request.signal } : {}),
      });
      if (response.statusCode === 401) options.credentials?.refuse(credential);
      return response;
    } catch (cause) {
      throw unanswered(options.server, cause);
    }
  }

  return {
    async request(request) {
      const response = await send(request);
      const text = await response.body.text().catch((cause: unknown) => {
        throw unanswered(options.server, cause);
      });
      if (response.statusCode >= 300) throw answeredError(response.statusCode, text);
      return parseAnswer<KubeObject>(text, options.server);
    },

    async *stream(request) {
      if (request.signal?.aborted) return;
      let response: Dispatcher.ResponseData | undefined;
      try {
        response = await send(request);
        if (response.statusCode >= 300) throw answeredError(response.statusCode, await response.body.text());
        for await (const line of lines(response.body)) yield parseAnswer<WatchEvent>(line, options.server);
      } catch (cause) {
        if (request.signal?.aborted) return;
        if (cause instanceof StatusError || cause instanceof TransportError) throw cause;
        throw unanswered(options.server, cause);
      } finally {
        response?.body.destroy();
      }
    },

    close: () => agent.destroy(),
  };
}

const unanswered = (server: string, cause: unknown): TransportError =>
  new TransportError(`no answer from ${server}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
