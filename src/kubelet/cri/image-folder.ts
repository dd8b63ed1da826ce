// Image archives dropped into a folder are loaded once per content: a file's digest is remembered, not its name.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Logger } from '../../log.ts';
import type { ImageRuntime } from './runtime.ts';

export interface ImageFolderOptions {
  runtime: Pick<ImageRuntime, 'loadImages' | 'imageStatus'>;
  /** Holds *.tar, *.tar.gz, *.tgz, *.tar.zst; absent is empty. */
  directory: string;
  /** Remembers digests and the references each gave. */
  stateFile: string;
  log: Logger;
}

/** Resolves with the references loaded now. An archive that cannot be read is logged and does not stop the others. */
export async function loadImageFolder(options: ImageFolderOptions): Promise<string[]> {
  const { runtime, directory, log } = options;
  if (!existsSync(directory)) return [];
  const seen = readState(options.stateFile);
  const loaded: string[] = [];
  for (const name of readdirSync(directory).sort()) {
    if (!/\.(tar|tar\.gz|tgz|tar\.zst)$/.test(name)) continue;
    const file = path.join(directory, name);
    const digest = await digestOf(file);
    if (await allPresent(runtime, seen[digest])) continue;
    try {
      seen[digest] = await runtime.loadImages(file);
      loaded.push(...seen[digest]);
    } catch (error) {
      log.error({ error, file }, 'an image archive was not loaded');
    }
  }
  writeFileSync(`${options.stateFile}.new`, JSON.stringify(seen), { mode: 0o600 });
  renameSync(`${options.stateFile}.new`, options.stateFile);
  return loaded;
}

/** An image that was removed since, or a new image store, makes its archive count as new. */
async function allPresent(
  runtime: Pick<ImageRuntime, 'imageStatus'>,
  references?: readonly string[],
): Promise<boolean> {
  if (references === undefined) return false;
  const statuses = await Promise.all(references.map((reference) => runtime.imageStatus(reference)));
  return statuses.every((status) => status !== undefined);
}

function readState(file: string): Record<string, string[]> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[]>;
  } catch {
    return {}; // no state: everything is loaded again, which changes nothing
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
