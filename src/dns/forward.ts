// Questions that are not the cluster's go to the host's name servers: over UDP, over TCP when the answer was cut.
// The servers are those of resolv.conf, read again when the file changes (a laptop that moves).
import { createSocket } from 'node:dgram';
import { readFileSync, watch } from 'node:fs';
import { connect, isIP } from 'node:net';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';

const TIMEOUT_MS = 2_000;
const PORT = 53;

export interface Forwarder {
  /** The raw answer of the first server that gives one; rejects when none does. */
  forward(query: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer>;
  close(): void;
}

export interface ForwardOptions {
  /** Servers to use; empty: those of `resolvConf`. Each an address, or address:port for tests. */
  servers: readonly string[];
  resolvConf: string;
  /** Our own addresses, never asked: it would be a loop. */
  exclude: readonly string[];
  clock: Clock;
  log: Logger;
}

/** The nameserver lines. Pure. */
export const nameServers = (text: string): string[] =>
  text.split('\n').flatMap((line) => {
    const match = /^\s*nameserver\s+(\S+)/.exec(line);
    return match?.[1] && isIP(match[1].split('%')[0] as string) ? [match[1]] : [];
  });

export function createForwarder(options: ForwardOptions): Forwarder {
  const { clock, log, resolvConf, exclude } = options;
  let servers = options.servers.length > 0 ? options.servers : load();

  function load(): string[] {
    try {
      return nameServers(readFileSync(resolvConf, 'utf8')).filter((server) => !exclude.includes(server));
    } catch (error) {
      log.warn({ error }, `${resolvConf} cannot be read: names outside the cluster will not resolve`);
      return [];
    }
  }

  // The folder is watched, since the file is usually replaced, not written.
  const watcher =
    options.servers.length > 0
      ? undefined
      : watch(path.dirname(resolvConf), { persistent: false }, (_type, file) => {
          if (file === path.basename(resolvConf)) servers = load();
        });
  watcher?.on('error', (error) => log.warn({ error }, `changes of ${resolvConf} are not noticed`));

  return {
    async forward(query, transport) {
      const errors: unknown[] = [];
      for (const server of servers) {
        try {
          if (transport === 'tcp') return await askTcp(server, query, clock);
          const answer = await askUdp(server, query, clock);
          const truncated = ((answer[2] ?? 0) & 0x02) !== 0;
          return truncated ? await askTcp(server, query, clock).catch(() => answer) : answer;
        } catch (error) {
          errors.push(error);
        }
      }
      throw new AggregateError(errors, servers.length === 0 ? 'there is no name server' : 'no name server answered');
    },
    close: () => watcher?.close(),
  };
}

function target(server: string): { host: string; port: number } {
  const match = /^(\d+\.\d+\.\d+\.\d+):(\d+)$/.exec(server);
  return match ? { host: match[1] as string, port: Number(match[2]) } : { host: server, port: PORT };
}

function askUdp(server: string, query: Buffer, clock: Clock): Promise<Buffer> {
  const { host, port } = target(server);
  const socket = createSocket(isIP(host.split('%')[0] as string) === 6 ? 'udp6' : 'udp4');
  return new Promise<Buffer>((resolve, reject) => {
    const timer = clock.after(TIMEOUT_MS, () =>
      reject(new Error(`${server} did not answer in ${TIMEOUT_MS / 1000} s`)),
    );
    socket.on('error', reject);
    socket.on('message', (answer) => {
      if (answer.length < 12 || answer.readUInt16BE(0) !== query.readUInt16BE(0)) return; // not the answer to this
      timer.cancel();
      resolve(answer);
    });
    socket.connect(port, host, () => socket.send(query));
  }).finally(() => socket.close());
}

function askTcp(server: string, query: Buffer, clock: Clock): Promise<Buffer> {
  const { host, port } = target(server);
  const socket = connect(port, host);
  return new Promise<Buffer>((resolve, reject) => {
    const timer = clock.after(TIMEOUT_MS, () =>
      reject(new Error(`${server} did not answer in ${TIMEOUT_MS / 1000} s`)),
    );
    const chunks: Buffer[] = [];
    socket.on('error', reject);
    socket.on('end', () => reject(new Error(`${server} closed the connection`)));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length < 2 || all.length < 2 + all.readUInt16BE(0)) return;
      timer.cancel();
      resolve(all.subarray(2, 2 + all.readUInt16BE(0)));
    });
    socket.write(framed(query));
  }).finally(() => socket.destroy());
}

/** A message with its length before it, as DNS over TCP has it. */
export function framed(message: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
