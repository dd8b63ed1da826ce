// exec, attach and port-forward: which container, which protocol, and the connection handed to what serves it. Each is
// served over WebSocket channels, over SPDY, and port-forward over SPDY inside a WebSocket.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { Runtime } from '../cri/runtime.ts';
import type { PodWorkers } from '../pod-workers.ts';
import { EXEC_PROTOCOLS, serveSession } from './channels.ts';
import { PORT_FORWARD_PROTOCOLS, servePortForward } from './port-forward.ts';
import { acceptSpdy, wantsSpdy } from './spdy/handshake.ts';
import { SPDY_EXEC_PROTOCOLS, serveSpdyExec } from './spdy-exec.ts';
import { PORT_FORWARD_PROTOCOL, serveSpdyPortForward, TUNNEL_PROTOCOL } from './spdy-port-forward.ts';
import { NotThereError, readySandbox, runningContainer } from './targets.ts';
import { pingWhileOpen } from './web-socket-pings.ts';

export interface StreamingOptions {
  runtime: Runtime;
  workers: Pick<PodWorkers, 'byName'>;
  clock: Clock;
  log: Logger;
}

interface Asked {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
  query: URLSearchParams;
}

export interface Streaming {
  /** Rejects with NotThereError before the connection is upgraded. */
  serve(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  stop(): void;
}

export function createStreaming(options: StreamingOptions): Streaming {
  const { runtime, clock, log } = options;
  const upgraded = new Set<Duplex>();
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => EXEC_PROTOCOLS.find((p) => offered.has(p)) ?? false,
  });
  // The tunnel's name has a slash, which RFC 6455 forbids and ws refuses: its header is kept from ws and answered here.
  const tunnels = new WebSocketServer({ noServer: true });
  tunnels.on('headers', (headers) => void headers.push(`Sec-WebSocket-Protocol: ${TUNNEL_PROTOCOL}`));

  async function acceptWebSocket(asked: Asked, supported: readonly string[]): Promise<WebSocket> {
    const offered = offeredProtocols(asked);
    if (offered.length > 0 && !supported.some((p) => offered.includes(p))) {
      throw new NotThereError(
        400,
        `unable to negotiate protocol: client supports [${offered.join(' ')}], server supports [${supported.join(' ')}]`,
      );
    }
    return await complete(sockets, asked);
  }

  async function acceptTunnel(asked: Asked): Promise<Duplex> {
    delete asked.request.headers['sec-websocket-protocol'];
    return createWebSocketStream(await complete(tunnels, asked));
  }

  const complete = (server: WebSocketServer, { request, socket, head }: Asked): Promise<WebSocket> =>
    new Promise((resolve) =>
      server.handleUpgrade(request, socket, head, (accepted) => {
        accepted.on('error', (error) => log.debug({ err: error }, 'kubelet stream broke'));
        pingWhileOpen(accepted, clock);
        resolve(accepted);
      }),
    );

  /** From the upgrade on an error is one of the connection: nobody is left to be told. */
  const untilOver = ({ socket }: Asked, work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => {
      log.debug({ err: error }, 'kubelet stream broke');
      socket.destroy();
    });

  async function command(what: 'exec' | 'attach', parts: readonly string[], asked: Asked): Promise<void> {
    const { query, socket } = asked;
    const status = await runningContainer(parts, options);
    const flag = (...names: string[]) => names.some((name) => ['1', 'true'].includes(query.get(name) ?? ''));
    const wanted = {
      stdin: flag('stdin', 'input'),
      stdout: flag('stdout', 'output'),
      stderr: flag('stderr', 'error'),
      tty: flag('tty'),
    };
    const start = () =>
      what === 'exec' ? runtime.exec(status.id, query.getAll('command'), wanted) : runtime.attach(status.id, wanted);
    if (wantsSpdy(asked.request)) {
      const protocol = acceptSpdy(asked.request, asked, SPDY_EXEC_PROTOCOLS);
      await untilOver(asked, serveSpdyExec({ transport: socket, protocol, wanted, clock, start }));
    } else await untilOver(asked, serveSession(await acceptWebSocket(asked, EXEC_PROTOCOLS), start()));
  }

  async function portForward(parts: readonly string[], asked: Asked): Promise<void> {
    const sandbox = await readySandbox(parts, options);
    const connect = (port: number) => runtime.portForward(sandbox, port);
    const tunnel = { clock, pod: parts.slice(0, 2).join('/'), connect };
    if (wantsSpdy(asked.request)) {
      acceptSpdy(asked.request, asked, [PORT_FORWARD_PROTOCOL]);
      return await untilOver(asked, serveSpdyPortForward(asked.socket, tunnel));
    }
    if (offeredProtocols(asked).includes(TUNNEL_PROTOCOL)) {
      return await untilOver(asked, serveSpdyPortForward(await acceptTunnel(asked), tunnel));
    }
    const ports = portsOf(asked.query);
    const socket = await acceptWebSocket(asked, PORT_FORWARD_PROTOCOLS);
    await untilOver(asked, servePortForward(socket, { ports, pod: tunnel.pod, connect }));
  }

  return {
    async serve(request, socket, head) {
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      const url = new URL(request.url ?? '/', 'https://kubelet');
      const [what, ...parts] = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
      const asked = { request, socket, head, query: url.searchParams };
      if (what === 'exec' || what === 'attach') return await command(what, parts, asked);
      if (what === 'portForward') return await portForward(parts, asked);
      throw new NotThereError(404, '404 page not found');
    },
    stop() {
      for (const socket of upgraded) socket.destroy();
    },
  };
}

const offeredProtocols = ({ request }: Asked): string[] =>
  (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((p) => p.trim())
    .filter(Boolean);

function portsOf(query: URLSearchParams): number[] {
  const ports = [...query.getAll('ports'), ...query.getAll('port')].flatMap((p) => p.split(',')).map(Number);
  if (ports.length > 0 && ports.every((p) => Number.isInteger(p) && p >= 1 && p <= 65_535)) return ports;
  throw new NotThereError(400, 'query parameter "port" is required: a number from 1 to 65535');
}
