// Requests that want to leave HTTP: the pipeline decides; watches over WebSocket are served here, other
// connections are handed to their handler with the raw socket.
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { type Duplex, pipeline as streamPipeline } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { jsonText } from '../encoding/json.ts';
import { createWatchEncoder, toObjectResult } from '../represent.ts';
import type { ApiRequest, ApiResponse, ApiResult, WatchResult } from '../request.ts';
import { createConnections } from './connection.ts';
import { type FrontOptions, http1Arrival, respondOptions, toApiRequest } from './front.ts';

const BEARER_PROTOCOL = /^base64url\.bearer\.authorization\.k8s\.io\.(?<token>.+)$/;

export function createUpgrader({ pipeline, log, ...bodies }: FrontOptions) {
  const connections = createConnections();
  const watches = new WebSocketServer({ noServer: true, handleProtocols: chooseWatchProtocol });

  /** Never throws: what goes wrong ends this connection and no other. */
  return function onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    upgrade(req, socket, head).catch((error: unknown) => {
      log.warn({ err: error, path: req.url }, 'upgrade failed');
      socket.destroy();
    });
  };

  async function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    const arrival = http1Arrival(req, connections.ofSocket(req.socket as TLSSocket));
    const base = withBearerProtocol(toApiRequest(arrival, { ...bodies, signal: () => gone.signal }));
    const request: ApiRequest = { ...base, upgrade: { socket, head, rawHeaders: req.rawHeaders } };
    const response = await pipeline.handle(request);
    const { result } = response;
    if (result.type === 'upgraded') return;
    if (result.type === 'watch' && req.headers.upgrade?.toLowerCase() === 'websocket') {
      watches.handleUpgrade(req, socket, head, (ws) => {
        const encoder = createWatchEncoder(result, respondOptions(request, { response, clock: bodies.clock }));
        void sendWatch(ws, result, encoder).catch((error: unknown) => {
          log.debug({ err: error, path: request.path }, 'watch over WebSocket ended');
          ws.terminate();
        });
      });
      return;
    }
    // The other side said no, and why: that is for the client, as it is.
    if (result.type === 'stream') return passOn(socket, result);
    refuse(socket, response);
  }

  async function sendWatch(
    ws: WebSocket,
    result: WatchResult,
    encoder: ReturnType<typeof createWatchEncoder>,
  ): Promise<void> {
    ws.on('error', () => ws.terminate());
    for await (const batch of result.batches) {
      for (const item of batch) {
        if (ws.readyState !== ws.OPEN) return;
        const message = encoder.message(encoder.encode(item));
        // Waiting for each write is the back-pressure.
        await new Promise<void>((resolve, reject) =>
          ws.send(message, { binary: !encoder.text }, (error) => (error ? reject(error) : resolve())),
        );
      }
    }
    ws.close();
  }
}

function chooseWatchProtocol(offered: Set<string>): string | false {
  for (const protocol of offered) if (!BEARER_PROTOCOL.test(protocol)) return protocol;
  return false;
}

/** Browsers cannot set headers on a WebSocket: the token may come as a subprotocol. */
function withBearerProtocol(request: ApiRequest): ApiRequest {
  const protocols = String(request.headers['sec-websocket-protocol'] ?? '').split(/,\s*/);
  const token = protocols.map((protocol) => BEARER_PROTOCOL.exec(protocol)?.groups?.token).find((found) => found);
  if (!token || !('credentials' in request.identity) || request.identity.credentials.authorization) return request;
  const authorization = `Bearer ${Buffer.from(token, 'base64url').toString()}`;
  return { ...request, identity: { credentials: { ...request.identity.credentials, authorization } } };
}

function passOn(socket: Duplex, { status, headers, body }: Extract<ApiResult, { type: 'stream' }>): void {
  const lines = Object.entries({ ...headers, connection: 'close' }).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name}: ${each}`),
  );
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n`);
  streamPipeline(body, socket, () => undefined); // an end of either is the end of both
}

/** An HTTP answer on a socket that was not upgraded. */
function refuse(socket: Duplex, { result: given, auditId }: ApiResponse): void {
  const result = given.type === 'entry' ? toObjectResult(given) : given;
  const status = 'status' in result ? result.status : 400;
  const message = 'you must specify a path that can be upgraded, or leave the Upgrade header out';
  const body = result.type === 'object' ? jsonText(result.object) : Buffer.from(`${message}\n`);
  const code = result.type === 'object' ? status : 400;
  socket.write(
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\nContent-Type: application/json\r\nAudit-Id: ${auditId}\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
  );
  socket.end(body);
}
