// Archives in the images folder are loaded at start, each content once: a name that points to other bytes is loaded
// again, a copy under another name is not. What was loaded is remembered in a file beside the store.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Logger } from '../../log.ts';
import type { ImageRuntime } from './runtime.ts';

const ARCHIVE = /\.(tar|tar\.gz|tgz|tar\.zst)$/;

/** SHA-256 of the content → what it held, and by which size and time of change the file was known. */
interface Memory {
  [sha256: string]: { file: string; size: number; modified: number; images: string[] };
}

export interface ImageFolderOptions {
  folder: string;
  /** JSON file that remembers what was loaded. */
  memory: string;
  runtime: Pick<ImageRuntime, 'loadImages' | 'imageStatus'>;
  log: Logger;
}

/** Loads what is new, one after another. A broken archive is told and skipped: the others still count. */
export async function loadImageFolder(options: ImageFolderOptions): Promise<{ loaded: string[]; failed: string[] }> {
  const { folder, memory: memoryFile, runtime, log } = options;
  const result = { loaded: [] as string[], failed: [] as string[] };
  if (!existsSync(folder)) return result;
  const memory = readMemory(memoryFile, log);
  for (const name of readdirSync(folder)
    .filter((file) => ARCHIVE.test(file))
    .sort()) {
    const file = path.join(folder, name);
    try {
      const { size, mtimeMs: modified } = statSync(file);
      const known = Object.values(memory).find((m) => m.file === name && m.size === size && m.modified === modified);
      if (known && (await allThere(known.images, runtime))) continue;
      const digest = await sha256(file);
      const same = memory[digest];
      const images = same && (await allThere(same.images, runtime)) ? same.images : await runtime.loadImages(file);
      if (images !== same?.images) result.loaded.push(...images);
      memory[digest] = { file: name, size, modified, images };
      writeMemory(memoryFile, memory);
    } catch (error) {
      result.failed.push(name);
      log.error({ archive: file }, `image archive not loaded: ${(error as Error).message}`);
    }
  }
  return result;
}

async function allThere(images: readonly string[], runtime: ImageFolderOptions['runtime']): Promise<boolean> {
  for (const image of images) if (!(await runtime.imageStatus(image))) return false;
  return true;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function readMemory(file: string, log: Logger): Memory {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Memory;
  } catch {
    log.warn({ file }, 'the list of loaded images cannot be read: all archives are loaded again');
    return {};
  }
}

function writeMemory(file: string, memory: Memory): void {
  writeFileSync(`${file}.new`, JSON.stringify(memory), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
