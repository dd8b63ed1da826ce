// The TLS port: HTTP/2 and, for those who cannot or who want to upgrade, HTTP/1.1. Client certificates are asked
// for and not required; whom they speak for is authentication's question.
import type { IncomingMessage } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import type { Front } from './front.ts';

export interface TlsMaterial {
  /** PEM. */
  cert: string;
  key: string;
  /** PEM of the authorities whose client certificates count. */
  clientCa: string;
}

export interface HttpServerOptions {
  tls: TlsMaterial;
  bindAddress: string;
  /** 0 takes any free one. */
  port: number;
  front: Front;
  onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** How long a connection may be without a request; 90 s, as upstream. */
  idleMs?: number;
}

export interface HttpServer {
  readonly address: AddressInfo;
  /** New connections are made with this certificate from now on. */
  setTls(tls: TlsMaterial): void;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
}

/** Somebody else has the port. */
export class PortTaken extends Error {
  constructor(bindAddress: string, port: number, cause: unknown) {
    super(
      `port ${port} on ${bindAddress} is taken by another process (see it with: ss -ltnp 'sport = :${port}'); ` +
        'stop that one or choose another port',
      { cause },
    );
    this.name = 'PortTaken';
  }
}

const IDLE_MS = 90_000;
/** Of the request line and the headers in HTTP/1.1, as upstream: selectors come in the line. In HTTP/2 nghttp2 takes 64 KiB. */
const MAX_HEADER_BYTES = 1024 * 1024;
const HANDSHAKE_MS = 10_000;
/** With Node's 10 MiB, new streams are refused while a client is slow to take a long list on another. */
const SESSION_MEMORY_MB = 64;

/** Rejects with PortTaken, or with what listen() says. */
export async function listen(options: HttpServerOptions): Promise<HttpServer> {
  const { idleMs = IDLE_MS } = options;
  const server = createSecureServer({
    ...contextOf(options.tls),
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    settings: { maxConcurrentStreams: 1000 },
    maxSessionMemory: SESSION_MEMORY_MB,
    handshakeTimeout: HANDSHAKE_MS,
  });
  // Options of HTTP/1.1 that the types of this server do not know.
  Object.assign(server, { keepAliveTimeout: idleMs, maxHeaderSize: MAX_HEADER_BYTES });
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => session.destroy());
    session.once('close', () => sessions.delete(session));
    // Of a connection with an open stream (a watch) nothing may be heard for as long.
    let streams = 0;
    let isOverdue = false;
    const closed = () => {
      streams--;
      if (streams > 0 || !isOverdue) return;
      isOverdue = false;
      session.setTimeout(idleMs);
    };
    session.on('stream', (stream) => {
      streams++;
      stream.on('close', closed);
    });
    session.setTimeout(idleMs);
    session.on('timeout', () => {
      if (streams === 0) session.close();
      else isOverdue = true;
    });
  });
  // A client that speaks no TLS, or breaks off: nothing to tell anybody.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('request', options.front.onRequest as never);
  // Whoever listens for requests gets Node's compatibility layer for HTTP/2 with them. Only those of 1.1 are wanted.
  server.removeAllListeners('stream');
  server.on('stream', options.front.onStream);
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    options.onUpgrade(req, socket, head);
  });
  await bind(server, options);
  return {
    address: server.address() as AddressInfo,
    setTls: (tls) => server.setSecureContext(contextOf(tls)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.close();
        for (const session of sessions) session.destroy();
        for (const socket of sockets) socket.destroy();
      }),
  };
}

const contextOf = ({ cert, key, clientCa }: TlsMaterial): SecureContextOptions => ({
  cert,
  key,
  ca: clientCa,
  minVersion: 'TLSv1.2',
});

const bind = (server: Http2SecureServer, { bindAddress, port }: HttpServerOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PortTaken(bindAddress, port, error) : error);
    server.once('error', onError);
    server.listen(port, bindAddress, () => {
      server.off('error', onError);
      resolve();
    });
  });
