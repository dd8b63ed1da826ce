// Is a snapshot what its manifest says, down to each page? Read whole, unpacked, looked through, and thrown away again.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { CopyFacts } from '../sqlite/copies.ts';
import { type FoundSnapshot, listSnapshots } from './folder.ts';
import { BadSnapshot, type Manifest, readManifest } from './manifest.ts';
import { onThread } from './on-thread.ts';
import type { OnProgress } from './progress.ts';

/** Then the process that made it. */
const SCRATCH = '.verify-';

const silent: OnProgress = () => undefined;

export interface VerifyOptions {
  /** A folder with room for the unpacked database; it is as it was afterwards. */
  scratch: string;
  tell?: OnProgress;
}

/** Throws BadSnapshot with the first thing that is wrong. */
export async function verifySnapshot(folder: string, { scratch, tell }: VerifyOptions): Promise<Manifest> {
  await removeScratch(scratch);
  const place = await mkdtemp(path.join(scratch, `${SCRATCH}${process.pid}-`));
  try {
    return (await unpackSnapshot(folder, { to: path.join(place, 'state.db'), ...(tell && { tell }) })).manifest;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** What a process that was killed left: as large as a database, and with its secrets. */
async function removeScratch(scratch: string): Promise<void> {
  const left = (await readdir(scratch)).filter((name) => {
    const [, pid] = /^\.verify-(\d+)-/.exec(name) ?? [];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });
  for (const name of left) await rm(path.join(scratch, name), { recursive: true, force: true });
}

export interface Unpacked {
  manifest: Manifest;
  facts: CopyFacts;
  /** Path in the snapshot → content. */
  files: Map<string, Buffer>;
}

/** Puts the snapshot's database into the new file `to`; throws BadSnapshot, and then leaves a file that is no good. */
export async function unpackSnapshot(folder: string, options: { to: string; tell?: OnProgress }): Promise<Unpacked> {
  const { to, tell = silent } = options;
  const manifest = await readManifest(folder);
  const files = new Map<string, Buffer>();
  for (const { path: file, sha256 } of manifest.files) {
    const content = await readFile(path.join(folder, file)).catch((cause: Error) => {
      throw new BadSnapshot(`the snapshot ${manifest.name} cannot be used: ${file}: ${cause.message}`, cause);
    });
    if (createHash('sha256').update(content).digest('hex') !== sha256) {
      throw new BadSnapshot(`the snapshot ${manifest.name} cannot be used: ${file} was changed (SHA-256)`);
    }
    files.set(file, content);
  }
  const facts = await onThread('unpack', { folder, manifest, to }, { tell });
  return { manifest, facts, files };
}

/** The newest snapshot in `into` in which nothing is wrong: what a refused start can offer. */
export async function lastGoodSnapshot(into: string, options: VerifyOptions): Promise<FoundSnapshot | undefined> {
  for (const snapshot of await listSnapshots(into)) {
    if (!snapshot.manifest) continue;
    const good = await verifySnapshot(snapshot.folder, options).catch((error: unknown) => {
      if (!(error instanceof BadSnapshot)) throw error;
      return undefined; // the next one may be
    });
    if (good) return snapshot;
  }
  return undefined;
}
