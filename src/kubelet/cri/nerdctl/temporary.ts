// nerdctl's folder for short-lived files. While it creates a container it has the image mounted there, and one that is
// killed leaves the mount behind.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Mounter } from '../../mounts.ts';

/** Makes the folder, without what was left in it. */
export async function emptyTemporary(folder: string, mounter: Pick<Mounter, 'under' | 'unmount'>): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const target of await mounter.under(folder)) await mounter.unmount(target);
  for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true });
}
