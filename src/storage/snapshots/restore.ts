// Puts a snapshot in place of the database that is there, while no server runs. Revisions go on above all that were
// ever handed out, and history begins anew, so that every watch from before gets 410 and lists again. The files that
// were there are kept in a folder beside.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import { type CopyFacts, factsOf } from '../sqlite/copies.ts';
import { UnusableDatabase } from '../sqlite/errors.ts';
import { takeLock } from '../sqlite/lock.ts';
import type { Revision } from '../storage.ts';
import { writeDurably } from './durable.ts';
import { listSnapshots } from './folder.ts';
import { BadSnapshot, type Manifest } from './manifest.ts';
import { onThread } from './on-thread.ts';
import type { OnProgress } from './progress.ts';
import { commitSwap, finishSwap, type Move, stagingFolder } from './swap.ts';
import { type Unpacked, unpackSnapshot } from './verify.ts';

/** Above whatever the database and the snapshot know of: what was handed out since is far less. */
const REVISION_GAP = 1_000_000;
/** When the database cannot be read, so that only older snapshots tell how far it had come. */
const BLIND_REVISION_GAP = 1_000_000_000;

export type RestorePlace = 'restore-unpacked' | 'restore-committed' | 'restore-moving';

export interface RestoreOptions {
  /** Of the snapshot. */
  folder: string;
  /** Where the database is or will be; `volatile.db` lies beside it. */
  stateFile: string;
  /** Root of the snapshot's other files. */
  dataDir: string;
  /** Where other snapshots are, whose revisions count as handed out. */
  snapshots: string;
  /** Take the snapshot of another cluster than the one that is there. */
  otherCluster: boolean;
  now: number;
  tell: OnProgress;
  /** For tests: places that a crash is tried at. */
  pass?: (place: RestorePlace) => void;
}

export interface Restored {
  manifest: Manifest;
  epoch: number;
  /** All older ones answer 410. */
  revision: Revision;
  /** Where the files are that were there before; undefined when there were none. */
  replaced: string | undefined;
  /** Files besides the database that came from the snapshot. */
  files: string[];
}

/** The database that is there: its facts, nothing, or why it cannot be read. */
type Present = CopyFacts | undefined | UnusableDatabase;

/** Throws BadSnapshot or UnusableDatabase; the cluster is as it was then. */
export async function restoreSnapshot(options: RestoreOptions): Promise<Restored> {
  const { stateFile, pass = () => undefined } = options;
  const folder = path.dirname(stateFile);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = takeLock(stateFile);
  try {
    finishSwap(folder);
    const staging = stagingFolder(folder);
    await mkdir(staging, { mode: 0o700 });
    let committed = false;
    try {
      const staged = path.join(staging, 'state.db');
      const unpacked = await unpackWithRoom(options, staged);
      const present = presentAt(stateFile);
      const files = filesToInstall(unpacked, present, options);
      const next = {
        epoch: Math.max(unpacked.facts.epoch, present instanceof Error ? 0 : (present?.epoch ?? 0)) + 1,
        revision: await nextRevision(unpacked.facts, present, options.snapshots),
      };
      await onThread('prepare', { file: staged, ...next }, { tell: options.tell });
      pass('restore-unpacked');

      const plan = await stage(files, staged, options);
      await commitSwap(folder, { what: `the restore of snapshot ${unpacked.manifest.name}`, moves: plan.moves });
      committed = true;
      pass('restore-committed');
      finishSwap(folder, () => pass('restore-moving'));
      const replaced = existsSync(plan.replaced) ? plan.replaced : undefined;
      return { manifest: unpacked.manifest, ...next, replaced, files: [...files.keys()] };
    } catch (error) {
      if (!committed) await rm(staging, { recursive: true, force: true });
      throw error; // what was committed is finished by the next start
    }
  } finally {
    lock.release();
  }
}

async function unpackWithRoom({ folder, stateFile, tell }: RestoreOptions, to: string): Promise<Unpacked> {
  try {
    return await unpackSnapshot(folder, { to, tell });
  } catch (error) {
    const { bavail, bsize } = await statfs(path.dirname(stateFile));
    if (error instanceof BadSnapshot || bavail * bsize > 1024 * 1024) throw error;
    throw new Error(
      `the disk of ${path.dirname(stateFile)} has no room for the snapshot's database: make room, then try again; nothing was changed`,
      { cause: error },
    );
  }
}

function presentAt(stateFile: string): Present {
  if (!existsSync(stateFile)) return undefined;
  try {
    return factsOf(stateFile);
  } catch (error) {
    if (error instanceof UnusableDatabase) return error;
    throw error;
  }
}

async function nextRevision(snapshot: CopyFacts, present: Present, snapshots: string): Promise<Revision> {
  const listed = (await listSnapshots(snapshots)).map(({ manifest }) => manifest?.revision ?? 0);
  const known = Math.max(snapshot.revision, snapshot.ceiling, ...listed);
  if (present instanceof Error) return known + BLIND_REVISION_GAP;
  return Math.max(known, present?.revision ?? 0, present?.ceiling ?? 0) + REVISION_GAP;
}

/**
 * The snapshot's keys are for a machine that has none, or those of another cluster; the keys of the same cluster stay,
 * since they may have been renewed.
 */
function filesToInstall(unpacked: Unpacked, present: Present, options: RestoreOptions): Map<string, Buffer> {
  const { manifest, files } = unpacked;
  const own = (file: string): Buffer | undefined => {
    const place = path.join(options.dataDir, file);
    return existsSync(place) ? readFileSync(place) : undefined;
  };
  if (present === undefined) return new Map([...files].filter(([file, content]) => !own(file)?.equals(content)));
  // A database that cannot be read does not say whose it is: the keys beside it do.
  const same =
    present instanceof Error || present.cluster === undefined || manifest.cluster === null
      ? [...files].every(([file, content]) => own(file)?.equals(content) ?? true)
      : present.cluster === manifest.cluster;
  if (!same && !options.otherCluster) {
    throw new BadSnapshot(
      `the snapshot ${manifest.name} is of another cluster than ${options.stateFile}: take --other-cluster if that is what you want, and this cluster is put aside with its keys; nothing was changed`,
    );
  }
  return new Map([...files].filter(([file, content]) => (same ? !own(file) : !own(file)?.equals(content))));
}

/** Each file waits on the file system it goes to: the data directory need not be where the database is. */
async function stage(
  files: ReadonlyMap<string, Buffer>,
  staged: string,
  { stateFile, dataDir, now }: RestoreOptions,
): Promise<{ moves: Move[]; replaced: string }> {
  const aside = `replaced-${new Date(now)
    .toISOString()
    .replaceAll(/[-:.Z]/g, '')
    .replace('T', '-')}`;
  const folder = path.dirname(stateFile);
  const replaced = path.join(folder, aside);
  const gone = ['volatile.db', 'volatile.db-wal', 'volatile.db-shm'].map((name) => path.join(folder, name));
  const moves: Move[] = [...gone, `${stateFile}-wal`, `${stateFile}-shm`].map((place) => ({
    place,
    replaced: path.join(replaced, path.basename(place)),
  }));
  for (const [file, content] of files) {
    const place = path.join(dataDir, file);
    const waiting = `${place}.restored`;
    await rm(waiting, { force: true });
    await writeDurably(waiting, content);
    moves.push({ place, replaced: path.join(dataDir, aside, file), staged: waiting });
  }
  moves.push({ place: stateFile, replaced: path.join(replaced, path.basename(stateFile)), staged });
  return { moves, replaced };
}
