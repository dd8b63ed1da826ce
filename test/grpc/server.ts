// A gRPC server of a few lines for tests: it answers with bytes, errors, silence or a broken connection, as it is told.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import { createUnframer, frame } from '../../src/grpc/frames.ts';

export interface Call {
  path: string;
  metadata: Readonly<Record<string, unknown>>;
  /** Of the one message. */
  request: Buffer;
  /** Resolves when the client has given the call up. */
  cancelled: Promise<void>;
  send(message: Uint8Array): void;
  /** Ends the call; 0 is success. */
  end(status?: number, message?: string): void;
  /** Ends the connection in the middle. */
  breakConnection(): void;
}

export interface GrpcServer {
  path: string;
  connections(): number;
  close(): Promise<void>;
}

export async function grpcServer(serve: (call: Call) => void): Promise<GrpcServer> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'grpc-'));
  const socket = path.join(directory, 'sock');
  const server: Http2Server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined); // the client has gone
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => undefined); // the client has gone
    const cancelled = new Promise<void>((resolve) => stream.once('aborted', () => resolve()));
    const unframe = createUnframer();
    let outcome = { 'grpc-status': '0', 'grpc-message': '' };
    stream.on('wantTrailers', () => stream.sendTrailers(outcome));
    const open = () => {
      if (!stream.headersSent)
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    };
    stream.on('data', (chunk: Buffer) => {
      for (const request of unframe(chunk)) {
        serve({
          path: String(headers[':path']).slice(1),
          metadata: headers,
          request,
          cancelled,
          send(message) {
            open();
            stream.write(frame(message));
          },
          end(status = 0, message = '') {
            outcome = { 'grpc-status': String(status), 'grpc-message': encodeURIComponent(message) };
            if (stream.headersSent) stream.end();
            else if (status === 0) {
              open();
              stream.end();
            } else
              stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...outcome }, { endStream: true });
          },
          breakConnection: () => stream.session?.destroy(),
        });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    path: socket,
    connections: () => sessions.size,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
