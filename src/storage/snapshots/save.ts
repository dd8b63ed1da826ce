// Makes a snapshot: a copy of the open database, packed and described, in a folder that is listed when all is on disk.
import { createHash } from 'node:crypto';
import { rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import { writeDurably } from './durable.ts';
import { beginSnapshot, finishSnapshot } from './folder.ts';
import { assertName, BadSnapshot, FORMAT, type How, MANIFEST, type Manifest } from './manifest.ts';
import { onThread } from './on-thread.ts';
import { type OnProgress, percents } from './progress.ts';

export interface SaveOptions {
  /** The folder of snapshots; made when missing. */
  into: string;
  name: string;
  how: How;
  /** Of this program. */
  version: string;
  /** Wall-clock milliseconds. */
  time: number;
  /** Of the database now, as far as known: a disk without room for two of it is refused at once. */
  databaseBytes: number;
  /** Writes a whole copy of the database to a new file. */
  copy(to: string, onProgress: (done: number, total: number) => void): Promise<void>;
  /** What else belongs into it: path in the snapshot → content. */
  files: ReadonlyMap<string, Uint8Array>;
  tell: OnProgress;
  /** Gives up when it aborts. */
  signal?: AbortSignal;
  /** Passed when everything is written and nothing listed yet. */
  beforeListing?: () => void;
}

export interface Saved {
  folder: string;
  manifest: Manifest;
}

/** Rejects with a sentence that says that there is no snapshot, and why; nothing of it is left then. */
export async function saveSnapshot(options: SaveOptions): Promise<Saved> {
  const { into, name } = options;
  assertName(name);
  const partial = await beginSnapshot(into, name);
  try {
    await assertRoom(into, options.databaseBytes);
    const manifest = await fill(partial, options);
    options.beforeListing?.();
    return { folder: await finishSnapshot(partial, name), manifest };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw new BadSnapshot(`no snapshot was made: ${(error as Error).message}`, error);
  }
}

async function assertRoom(into: string, databaseBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(into);
  const [free, needed] = [bavail * bsize, 2 * databaseBytes];
  if (free >= needed) return;
  throw new Error(
    `making it takes ${megabytes(needed)} MB for a while where the disk of ${into} has ${megabytes(free)} MB: make room there, or take a folder on another disk with --to`,
  );
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);

async function fill(partial: string, options: SaveOptions): Promise<Manifest> {
  const { tell, signal } = options;
  const copy = path.join(partial, 'copy.db');
  await unlessAborted(options.copy(copy, percents('copying', tell)), signal);
  const { facts, packed, databaseBytes } = await onThread('pack', { copy, folder: partial }, { tell, signal });
  for (const [file, content] of options.files) await writeDurably(path.join(partial, file), content);
  const { cluster, ceiling: _ceiling, ...described } = facts;
  const manifest: Manifest = {
    format: FORMAT,
    name: options.name,
    time: new Date(options.time).toISOString(),
    how: options.how,
    version: options.version,
    cluster: cluster ?? null,
    ...described,
    databaseBytes,
    ...packed,
    files: [...options.files].map(([file, content]) => ({
      path: file,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    })),
  };
  await writeDurably(path.join(partial, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** `manual-20261121-170301`: sorts by time within its kind. */
export const defaultName = (how: How, time: number): string =>
  `${how}-${new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`;
