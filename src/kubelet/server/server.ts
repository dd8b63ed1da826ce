// The kubelet's HTTPS server (10250): logs, exec, attach, port-forward and its own health. Only the API server and
// administrators may use it: their certificates come from the cluster's authority and bear the right name.
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { Readable } from 'node:stream';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import Koa from 'koa';
import { type Clock, timestamp } from '../../clock.ts';
import type { Component } from '../../lifecycle.ts';
import type { Logger } from '../../log.ts';
import type { Runtime } from '../cri/runtime.ts';
import type { Machine } from '../node/machine.ts';
import type { PodWorkers } from '../pod-workers.ts';
import { type LogOptions, readLog } from './log-reader.ts';
import { summary } from './stats.ts';
import { createStreaming } from './streaming.ts';
import { findPodContainer, NotThereError } from './targets.ts';

export interface KubeletTls {
  cert: string;
  key: string;
  /** The cluster's authority, which signed the API server's client certificate. */
  ca: string;
}

export interface KubeletServerOptions {
  runtime: Runtime;
  clock: Clock;
  log: Logger;
  workers: Pick<PodWorkers, 'all' | 'byName'>;
  machine: Machine;
  nodeName: string;
  tls: KubeletTls;
  port: number;
  bindAddress?: string;
}

const API_SERVER = 'kube-apiserver-kubelet-client';
const ADMINISTRATORS = 'system:masters';

export function createKubeletServer(options: KubeletServerOptions): Component & { address(): { port: number } } {
  const { log } = options;
  const app = new Koa();
  app.use((context) => route(context, options));
  app.on('error', (error: unknown) => log.warn({ err: error }, 'kubelet request failed'));
  const streaming = createStreaming(options);
  let server: Server | undefined;

  return {
    name: 'kubelet-server',
    start() {
      const callback = app.callback();
      server = createServer({ ...options.tls, requestCert: true, rejectUnauthorized: true }, (request, response) => {
        if (isAllowed(request)) return void callback(request, response);
        response.writeHead(403).end('Forbidden');
      });
      server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        socket.on('error', (error) => log.debug({ err: error }, 'kubelet stream broke'));
        if (!isAllowed(request)) return refuse(socket, new NotThereError(403, 'Forbidden'));
        streaming.serve(request, socket, head).catch((error: unknown) => {
          if (!(error instanceof NotThereError)) log.warn({ err: error }, 'kubelet stream not opened');
          refuse(socket, error);
        });
      });
      return new Promise((resolve, reject) => {
        server?.once('error', reject);
        server?.listen(options.port, options.bindAddress, () => resolve());
      });
    },
    async stop() {
      streaming.stop();
      server?.closeAllConnections();
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
      server = undefined;
    },
    address: () => server?.address() as { port: number },
  };
}

function isAllowed(request: IncomingMessage): boolean {
  const certificate = (request.socket as TLSSocket).getPeerCertificate() as PeerCertificate | Record<string, never>;
  const { CN, O } = certificate.subject ?? {};
  return CN === API_SERVER || [O].flat().includes(ADMINISTRATORS);
}

async function route(context: Koa.Context, options: KubeletServerOptions): Promise<void> {
  const [what, ...rest] = context.path.split('/').filter(Boolean).map(decodeURIComponent);
  const pods = options.workers.all().map((worker) => worker.pod());
  switch (what) {
    case 'healthz':
      context.body = 'ok';
      return;
    case 'pods':
      context.body = { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: pods };
      return;
    case 'stats': {
      const podCgroup = (uid: string) => `tsukube/pod${uid}`;
      context.body = await summary({ nodeName: options.nodeName, pods, now: timestamp(options.clock), podCgroup });
      return;
    }
    case 'metrics':
      context.type = 'text/plain; version=0.0.4';
      context.body = `# HELP kubelet_running_pods [ALPHA] Number of pods that have a running pod sandbox\n# TYPE kubelet_running_pods gauge\nkubelet_running_pods ${pods.length}\n`;
      return;
    case 'containerLogs':
      await containerLogs(context, rest, options);
      return;
    default:
      context.status = 404;
      context.body = '404 page not found';
  }
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
