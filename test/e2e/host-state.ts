// What this product could leave on a host, as sorted lines that can be compared: before a test and after it.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { run } from '../../src/exec.ts';

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

async function firewall(): Promise<string[]> {
  const { stdout } = await run(['iptables-save']);
  return (
    lines(stdout)
      .filter((line) => !line.startsWith('#') && line !== 'COMMIT' && !line.startsWith('*'))
      .map((line) => line.replace(/\[\d+:\d+\]/, ''))
      // Tables that nothing uses are printed once something has looked at them: built-in chains that accept say nothing.
      .filter((line) => !/^:[A-Z]+ ACCEPT/.test(line))
  );
}

const PROGRAMS = /^(containerd|containerd-shim.*|nerdctl|runc|conmon|podman)$/;

/** Ours, which reads the output of nerdctl's containers and outlives the server. */
const OUTPUT_PROGRAM = /\/output-process\.[jt]s$/;

/** Programs of container runtimes; `of`: only those that work for this folder. */
export function processes(of = ''): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
        const executable = readlinkSync(`/proc/${pid}/exe`).split('/').at(-1) ?? '';
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        if (!words.some((word) => word.includes(of))) return [];
        if (words.some((word) => OUTPUT_PROGRAM.test(word))) return [`output-process ${pid}`];
        return PROGRAMS.test(command) || PROGRAMS.test(executable) ? [`${command} ${pid}`] : [];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}

/** How many processes on this machine have `word` among their arguments, containers' own included. */
export const processesWith = (word: string): number =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word);
      } catch {
        return false; // it has ended meanwhile
      }
    }).length;

const listed = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : [];

const SYSCTLS = ['net/ipv4/ip_forward', 'net/ipv4/conf/all/route_localnet', 'net/bridge/bridge-nf-call-iptables'];

function cgroups(): string[] {
  return lines(readFileSync('/proc/self/mounts', 'utf8'))
    .map((line) => line.split(' '))
    .filter((field) => field[2] === 'cgroup' || field[2] === 'cgroup2')
    .flatMap((field) => listed(field[1] as string).filter((path) => /tsukube|nerdctl|kubepods/.test(path)));
}

type Kind =
  | 'links'
  | 'addresses'
  | 'routes'
  | 'rules'
  | 'mounts'
  | 'namespaces'
  | 'processes'
  | 'files'
  | 'sysctls'
  | 'cgroups';
export type HostState = Record<Kind, string[]>;

export async function hostState(): Promise<HostState> {
  const [links, addresses, routes, rules] = await Promise.all([
    run(['ip', '-brief', 'link']),
    run(['ip', '-brief', 'address']),
    run(['ip', 'route', 'show', 'table', 'all']),
    firewall(),
  ]);
  return {
    links: lines(links.stdout).map((line) => line.split(/[\s@]/)[0] as string),
    addresses: lines(addresses.stdout).map((line) => line.trim()),
    routes: lines(routes.stdout).map((line) => line.trim()),
    rules,
    mounts: lines(readFileSync('/proc/self/mounts', 'utf8')).map((line) => line.split(' ').slice(0, 3).join(' ')),
    namespaces: [...listed('/run/netns'), ...listed('/var/run/netns')],
    processes: processes(),
    files: [
      '/run',
      '/var/lib',
      '/var/lib/cni',
      '/etc/cni/net.d',
      '/run/cni',
      '/opt/cni',
      '/etc/systemd/system',
    ].flatMap(listed),
    sysctls: SYSCTLS.filter((name) => existsSync(`/proc/sys/${name}`)).map(
      (name) => `${name}=${readFileSync(`/proc/sys/${name}`, 'utf8').trim()}`,
    ),
    cgroups: cgroups(),
  };
}

/** Lines that came or went, prefixed with their kind; empty when nothing is left behind. */
export function stateDifference(before: HostState, after: HostState): string[] {
  return (Object.keys(before) as Kind[]).flatMap((kind) => {
    const [was, is] = [new Set(before[kind]), new Set(after[kind])];
    return [
      ...[...is].filter((line) => !was.has(line)).map((line) => `${kind}: + ${line}`),
      ...[...was].filter((line) => !is.has(line)).map((line) => `${kind}: - ${line}`),
    ];
  });
}
