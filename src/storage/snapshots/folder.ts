// The folder that snapshots are in: one folder each. Names that begin with a dot are being made or removed.
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ifMissing, isMissingFile } from '../../missing-file.ts';
import { syncFolder } from './durable.ts';
import { BadSnapshot, DATABASE, type Manifest, readManifest } from './manifest.ts';

const PARTIAL = '.partial-';
const REMOVED = '.removed-';

export interface FoundSnapshot {
  name: string;
  folder: string;
  /** undefined when it cannot be used. */
  manifest: Manifest | undefined;
  /** Why not, as far as can be told without reading it all (verify.ts does). */
  problem: string | undefined;
}

/** All snapshots in `into`, newest first; those that cannot be used come last. None when there is no such folder. */
export async function listSnapshots(into: string): Promise<FoundSnapshot[]> {
  const entries = await readdir(into, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (isMissingFile(error)) return [];
    throw new BadSnapshot(`the snapshots in ${into} cannot be listed: ${error.message}`, error);
  });
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  const found = await Promise.all(folders.map(({ name }) => look(path.join(into, name))));
  const age = ({ manifest }: FoundSnapshot) => (manifest ? Date.parse(manifest.time) : Number.NEGATIVE_INFINITY);
  return found.sort((a, b) => age(b) - age(a) || a.name.localeCompare(b.name));
}

async function look(folder: string): Promise<FoundSnapshot> {
  const name = path.basename(folder);
  try {
    const manifest = await readManifest(folder);
    for (const file of [{ path: DATABASE, bytes: manifest.bytes }, ...manifest.files]) {
      const size = (await stat(path.join(folder, file.path)).catch(() => undefined))?.size;
      if (size === undefined) throw new BadSnapshot(`${file.path} is missing`);
      if (size !== file.bytes) throw new BadSnapshot(`${file.path} was cut short or changed`);
    }
    return { name, folder, manifest, problem: undefined };
  } catch (error) {
    if (!(error instanceof BadSnapshot)) throw error;
    return { name, folder, manifest: undefined, problem: error.message };
  }
}

/** The folder of the snapshot that a user named, by its name in `into` or by a path. */
export function snapshotFolder(nameOrPath: string, into: string): string {
  return nameOrPath.includes('/') ? path.resolve(nameOrPath) : path.join(into, nameOrPath);
}

/** An empty folder for a snapshot that is being made; what an earlier attempt left is removed. */
export async function beginSnapshot(into: string, name: string): Promise<string> {
  const partial = path.join(into, PARTIAL + name);
  await mkdir(into, { recursive: true, mode: 0o700 });
  if (await stat(path.join(into, name)).catch(() => undefined)) {
    throw new BadSnapshot(`there is a snapshot ${name} in ${into} already: choose another name, or remove it first`);
  }
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { mode: 0o700 });
  return partial;
}

/** From here on it is listed. All its files must be on disk. */
export async function finishSnapshot(partial: string, name: string): Promise<string> {
  const into = path.dirname(partial);
  const folder = path.join(into, name);
  syncFolder(partial);
  await rename(partial, folder);
  syncFolder(into);
  return folder;
}

/** Taken off the list first, so that one that is removed by half is none. */
export async function removeSnapshot(folder: string): Promise<void> {
  const removed = path.join(path.dirname(folder), REMOVED + path.basename(folder));
  await rm(removed, { recursive: true, force: true });
  await rename(folder, removed);
  syncFolder(path.dirname(folder));
  await rm(removed, { recursive: true, force: true });
}

/** Removes what a process that was killed left; only for who is alone in making snapshots in `into`. */
export async function removeRemains(into: string): Promise<void> {
  const names = await readdir(into).catch(ifMissing([]));
  const remains = names.filter((name) => name.startsWith(PARTIAL) || name.startsWith(REMOVED));
  for (const name of remains) await rm(path.join(into, name), { recursive: true, force: true });
}
