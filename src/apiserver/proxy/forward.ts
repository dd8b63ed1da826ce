// Passing a request on to another HTTP server: a kubelet, a pod, a service. Bodies are streamed; an upgraded
// connection (WebSocket, SPDY) becomes two sockets tied together, whatever is spoken on them.
import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import { StatusError, serviceUnavailable } from '../../apimachinery/status-error.ts';
import type { ApiRequest, ApiResult, UpgradeRequest } from '../request.ts';

export interface ForwardTarget {
  url: URL;
  method: string;
  /** Client certificate and authority, for https. */
  tls?: { cert?: string; key?: string; ca?: string; rejectUnauthorized?: boolean; servername?: string };
  /** Spoken over instead of one that is made, and without TLS. */
  connection?: Duplex;
  /** Sent besides what the caller sent. */
  headers?: Readonly<Record<string, string | string[]>>;
}

/** Headers that speak of this connection or of the caller's rights, and are not passed on. */
const NOT_FORWARDED = new Set([
  'authorization',
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Pseudo-headers of HTTP/2, and what only a front proxy may say. */
const PRIVATE_PREFIXES = [':', 'impersonate-', 'x-remote-'];

/** Resolves when the other side has answered; rejects with 503, of an upgrade with 500, when it cannot be reached. */
export function forward(request: ApiRequest, target: ForwardTarget, signal: AbortSignal): Promise<ApiResult> {
  const { upgrade } = request;
  const headers = { ...forwardedHeaders(request), ...target.headers };
  if (request.body.kind === 'value') Object.assign(headers, { 'content-type': request.body.contentType });
  if (upgrade) Object.assign(headers, { connection: 'Upgrade', upgrade: request.headers.upgrade });
  return new Promise((resolve, reject) => {
    const outgoing = requestTo(target, { method: target.method, headers, signal });
    outgoing.on('error', (cause) => reject(Object.assign(unreachable(cause, upgrade !== undefined), { cause })));
    outgoing.on('response', (incoming) => resolve(answerOf(incoming)));
    outgoing.on('upgrade', (incoming, socket, head) => {
      if (upgrade) joinSockets(upgrade, { incoming, socket, head });
      else socket.destroy();
      resolve({ type: 'upgraded' });
    });
    const { body } = request;
    if (upgrade || request.method === 'GET' || request.method === 'HEAD') outgoing.end();
    else if (body.kind === 'bytes')
      pipeline(body.stream(), outgoing, () => undefined); // errors reach outgoing's 'error'
    else outgoing.end(body.value === undefined ? undefined : JSON.stringify(body.value));
  });
}

function requestTo({ url, connection, tls }: ForwardTarget, options: http.RequestOptions): http.ClientRequest {
  if (connection) {
    const { host, pathname, search } = url;
    return http.request({ ...options, host, path: `${pathname}${search}`, createConnection: () => connection });
  }
  const send = url.protocol === 'https:' ? https.request : http.request;
  return send(url, { ...options, agent: false, ...tls });
}

/** In upstream's words (apimachinery/pkg/util/proxy: transport.go, upgradeaware.go), which people search for. */
function unreachable(cause: ConnectError, isUpgrade: boolean): StatusError {
  const said = saidByGo(cause);
  return isUpgrade
    ? new StatusError({ code: 500, message: `error dialing backend: ${said}` })
    : serviceUnavailable(`error trying to reach service: ${said}`);
}

type ConnectError = NodeJS.ErrnoException & { address?: string; port?: number };

const CONNECT_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
};

function saidByGo({ syscall, code = '', address = '', port, message }: ConnectError): string {
  const failure = syscall === 'connect' ? CONNECT_FAILURES[code] : undefined;
  if (!failure) return message;
  return `dial tcp ${net.isIPv6(address) ? `[${address}]` : address}:${port}: connect: ${failure}`;
}

function forwardedHeaders({ headers }: ApiRequest): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    const isPrivate = NOT_FORWARDED.has(name) || PRIVATE_PREFIXES.some((prefix) => name.startsWith(prefix));
    if (value !== undefined && !isPrivate) kept[name] = value;
  }
  return kept;
}

function answerOf(incoming: IncomingMessage): ApiResult {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined && !NOT_FORWARDED.has(name)) headers[name] = value;
  }
  return { type: 'stream', status: incoming.statusCode ?? 502, headers, body: incoming };
}

interface Upgraded {
  incoming: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

function joinSockets(client: UpgradeRequest, { incoming, socket, head }: Upgraded): void {
  // First of all: an error on either side ends both, and never the process.
  client.socket.on('error', () => socket.destroy());
  socket.on('error', () => client.socket.destroy());
  client.socket.once('close', () => socket.destroy());
  socket.once('close', () => client.socket.destroy());
  const lines = [`HTTP/1.1 ${incoming.statusCode} ${incoming.statusMessage}`];
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`);
  }
  client.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) client.socket.write(head);
  if (client.head.length > 0) socket.write(client.head);
  socket.pipe(client.socket);
  client.socket.pipe(socket);
}
