// HTTP requests, of 1.1 and 2, as ApiRequests, and their answers back.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { Credentials } from '../identity.ts';
import { negotiate, type Representation } from '../negotiation.ts';
import type { Pipeline } from '../pipeline.ts';
import { type ApiRequest, type ApiResponse, header, mediaTypesOf } from '../request.ts';
import { parseIncludeObject } from '../table.ts';
import { type BodyOptions, bytesBody } from './body.ts';
import { type Connection, createConnections } from './connection.ts';
import { parseQuery } from './query.ts';
import { callerSignal, http1Reply, http2Reply, type Reply } from './reply.ts';
import { type RespondOptions, respond } from './respond.ts';

export interface FrontOptions extends BodyOptions {
  pipeline: Pipeline;
  log: Logger;
}

/** Listeners for an HTTP server's requests of 1.1 and streams of 2. */
export interface Front {
  onRequest(req: IncomingMessage, res: ServerResponse): void;
  onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void;
}

/** A request as it comes, with either HTTP. */
export interface Arrival {
  method: string;
  url: string;
  headers: ApiRequest['headers'];
  body: Readable;
  connection: Connection;
}

/** Errors are answers of the pipeline; what is left is a broken connection. */
export function createFront({ pipeline, log, ...bodies }: FrontOptions): Front {
  const connections = createConnections();

  function serve(arrival: Arrival, reply: Reply): void {
    const broken = (error: unknown) => {
      log.debug({ err: error, path: arrival.url }, 'answer could not be sent');
      reply.body.destroy();
    };
    reply.body.on('error', broken);
    answer(arrival, reply).catch(broken);
  }

  async function answer(arrival: Arrival, reply: Reply): Promise<void> {
    const request = toApiRequest(arrival, { ...bodies, signal: callerSignal(reply) });
    const response = await pipeline.handle(request);
    await respond(reply, response, respondOptions(request, { response, clock: bodies.clock }));
  }

  return {
    onRequest: (req, res) => serve(http1Arrival(req, connections.ofSocket(req.socket as TLSSocket)), http1Reply(res)),
    onStream(stream, headers) {
      const method = headers[':method'] ?? 'GET';
      if (method === 'CONNECT') return refuse(stream, 405);
      if (headers.expect === '100-continue') stream.additionalHeaders({ ':status': 100 });
      else if (headers.expect !== undefined) return refuse(stream, 417);
      const connection = connections.ofSession(stream.session as Http2Session);
      serve({ method, url: headers[':path'] ?? '/', headers, body: stream, connection }, http2Reply(stream));
    },
  };
}

/** What HTTP itself has no use for; HTTP/1.1 is refused by Node in the same way. */
function refuse(stream: ServerHttp2Stream, status: number): void {
  stream.on('error', () => stream.destroy());
  stream.respond({ ':status': status }, { endStream: true });
}

export const http1Arrival = (req: IncomingMessage, connection: Connection): Arrival => ({
  method: req.method ?? 'GET',
  url: req.url ?? '/',
  headers: req.headers,
  body: req,
  connection,
});

export function toApiRequest(
  { method, url, headers, body, connection }: Arrival,
  { signal, ...options }: BodyOptions & { signal: () => AbortSignal },
): ApiRequest {
  const at = url.indexOf('?');
  return {
    method,
    path: at < 0 ? url : url.slice(0, at),
    query: parseQuery(at < 0 ? '' : url.slice(at + 1)),
    headers,
    identity: { credentials: credentialsOf(headers, connection) },
    body: bytesBody(body, header({ headers }, 'content-type'), options),
    get signal() {
      return signal();
    },
  };
}

/** How to write the answer. */
export function respondOptions(
  request: ApiRequest,
  { response, clock }: { response: ApiResponse; clock: Clock },
): RespondOptions {
  const { representation = plainRepresentation(request) } = response;
  return {
    representation,
    includeObject: representation.as?.kind === 'Table' ? parseIncludeObject(request.query) : 'Metadata',
    now: () => clock.now(),
    method: request.method,
    acceptsGzip: /\bgzip\b/.test(header(request, 'accept-encoding') ?? ''),
  };
}

/** Of errors, which have no other shape. Where nothing is acceptable, they come as indented JSON, as upstream. */
function plainRepresentation(request: ApiRequest): Representation {
  const wanted = { accept: header(request, 'accept'), userAgent: header(request, 'user-agent'), query: request.query };
  try {
    return negotiate({ ...wanted, shapes: [], mediaTypes: mediaTypesOf(request) });
  } catch (error) {
    if (!hasReason(error, 'NotAcceptable')) throw error;
    return { format: 'json', mediaType: 'application/json', pretty: true };
  }
}

function credentialsOf(headers: Arrival['headers'], connection: Connection): Credentials {
  const authorization = header({ headers }, 'authorization');
  return { ...(authorization ? { authorization } : {}), ...connection, headers };
}
