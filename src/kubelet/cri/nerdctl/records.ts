// What the driver keeps of a sandbox: one folder under the run directory with a record, the pinned namespaces and
// /dev/shm. It goes with a reboot, as the namespaces do. A record is checked against the kernel when it is read.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isPinned } from '../../../network/netns.ts';
import type { ContainerStatus, Sandbox, SandboxConfig } from '../runtime.ts';
import type { Exit } from './parse.ts';

export interface SandboxRecord extends Sandbox {
  config: SandboxConfig;
  /** The pod's cgroup below every hierarchy's root. */
  cgroup: string;
  /** Path of the network namespace; undefined for host network. */
  netns?: string;
  /** Path of the IPC namespace and of its /dev/shm; undefined for host IPC. */
  ipc?: string;
  shm?: string;
  /** The container that holds its namespaces, where they are not pinned for the program to join. */
  holder?: string;
  /** The container that holds the shared PID namespace. */
  pidHolder?: string;
  /** By container: what only its shim remembers, or nobody. */
  ended?: Readonly<Record<string, ContainerEnd>>;
}

export interface ContainerEnd {
  /** The kernel's OOM killer was seen in it. */
  oomKilled?: boolean;
  /** How the first process ended. */
  exit?: Exit;
}

export interface SandboxRecords {
  folder(id: string): string;
  get(id: string): SandboxRecord | undefined;
  put(record: SandboxRecord): void;
  remove(id: string): void;
  list(): SandboxRecord[];
}

/** Reads the folder once; from then on memory and files change together. */
export function openSandboxRecords(directory: string): SandboxRecords {
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const folder = (id: string) => path.join(directory, id);
  const file = (id: string) => path.join(folder(id), 'sandbox.json');
  const records = new Map<string, SandboxRecord>();
  for (const id of readdirSync(directory)) {
    const record = read(file(id));
    if (record) records.set(id, isIntact(record) ? record : { ...record, state: 'notReady' });
    // else: the server died before the record was written; nothing refers to this folder but maybe pins
  }
  return {
    folder,
    get: (id) => records.get(id),
    put(record) {
      mkdirSync(folder(record.id), { recursive: true, mode: 0o711 });
      writeFileSync(`${file(record.id)}.new`, JSON.stringify(record), { mode: 0o600 });
      renameSync(`${file(record.id)}.new`, file(record.id));
      records.set(record.id, record);
    },
    remove(id) {
      rmSync(folder(id), { recursive: true, force: true });
      records.delete(id);
    },
    list: () => [...records.values()],
  };
}

function read(file: string): SandboxRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SandboxRecord;
  } catch {
    return undefined;
  }
}

/** After a reboot a pin is a plain file. */
function isIntact(record: SandboxRecord): boolean {
  return [record.netns, record.ipc].every((pin) => pin === undefined || isPinned(pin));
}

/** What is remembered of a container's end; of none, nothing. */
export const recordedEnd = (records: SandboxRecords, { id, sandboxId }: OfSandbox): ContainerEnd =>
  records.get(sandboxId)?.ended?.[id] ?? {};

/** Keeps what was learned of a container's end; what is known of it stays. */
export function recordEnd(records: SandboxRecords, container: OfSandbox, end: ContainerEnd): void {
  const { id, sandboxId } = container;
  const record = records.get(sandboxId);
  const whole = { ...end, ...recordedEnd(records, container) };
  if (record && !isDeepStrictEqual(whole, recordedEnd(records, container))) {
    records.put({ ...record, ended: { ...record.ended, [id]: whole } });
  }
}

/** For a container that is gone. */
export function forgetEnd(records: SandboxRecords, { id, sandboxId }: OfSandbox): void {
  const record = records.get(sandboxId);
  if (!record?.ended?.[id]) return;
  const { [id]: _gone, ...ended } = record.ended;
  records.put({ ...record, ended });
}

type OfSandbox = Pick<ContainerStatus, 'id' | 'sandboxId'>;
