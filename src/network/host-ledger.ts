// What this product has changed on the host, written down before it is done, so that uninstall can undo and verify
// all of it. The file is a JSON array, replaced atomically; a change is one line of it for a person to read.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { RunError, run } from '../exec.ts';
import { type MasqueradedNetwork, removeMasqueradeChains } from './masquerade-chains.ts';
import { unmount } from './netns.ts';
import { removePortmapChains } from './portmap-chains.ts';

export type HostChange =
  | { kind: 'link'; name: string }
  /** An address on a link that is not ours; `address` with its prefix length. */
  | { kind: 'address'; device: string; address: string }
  | { kind: 'netns'; path: string }
  | { kind: 'mount'; path: string }
  /** Every mount below a folder, e.g. the pins of all sandboxes. */
  | { kind: 'mounts-below'; path: string }
  /** A unit of ours under /etc/systemd/system. */
  | { kind: 'systemd-unit'; name: string }
  /** A file or a whole folder. */
  | { kind: 'file'; path: string }
  /** A folder that others may come to use: it goes as far as it is empty. */
  | { kind: 'empty-folder'; path: string }
  /** A cgroup below every hierarchy's root, e.g. "tsukube". */
  | { kind: 'cgroup'; path: string }
  /** `previous` is what it held before. */
  | { kind: 'sysctl'; name: string; previous: string }
  /** A chain of ours: it is emptied and removed. Jumps to it are `iptables-rule` changes. */
  | { kind: 'iptables-chain'; table: string; chain: string; family?: 6 }
  /** What the portmap plugin leaves; shared with other networks of the host. */
  | { kind: 'portmap-chains' }
  /** What plugins leave when they outlive the server. */
  | ({ kind: 'masquerade-chains' } & MasqueradedNetwork)
  /** One rule in a chain that is not ours; `rule` as iptables -A takes it. */
  | { kind: 'iptables-rule'; table: string; chain: string; rule: readonly string[]; family?: 6 };

export interface Remaining {
  change: HostChange;
  reason: string;
}

export interface HostLedger {
  /** Call before the change is made; recording one twice is recording it once (the first `previous` is kept). */
  record(change: HostChange): void;
  /** Call after the change was undone. */
  forget(change: HostChange): void;
  list(): readonly HostChange[];
  /** Undoes all, newest first. What could not be undone stays recorded and is returned. */
  undoAll(): Promise<Remaining[]>;
}

/** Opens the ledger at `file`; a file that is not one is an error that names it. */
export function createLedger(file: string): HostLedger {
  let changes = read(file);
  const write = (next: readonly HostChange[]) => {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.new`;
    writeFileSync(temporary, `[\n${next.map((c) => JSON.stringify(c)).join(',\n')}\n]\n`, { mode: 0o600, flush: true });
    renameSync(temporary, file);
    changes = next;
  };
  const forget = (change: HostChange) => {
    const id = identity(change);
    if (changes.some((c) => identity(c) === id)) write(changes.filter((c) => identity(c) !== id));
  };
  return {
    record(change) {
      const id = identity(change);
      if (!changes.some((c) => identity(c) === id)) write([...changes, change]);
    },
    forget,
    list: () => changes,
    async undoAll() {
      const remaining: Remaining[] = [];
      for (const change of changes.toReversed()) {
        try {
          await undo(change);
          forget(change);
        } catch (error) {
          remaining.push({ change, reason: (error as Error).message });
        }
      }
      return remaining;
    },
  };
}

function read(file: string): readonly HostChange[] {
  if (!existsSync(file)) return [];
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (Array.isArray(value)) return value as HostChange[];
  } catch {
    // told below, with the file's name
  }
  throw new Error(`${file} is not a list of host changes: move it away and undo its lines by hand`);
}

function identity(change: HostChange): string {
  const { previous: _, ...same } = { previous: undefined, ...change };
  return JSON.stringify(same);
}

/** Undoes one change; fine when it is already gone. Throws when it remains. */
export async function undo(change: HostChange): Promise<void> {
  switch (change.kind) {
    case 'link':
      return gone(['ip', 'link', 'delete', change.name], /Cannot find device/);
    case 'address':
      return gone(['ip', 'address', 'delete', change.address, 'dev', change.device], /Cannot assign requested address/);
    case 'netns':
    case 'mount':
      await unmount(change.path);
      if (change.kind === 'netns') rmSync(change.path, { force: true });
      return;
    case 'mounts-below':
      for (const target of mountsBelow(change.path)) await unmount(target);
      return;
    case 'systemd-unit':
      return removeUnit(change.name);
    case 'file':
      return rmSync(change.path, { recursive: true, force: true });
    case 'empty-folder':
      return removeWhereEmpty(change.path);
    case 'cgroup':
      return removeCgroup(change.path);
    case 'sysctl':
      return writeSysctl(change.name, change.previous);
    case 'iptables-chain': {
      const base = [command(change.family), '-w', '5', '-t', change.table];
      await gone([...base, '-F', change.chain], NO_RULE);
      return gone([...base, '-X', change.chain], NO_RULE);
    }
    case 'masquerade-chains':
      return removeMasqueradeChains(change);
    case 'portmap-chains':
      return removePortmapChains();
    case 'iptables-rule':
      return gone([command(change.family), '-w', '5', '-t', change.table, '-D', change.chain, ...change.rule], NO_RULE);
  }
}

async function removeUnit(name: string): Promise<void> {
  const file = path.join('/etc/systemd/system', name);
  if (!existsSync(file)) return;
  await run(['systemctl', 'disable', '--now', name]);
  rmSync(file);
  await run(['systemctl', 'daemon-reload']);
}

/** iptables' words (legacy and nf_tables) for a rule or chain that is not there. */
const NO_RULE = /No chain\/target\/match|does a matching rule exist|does not exist|is incompatible/;
const command = (family?: 6) => (family === 6 ? 'ip6tables' : 'iptables');

async function gone(argv: readonly string[], already: RegExp): Promise<void> {
  try {
    await run(argv);
  } catch (error) {
    if (!(error instanceof RunError) || !already.test(error.output)) throw error;
  }
}

export const sysctlFile = (name: string): string => path.join('/proc/sys', ...name.split('.'));

export function readSysctl(name: string): string {
  return readFileSync(sysctlFile(name), 'utf8').trim();
}

export function writeSysctl(name: string, value: string): void {
  writeFileSync(sysctlFile(name), value);
}

/** Removes an empty cgroup (and its empty children) from every mounted hierarchy. */
export function removeCgroup(cgroup: string): void {
  for (const root of cgroupRoots()) removeEmptyTree(path.join(root, cgroup));
}

/** Deepest first. */
function mountsBelow(folder: string): string[] {
  return mountFields()
    .map((fields) =>
      (fields[1] as string).replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8))),
    )
    .filter((target) => target.startsWith(`${folder}/`))
    .reverse();
}

function cgroupRoots(): string[] {
  return mountFields()
    .filter((fields) => fields[2] === 'cgroup' || fields[2] === 'cgroup2')
    .map((fields) => fields[1] as string);
}

const mountFields = () =>
  readFileSync('/proc/self/mounts', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '));

function removeWhereEmpty(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeWhereEmpty(path.join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

function removeEmptyTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyTree(path.join(folder, entry.name));
  }
  rmdirSync(folder);
}
