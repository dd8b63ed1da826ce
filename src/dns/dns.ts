// Cluster DNS as a component: sockets on the Service's own address (which the host carries on its loopback
// device, so pods reach it without any rule), UDP and TCP.
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import type { Informers } from '../client/informer.ts';
import type { Clock } from '../clock.ts';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { createForwarder, framed } from './forward.ts';
import { respond } from './respond.ts';
import { informerView } from './view.ts';

/** A TCP connection without a question for so long is closed. */
const IDLE_MS = 10_000;

export interface DnsOptions {
  informers: Informers;
  clock: Clock;
  log: Logger;
  address: string;
  port: number;
  domain: string;
  upstream: readonly string[];
  resolvConf: string;
}

export function createDns(options: DnsOptions): Component {
  const { informers, clock, log, address, port, domain } = options;
  let udp: Socket | undefined;
  let tcp: Server | undefined;
  let close = () => {};
  const connections = new Set<TcpSocket>();

  return {
    name: 'dns',
    async start() {
      const view = informerView(informers);
      await view.synced;
      const forwarder = createForwarder({
        servers: options.upstream,
        resolvConf: options.resolvConf,
        exclude: [address],
        clock,
        log,
      });
      close = () => forwarder.close();
      const answer = (message: Buffer, transport: 'udp' | 'tcp') =>
        respond(message, transport, { domain, view, forwarder });

      const socket = createSocket({ type: 'udp4', reuseAddr: false });
      udp = socket;
      socket.on('message', (message, from) => {
        answer(message, 'udp')
          .then((reply) => reply && socket.send(reply, from.port, from.address))
          .catch((error: unknown) => log.error({ error }, 'a DNS question could not be answered'));
      });
      tcp = createServer((connection) => serve(connection, (message) => answer(message, 'tcp')));
      await Promise.all([listenUdp(socket, port, address), listenTcp(tcp, port, address)]);
      socket.on('error', (error) => log.error({ error }, 'DNS socket'));
    },
    async stop() {
      close();
      for (const connection of connections) connection.destroy();
      await Promise.all([
        new Promise<void>((resolve) => (udp ? udp.close(resolve) : resolve())),
        new Promise<void>((resolve) => (tcp ? tcp.close(() => resolve()) : resolve())),
      ]);
      udp = undefined;
      tcp = undefined;
    },
  };

  function serve(connection: TcpSocket, reply: (message: Buffer) => Promise<Buffer | undefined>): void {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    connection.on('error', () => connection.destroy()); // the client went away: nothing to tell anyone
    connection.setTimeout(IDLE_MS, () => connection.destroy());
    let pending = Buffer.alloc(0);
    connection.on('data', async (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const message = pending.subarray(2, end);
        pending = pending.subarray(end);
        const answer = await reply(message).catch((error: unknown) => {
          log.error({ error }, 'a DNS question could not be answered');
          return undefined;
        });
        if (!answer) return connection.destroy();
        if (!connection.destroyed) connection.write(framed(answer));
      }
    });
  }
}

const listenUdp = (socket: Socket, port: number, address: string): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ port, address, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });

const listenTcp = (server: Server, port: number, address: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: address, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
