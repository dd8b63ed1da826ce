// What the server needs to know of the host it runs on: its addresses, and who holds a port.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../clock.ts';

/** Our own and other container links; their addresses are not the host's. */
const VIRTUAL = /^(lo|tsukube|tsk|cni|docker|br-|veth|virbr|podman|flannel|cali)/;

/**
 * The IPv4 address of the interface with the default route, else of the first real interface; undefined on a host
 * that is in no network now.
 */
export function hostAddress(
  routes: string = readFileSync('/proc/net/route', 'utf8'),
  all: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string | undefined {
  const device = defaultDevice(routes);
  const interfaces = Object.entries(all).filter(([name]) => name === device || !VIRTUAL.test(name));
  const ordered = interfaces.sort(([a], [b]) => Number(b === device) - Number(a === device));
  for (const [, addresses] of ordered) {
    const found = addresses?.find((address) => address.family === 'IPv4' && !address.internal);
    if (found) return found.address;
  }
  return undefined;
}

/** Every status of every pod has the address, and looking for it takes longer the more links pods have. */
const REMEMBERED_MS = 1_000;

/** hostAddress, looked for at most once a second. */
export function rememberedHostAddress(clock: Clock, look: () => string | undefined = hostAddress) {
  let known: string | undefined;
  let until = Number.NEGATIVE_INFINITY;
  return (): string | undefined => {
    if (clock.monotonic() < until) return known;
    known = look();
    until = clock.monotonic() + REMEMBERED_MS;
    return known;
  };
}

/** Device of the default route with the lowest metric in the text of /proc/net/route. */
export function defaultDevice(routes: string): string | undefined {
  return routes
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter((field) => field[1] === '00000000' && field[7] === '00000000')
    .sort((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0];
}

/** All addresses under which this host is reached now. */
export const hostAddresses = (): string[] =>
  Object.entries(networkInterfaces())
    .filter(([name]) => !VIRTUAL.test(name))
    .flatMap(([, addresses]) => (addresses ?? []).filter((a) => !a.internal && !a.scopeid).map((a) => a.address));

export interface PortHolder {
  pid: number;
  command: string;
}

const LISTEN = '0A';

/** Who listens on a TCP port here; undefined when nobody does, a holder with pid 0 when it cannot be seen. */
export function portHolder(port: number): PortHolder | undefined {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningInodes(readIfThere(file), port));
  if (inodes.length === 0) return undefined;
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`));
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (descriptors(pid).some((target) => sockets.has(target))) {
      return { pid: Number(pid), command: commandOf(pid) };
    }
  }
  return { pid: 0, command: 'a process that cannot be seen from here' };
}

/** The program's name; for an interpreter what it runs is of more use than its own name. */
function commandOf(pid: string): string {
  const [program = '', script = ''] = readIfThere(`/proc/${pid}/cmdline`).split('\0');
  const name = program.split('/').at(-1) || readIfThere(`/proc/${pid}/comm`).trim();
  return script.startsWith('/') ? `${name} ${script}` : name;
}

/** Inodes of sockets that listen on `port`, out of the text of /proc/net/tcp. */
export function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((field) => field[3] === LISTEN && field[1]?.endsWith(`:${wanted}`))
    .map((field) => field[9] as string);
}

/** Processes come and go while /proc is read: what is gone is empty. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function descriptors(pid: string): string[] {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
  return names.map((name) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      return '';
    }
  });
}
