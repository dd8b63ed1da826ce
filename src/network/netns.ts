// Linux namespaces that live without a process: each is pinned by a bind mount onto a file, as `ip netns` does.
import { closeSync, mkdirSync, openSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { RunError, run } from '../exec.ts';
import { isMissingFile } from '../missing-file.ts';

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

const LOOPBACK_UP = ['ip', 'link', 'set', 'lo', 'up'];

/** Makes the namespaces. A network namespace has only a loopback link, which is up. */
export async function pinNamespaces(namespaces: PinnedNamespaces): Promise<void> {
  const pins = Object.entries(namespaces) as [keyof PinnedNamespaces, string][];
  for (const [, file] of pins) {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
    closeSync(openSync(file, 'wx', 0o444));
  }
  try {
    await run([
      'unshare',
      ...pins.map(([kind, file]) => `--${kind}=${file}`),
      ...(namespaces.net ? LOOPBACK_UP : ['true']),
    ]);
  } catch (cause) {
    await unpinNamespaces(namespaces);
    throw cause;
  }
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
    await run(['umount', '--lazy', ...targets]);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const told = error.output.trim().split('\n');
    if (!told.every((line) => NOTHING_TO_UNDO.test(line))) throw error;
  }
}
