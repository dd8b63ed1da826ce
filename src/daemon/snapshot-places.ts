// Where this cluster's snapshots are, and what belongs into one besides the database.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { How } from '../storage/snapshots/manifest.ts';
import { type Config, ConfigError } from './options.ts';

/** What a cluster cannot be had back without on another machine; everything else is issued anew by the next start. */
const KEY_FILES = ['ca.crt', 'ca.key', 'front-proxy-ca.crt', 'front-proxy-ca.key', 'service-account.key'];

export interface Places {
  stateFile: string;
  /** The folder of snapshots. */
  into: string;
}

/** Throws when the cluster is kept in memory. */
export function placesOf(config: Pick<Config, 'data-dir' | 'storage'>): Places {
  const [scheme, ...location] = (config.storage || `sqlite:${path.join(config['data-dir'], 'state.db')}`).split(':');
  if (scheme !== 'sqlite') {
    throw new ConfigError(`a cluster with --storage=${config.storage} leaves nothing that a snapshot could be made of`);
  }
  return { stateFile: location.join(':'), into: path.join(config['data-dir'], 'snapshots') };
}

export async function keyFiles(dataDir: string): Promise<Map<string, Uint8Array>> {
  const there = KEY_FILES.map((name) => `pki/${name}`).filter((file) => existsSync(path.join(dataDir, file)));
  return new Map(
    await Promise.all(there.map(async (file) => [file, await readFile(path.join(dataDir, file))] as const)),
  );
}

/** Of this program. */
export const programVersion = (): string =>
  (createRequire(import.meta.url)('../../package.json') as { version: string }).version;

export interface SaveRequest {
  /** Default: kind and time. */
  name?: string | undefined;
  /** Default: the cluster's own folder of snapshots. */
  into?: string | undefined;
  how: How;
}
