// What the commands do with snapshots: through the server where one runs, straight on the files where none does.
import { mkdirSync } from 'node:fs';
import { parsePointInTime } from '../apimachinery/point-in-time.ts';
import { systemClock } from '../clock.ts';
import {
  type FoundSnapshot,
  listSnapshots,
  removeRemains,
  removeSnapshot,
  snapshotFolder,
} from '../storage/snapshots/folder.ts';
import type { Manifest } from '../storage/snapshots/manifest.ts';
import { copyOffline } from '../storage/snapshots/offline.ts';
import type { OnProgress, SnapshotProgress } from '../storage/snapshots/progress.ts';
import { toPrune } from '../storage/snapshots/prune.ts';
import { type Restored, restoreSnapshot } from '../storage/snapshots/restore.ts';
import { defaultName, type Saved, saveSnapshot } from '../storage/snapshots/save.ts';
import { verifySnapshot } from '../storage/snapshots/verify.ts';
import { type Config, ConfigError } from './options.ts';
import { askControl, readRunState } from './run-state.ts';
import { keyFiles, placesOf, programVersion, type SaveRequest } from './snapshot-places.ts';

/** By the server when one runs, which goes on serving. */
export async function save(config: Config, request: SaveRequest, tell: OnProgress): Promise<Saved> {
  if (readRunState(config['run-dir'])) {
    const query = Object.entries(request).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return askControl<Saved>(config['run-dir'], 'snapshot-save', {
      query: Object.fromEntries(query),
      onProgress: (progress) => tell(progress as SnapshotProgress),
    });
  }
  const { stateFile, into } = placesOf(config);
  const time = systemClock.now();
  return copyOffline(stateFile, async ({ bytes, copy }) => {
    if (request.into === undefined) await removeRemains(into);
    return saveSnapshot({
      into: request.into ?? into,
      name: request.name ?? defaultName(request.how, time),
      how: request.how,
      version: programVersion(),
      time,
      databaseBytes: bytes,
      copy,
      files: await keyFiles(config['data-dir']),
      tell,
    });
  });
}

/** Newest first; what cannot be used comes last, with the reason. `from` is another folder of snapshots. */
export const list = (config: Config, from: string | undefined): Promise<FoundSnapshot[]> =>
  listSnapshots(from ?? placesOf(config).into);

/** Reads the snapshot whole; throws BadSnapshot with the first thing that is wrong. */
export async function verify(
  config: Config,
  request: { snapshot: string; from: string | undefined },
  tell: OnProgress,
): Promise<Manifest> {
  const folder = snapshotFolder(request.snapshot, request.from ?? placesOf(config).into);
  // Beside the snapshot there may be no room, or no right to write; beside the data there was room for the database.
  mkdirSync(config['data-dir'], { recursive: true, mode: 0o700 });
  return verifySnapshot(folder, { scratch: config['data-dir'], tell });
}

export interface PruneRequest {
  from: string | undefined;
  keep: number | undefined;
  /** A time, or a span such as 7d. */
  olderThan: string | undefined;
  scheduledOnly: boolean;
  dryRun: boolean;
}

/** Returns what was removed (with `dryRun`: would be), oldest first. */
export async function prune(config: Config, request: PruneRequest): Promise<FoundSnapshot[]> {
  const now = systemClock.now();
  const { keep, olderThan } = request;
  const gone = toPrune(
    await list(config, request.from),
    {
      ...(keep !== undefined && { keep }),
      ...(olderThan !== undefined && { olderThan: spanOf(olderThan, now) }),
      ...(request.scheduledOnly && { how: 'schedule' as const }),
    },
    now,
  );
  if (!request.dryRun) for (const { folder } of gone) await removeSnapshot(folder);
  return gone;
}

function spanOf(text: string, now: number): number {
  try {
    return now - parsePointInTime(/^\d+(\.\d+)?[a-z]/.test(text) ? `-${text}` : text, now);
  } catch (error) {
    throw new ConfigError(`--older-than: ${(error as Error).message}`);
  }
}

export interface RestoreRequest {
  /** Name in the folder of snapshots, or a path. */
  snapshot: string;
  from?: string | undefined;
  otherCluster: boolean;
}

/** Throws when a server runs, and with the first thing that is wrong with the snapshot; all is as it was then. */
export async function restore(config: Config, request: RestoreRequest, tell: OnProgress): Promise<Restored> {
  const running = readRunState(config['run-dir']);
  if (running) {
    throw new ConfigError(
      `the server runs (process ${running.pid}): stop it first with "tsukube stop"; its containers run on meanwhile`,
    );
  }
  const { stateFile, into } = placesOf(config);
  return restoreSnapshot({
    folder: snapshotFolder(request.snapshot, request.from ?? into),
    stateFile,
    dataDir: config['data-dir'],
    snapshots: into,
    otherCluster: request.otherCluster,
    now: systemClock.now(),
    tell,
  });
}
