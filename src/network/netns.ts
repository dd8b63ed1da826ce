// Linux namespaces that live without a process: each is pinned by a bind mount onto a file, as `ip netns` does.
import { closeSync, mkdirSync, openSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { RunError } from '../exec.ts';
import { isMissingFile } from '../missing-file.ts';
import { programShell } from '../small-programs.ts';

/** Path of the file per kind; every given one is made new. */
export interface PinnedNamespaces {
  net?: string;
  ipc?: string;
}

/** include/uapi/linux/magic.h */
const NSFS_MAGIC = 0x6e736673;

/** False for the file alone, as it is before the namespace is mounted onto it and after a reboot, and for none. */
export function isPinned(file: string): boolean {
  try {
    return statfsSync(file).type === NSFS_MAGIC;
  } catch (error) {
    if (isMissingFile(error)) return false;
    throw error;
  }
}

/** Run in the new namespaces. Mounts are the host's, as it has no mount namespace of its own. */
const BEGIN: Record<keyof PinnedNamespaces, string> = {
  net: 'ip link set lo up',
  ipc: '[ -z "$1" ] || mount -t tmpfs -o nosuid,nodev,noexec,mode=1777,size=64m shm "$1"',
};

/**
 * Makes the namespaces. A network namespace has only a loopback link, which is up; the memory that goes with an IPC namespace is
 * mounted at `shm`, a folder that is there. One program for all of it.
 */
export async function pinNamespaces(namespaces: PinnedNamespaces, shm = ''): Promise<void> {
  const pins = Object.entries(namespaces) as [keyof PinnedNamespaces, string][];
  for (const [, file] of pins) {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
    closeSync(openSync(file, 'wx', 0o444));
  }
  const script = pins.map(([kind]) => `{ ${BEGIN[kind]}; }`).join(' && ');
  try {
    await programShell.run([
      'unshare',
      ...pins.map(([kind, file]) => `--${kind}=${file}`),
      'sh',
      '-c',
      script,
      'sh',
      shm,
    ]);
  } catch (cause) {
    await unpinNamespaces(namespaces);
    throw cause;
  }
}

/** Keeps the network namespace of a process at `file`. */
export async function pinNetworkOf(pid: number, file: string): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
  closeSync(openSync(file, 'wx', 0o444));
  await programShell.run(['mount', '--bind', `/proc/${pid}/ns/net`, file]);
}

/** Idempotent. A namespace ends when the last process in it has ended. */
export async function unpinNamespaces(namespaces: PinnedNamespaces): Promise<void> {
  const files = Object.values(namespaces) as string[];
  await unmount(...files);
  for (const file of files) rmSync(file, { force: true });
}

/** umount(8) of what is not mounted, or not there at all: nothing to undo. */
const NOTHING_TO_UNDO = /not mounted|no mount point|not found/i;

/** Idempotent, lazily: what still uses a mount keeps it until it ends. */
export async function unmount(...targets: string[]): Promise<void> {
  if (targets.length === 0) return;
  try {
    await programShell.run(['umount', '--lazy', ...targets]);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const told = error.output.trim().split('\n');
    if (!told.every((line) => NOTHING_TO_UNDO.test(line))) throw error;
  }
}
