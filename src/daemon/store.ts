// What `tsukube store` tells and does: from the files themselves, and from the server where one runs.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { examine, type FileStats, statsOf } from '../storage/sqlite/examine.ts';
import { type Salvaged, salvage } from '../storage/sqlite/salvage.ts';
import { type Config, ConfigError } from './options.ts';
import { askControl, readRunState } from './run-state.ts';
import { placesOf } from './snapshot-places.ts';
import type { LiveFindings, LiveStore } from './store-server.ts';

type Places = Pick<Config, 'data-dir' | 'run-dir' | 'storage'>;

export interface StoreStats {
  /** state.db, and volatile.db for Events and Leases: that one only while no server runs, which has it for itself. */
  files: FileStats[];
  /** undefined when no server runs. */
  live: LiveStore | undefined;
}

export interface StoreFindings {
  findings: string[];
  /** Of memory against disk; undefined when no server runs. */
  compared: boolean;
}

const isRunning = (config: Places): boolean => readRunState(config['run-dir']) !== undefined;

export async function storeStats(config: Places): Promise<StoreStats> {
  const files = readableFiles(config).map(statsOf);
  return { files, live: isRunning(config) ? await askControl<LiveStore>(config['run-dir'], 'store') : undefined };
}

export async function checkStore(config: Places): Promise<StoreFindings> {
  const files = readableFiles(config);
  if (!isRunning(config)) {
    return { findings: files.flatMap((file) => examine(file, { pages: true })), compared: false };
  }
  // Pages are left to the server, which can end that check when it is in the way of writers; and so is volatile.db,
  // of which it compares what it holds with what is on disk.
  const answer = await askControl<LiveFindings>(config['run-dir'], 'store-check');
  const differing = answer.differences.map(
    ({ key, inMemory, onDisk }) => `${key} is at revision ${inMemory} in memory and at ${onDisk} on disk`,
  );
  const rows = files.flatMap((file) => examine(file, { pages: false }));
  return { findings: [...(answer.damage === null ? [] : [answer.damage]), ...rows, ...differing], compared: true };
}

/** `to` is the new file; by default state.db in a new folder of the data directory. */
export async function salvageStore(config: Places, to: string | undefined, clock: Clock): Promise<Salvaged> {
  if (isRunning(config)) throw new ConfigError('a server runs: salvage is for a store that none can open');
  const { stateFile } = placesOf(config);
  const stamp = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return salvage(stateFile, to ?? path.join(path.dirname(stateFile), `salvaged-${stamp}`, 'state.db'));
}

function readableFiles(config: Places): string[] {
  const { stateFile } = placesOf(config);
  if (!existsSync(stateFile)) throw new ConfigError(`there is no database at ${stateFile}`);
  const volatileFile = path.join(path.dirname(stateFile), 'volatile.db');
  return isRunning(config) || !existsSync(volatileFile) ? [stateFile] : [stateFile, volatileFile];
}
