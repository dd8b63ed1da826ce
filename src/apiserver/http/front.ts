// HTTP requests (1.1 and 2, through koa) as ApiRequests, and their answers back.
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import Koa from 'koa';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { Credentials } from '../identity.ts';
import { negotiate, type Representation } from '../negotiation.ts';
import type { Pipeline } from '../pipeline.ts';
import { type ApiRequest, header } from '../request.ts';
import { parseRequestInfo } from '../request-info.ts';
import { ALL_SHAPES, shapesOf } from '../shapes.ts';
import { parseIncludeObject } from '../table.ts';
import { bytesBody } from './body.ts';
import { type RespondOptions, respond } from './respond.ts';

export interface FrontOptions {
  pipeline: Pipeline;
  clock: Clock;
  log: Logger;
}

/** Every request ends with it; to make one each time would be a tenth of what a GET costs. */
const GONE = new DOMException('the connection or its stream is closed', 'AbortError');

/** The listener for an HTTP server's 'request'. */
export function createFront({ pipeline, clock, log }: FrontOptions) {
  const app = new Koa();
  app.silent = true; // errors are answers of the pipeline; what is left is a broken connection
  app.use(async (context) => {
    context.respond = false;
    const { req, res } = context; // http2's has the same methods
    const gone = new AbortController();
    res.once('close', () => gone.abort(GONE));
    const request = toApiRequest(req, gone.signal);
    const response = await pipeline.handle(request);
    try {
      await respond(res, response, respondOptions(request, clock));
    } catch (error) {
      log.debug({ err: error, path: request.path }, 'answer could not be sent');
      res.destroy();
    }
  });
  return app.callback();
}

export function toApiRequest(req: IncomingMessage | Http2ServerRequest, signal: AbortSignal): ApiRequest {
  const url = req.url ?? '/';
  const at = url.indexOf('?');
  const headers = req.headers as ApiRequest['headers'];
  return {
    method: req.method ?? 'GET',
    path: at < 0 ? url : url.slice(0, at),
    query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)),
    headers,
    identity: { credentials: credentialsOf(req) },
    body: bytesBody(req, header({ headers }, 'content-type')),
    signal,
  };
}

/** How to write the answer. What cannot be negotiated is answered in JSON: it is an error then. */
export function respondOptions(request: ApiRequest, clock: Clock): RespondOptions {
  return {
    representation: representationFor(request),
    includeObject: includeObjectFor(request),
    now: clock.now(),
    method: request.method,
    acceptsGzip: /\bgzip\b/.test(header(request, 'accept-encoding') ?? ''),
  };
}

function representationFor(request: ApiRequest): Representation {
  const info = parseRequestInfo(request.method, request.path, request.query);
  const common = { userAgent: header(request, 'user-agent'), query: request.query };
  try {
    return negotiate({
      ...common,
      accept: header(request, 'accept'),
      shapes: info.isResource ? shapesOf(info) : ALL_SHAPES,
    });
  } catch {
    return negotiate({ ...common, accept: undefined, shapes: [] }); // the pipeline has answered 406
  }
}

function includeObjectFor(request: ApiRequest) {
  try {
    return parseIncludeObject(request.query);
  } catch {
    return 'Metadata' as const; // the pipeline has answered 400
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
