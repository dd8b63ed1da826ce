// The kubelet's HTTPS server (10250): logs, exec, attach, port-forward, and what the node tells of itself
// (node-endpoints.ts). Who may use it for what is in access.ts.
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { Readable } from 'node:stream';
import Koa from 'koa';
import type { Clock } from '../../clock.ts';
import type { Component } from '../../lifecycle.ts';
import type { Logger } from '../../log.ts';
import type { Runtime } from '../cri/runtime.ts';
import type { PodWorkers } from '../pod-workers.ts';
import type { Access } from './access.ts';
import { type LogOptions, readLog } from './log-reader.ts';
import type { NodeEndpoint } from './node-endpoints.ts';
import { createStreaming } from './streaming.ts';
import { findPodContainer, NotThereError } from './targets.ts';

export interface KubeletTls {
  cert: string;
  key: string;
  /** The cluster's authority, which signed the API server's client certificate. */
  ca: string;
}

/** Brings connections of the API server, from within the process: who comes that way may do all. */
export interface KubeletEntrance {
  open(take: (connection: Duplex) => void): void;
  close(): void;
}

export interface KubeletServerOptions {
  runtime: Runtime;
  clock: Clock;
  log: Logger;
  workers: Pick<PodWorkers, 'byName'>;
  access: Access;
  nodeEndpoint(path: string): NodeEndpoint;
  tls: KubeletTls;
  door?: KubeletEntrance;
  port: number;
  bindAddress?: string;
}

export function createKubeletServer(options: KubeletServerOptions): Component & { address(): { port: number } } {
  const { log, access } = options;
  const app = new Koa();
  app.use((context) => route(context, options));
  app.on('error', (error: unknown) => log.warn({ err: error }, 'kubelet request failed'));
  const streaming = createStreaming(options);
  const fromWithin = new WeakSet<Duplex>();
  const refusalOf = async (request: IncomingMessage) => {
    if (fromWithin.has(request.socket)) return undefined;
    return access.refusal(request).catch((error: unknown) => {
      log.warn({ err: error }, 'rights of a request to the kubelet could not be asked for');
      return { code: 500, message: 'Authorization error: the API server could not be asked' };
    });
  };
  let server: Server | undefined;

  return {
    name: 'kubelet-server',
    start() {
      const callback = app.callback();
      // A certificate is not the only way to say who one is.
      const tls = { ...options.tls, requestCert: true, rejectUnauthorized: false };
      server = createServer(tls, async (request, response) => {
        const refusal = await refusalOf(request);
        if (!refusal) return void callback(request, response);
        response.writeHead(refusal.code, { 'content-type': 'text/plain; charset=utf-8' }).end(refusal.message);
      });
      server.on('upgrade', async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        socket.on('error', (error) => log.debug({ err: error }, 'kubelet stream broke'));
        const refusal = await refusalOf(request);
        if (refusal) return refuse(socket, new NotThereError(refusal.code, refusal.message));
        streaming.serve(request, socket, head).catch((error: unknown) => {
          if (!(error instanceof NotThereError)) log.warn({ err: error }, 'kubelet stream not opened');
          refuse(socket, error);
        });
      });
      options.door?.open((connection) => {
        fromWithin.add(connection);
        server?.emit('secureConnection', connection); // as if its TLS were done
      });
      return new Promise((resolve, reject) => {
        server?.once('error', reject);
        server?.listen(options.port, options.bindAddress, () => resolve());
      });
    },
    async stop() {
      options.door?.close();
      streaming.stop();
      server?.closeAllConnections();
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
      server = undefined;
    },
    address: () => server?.address() as { port: number },
  };
}

async function route(context: Koa.Context, options: KubeletServerOptions): Promise<void> {
  const [what, ...rest] = context.path.split('/').filter(Boolean).map(decodeURIComponent);
  const endpoint = options.nodeEndpoint(context.path);
  if (endpoint) return endpoint(context);
  if (what === 'containerLogs') return containerLogs(context, rest, options);
  context.status = 404;
  context.body = '404 page not found';
}

async function containerLogs(
  context: Koa.Context,
  parts: readonly string[],
  options: KubeletServerOptions,
): Promise<void> {
  const { query } = context;
  try {
    const { status } = await findPodContainer(parts, options, { previous: isTrue(query.previous) });
    const log = logOptions(query, options.clock.now());
    const gone = new AbortController();
    context.req.once('close', () => gone.abort());
    const ended = await endOf(status.id, options.runtime, gone.signal);
    context.status = 200;
    context.type = 'text/plain';
    const lines = readLog(
      status.logPath,
      { ...log, follow: log.follow && status.state === 'running' },
      { ended, signal: gone.signal },
    );
    const body = Readable.from(lines, { objectMode: false });
    body.once('close', () => gone.abort());
    context.flushHeaders();
    context.body = body;
  } catch (error) {
    if (!(error instanceof NotThereError)) throw error;
    context.status = error.code;
    context.body = error.message;
  }
}

const isTrue = (value: string | string[] | undefined): boolean => value === 'true' || value === '1';

function logOptions(query: Koa.Context['query'], now: number): LogOptions {
  const number = (name: string): number | undefined => {
    const text = query[name];
    if (typeof text !== 'string') return undefined;
    if (!/^\d+$/.test(text))
      throw new NotThereError(400, `Unable to decode query: ${name} must be a number, not ${JSON.stringify(text)}`);
    return Number(text);
  };
  const seconds = number('sinceSeconds');
  const since = seconds === undefined ? Date.parse(String(query.sinceTime ?? '')) : now - seconds * 1000;
  const tailLines = number('tailLines');
  const limitBytes = number('limitBytes');
  const stream = query.stream === 'Stdout' ? 'stdout' : query.stream === 'Stderr' ? 'stderr' : undefined;
  return {
    follow: isTrue(query.follow),
    timestamps: isTrue(query.timestamps),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(Number.isNaN(since) ? {} : { since }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(stream ? { stream } : {}),
  };
}

/** Aborts when the container has ended. */
async function endOf(id: string, runtime: Runtime, signal: AbortSignal): Promise<AbortSignal> {
  const ended = new AbortController();
  const follow = async () => {
    for await (const event of runtime.events(signal)) {
      if (event.containerId === id && (event.type === 'exited' || event.type === 'deleted')) return;
    }
  };
  follow().then(
    () => ended.abort(),
    () => ended.abort(), // no more events: do not wait for one
  );
  const status = await runtime.containerStatus(id);
  if (status?.state !== 'running') ended.abort();
  return ended.signal;
}

function refuse(socket: Duplex, error: unknown): void {
  const code = error instanceof NotThereError ? error.code : 500;
  const body = (error as Error).message;
  socket.end(
    `HTTP/1.1 ${code} Refused\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
