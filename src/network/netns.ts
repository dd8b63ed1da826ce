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

/** Makes the namespaces. A network namespace has only a loopback link, which is down. */
export async function pinNamespaces(namespaces: PinnedNamespaces): Promise<void> {
  const pins = Object.entries(namespaces) as [keyof PinnedNamespaces, string][];
  for (const [, file] of pins) {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
    closeSync(openSync(file, 'wx', 0o444));
  }
  try {
    await run(['unshare', ...pins.map(([kind, file]) => `--${kind}=${file}`), 'true']);
  } catch (cause) {
    await unpinNamespaces(namespaces);
    throw cause;
  }
}

/** Idempotent. A namespace ends when the last process in it has ended. */
export async function unpinNamespaces(namespaces: PinnedNamespaces): Promise<void> {
  for (const file of Object.values(namespaces) as string[]) {
    await unmount(file);
    rmSync(file, { force: true });
  }
}

/** Idempotent, lazily: what still uses the mount keeps it until it ends. */
export async function unmount(target: string): Promise<void> {
  try {
    await run(['umount', '--lazy', target]);
  } catch (error) {
    // umount(8): "not mounted", "no mount point specified" (no such file): nothing to undo
    if (!(error instanceof RunError) || !/not mounted|no mount point|not found/i.test(error.output)) throw error;
  }
}
