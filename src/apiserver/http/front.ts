// HTTP requests (1.1 and 2, which look alike to a listener) as ApiRequests, and their answers back.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
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
import { type RespondOptions, respond } from './respond.ts';

export interface FrontOptions extends BodyOptions {
  pipeline: Pipeline;
  log: Logger;
}

/** Made once: an exception with its stack would be a tenth of what a GET costs. */
const GONE = new DOMException('the connection or its stream is closed', 'AbortError');

/** The listener for an HTTP server's 'request'. Errors are answers of the pipeline; what is left is a broken connection. */
export function createFront({ pipeline, log, ...bodies }: FrontOptions) {
  return function onRequest(req: IncomingMessage, res: ServerResponse): void {
    const path = req.url;
    const broken = (error: unknown) => {
      log.debug({ err: error, path }, 'answer could not be sent');
      res.destroy();
    };
    res.on('error', broken);
    answer(req, res).catch(broken);
  };

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const gone = new AbortController();
    res.once('close', () => {
      // Who has got the whole answer has not gone away before it.
      if (!res.writableEnded) gone.abort(GONE);
    });
    const request = toApiRequest(req, { ...bodies, signal: gone.signal });
    const response = await pipeline.handle(request);
    await respond(res, response, respondOptions(request, { response, clock: bodies.clock }));
  }
}

export function toApiRequest(
  req: IncomingMessage | Http2ServerRequest,
  { signal, ...options }: BodyOptions & { signal: AbortSignal },
): ApiRequest {
  const url = req.url ?? '/';
  const at = url.indexOf('?');
  const headers = req.headers as ApiRequest['headers'];
  return {
    method: req.method ?? 'GET',
    path: at < 0 ? url : url.slice(0, at),
    query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)),
    headers,
    identity: { credentials: credentialsOf(req) },
    body: bytesBody(req, header({ headers }, 'content-type'), options),
    signal,
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
    now: clock.now(),
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

export function credentialsOf(req: IncomingMessage | Http2ServerRequest): Credentials {
  const socket = req.socket as TLSSocket;
  const { authorization } = req.headers;
  const certificate = clientCertificate(socket);
  return {
    ...(authorization ? { authorization } : {}),
    ...(certificate ? { clientCertificate: certificate } : {}),
    headers: req.headers,
    remoteAddress: socket.remoteAddress ?? '',
  };
}

function clientCertificate(socket: TLSSocket): Credentials['clientCertificate'] {
  if (!socket.authorized) return undefined;
  const { subject, raw } = socket.getPeerCertificate();
  if (!subject) return undefined;
  const organizations = subject.O === undefined ? [] : [subject.O].flat();
  return { commonName: [subject.CN ?? ''].flat()[0] ?? '', organizations, raw };
}
