// Replaces the files of a directory at once, as pkg/volume/util/atomic_writer.go: files lie in a hidden
// directory, ..data points to it, and the names users see point into ..data; swapping that one link changes all together.
import { randomInt } from 'node:crypto';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../clock.ts';
import { ifMissing } from '../../missing-file.ts';
import { giveToGroup } from './ownership.ts';
import { VolumeError } from './volume.ts';

export interface FileContent {
  data: Uint8Array;
  mode: number;
  /** Owner; root when not said. */
  uid?: number;
}

/** Relative path → content. */
export type Payload = ReadonlyMap<string, FileContent>;

const DATA = '..data';

export interface AtomicOptions {
  clock: Clock;
  /** Owns everything and may read it. */
  fsGroup?: number;
}

/** Writes only when something differs. Returns whether it wrote. The directory is there already. */
export async function writeAtomically(directory: string, payload: Payload, options: AtomicOptions): Promise<boolean> {
  const { fsGroup } = options;
  for (const name of payload.keys()) assertInside(name);
  const old = await readlink(path.join(directory, DATA)).catch(ifMissing(undefined));
  if (old !== undefined && (await isSame(path.join(directory, old), payload, fsGroup))) {
    await linkNames(directory, payload); // a server that was killed may not have come that far
    return false;
  }

  const fresh = generationName(options.clock.now());
  const target = path.join(directory, fresh);
  await mkdir(target);
  await chmod(target, 0o755);
  for (const [name, content] of payload) await writeOne(path.join(target, name), content);
  if (fsGroup !== undefined) await giveToGroup(directory, fsGroup, { readOnly: true });
  await rm(path.join(directory, `${DATA}_tmp`), { force: true }); // of a server that was killed here
  await symlink(fresh, path.join(directory, `${DATA}_tmp`));
  await rename(path.join(directory, `${DATA}_tmp`), path.join(directory, DATA));
  await linkNames(directory, payload);
  if (old !== undefined) await rm(path.join(directory, old), { recursive: true, force: true });
  return true;
}

/** As people know it from `ls -a` in a volume: ..2026_02_03_04_05_06.123456789 */
const generationName = (now: number): string =>
  `..${new Date(now).toISOString().slice(0, 19).replace(/[-T:]/g, '_')}.${randomInt(10 ** 9)}`;

function assertInside(name: string): void {
  const parts = name.split('/');
  if (name === '' || path.isAbsolute(name) || parts.includes('..') || name.startsWith('..')) {
    throw new VolumeError(`invalid path in a volume: ${JSON.stringify(name)}`);
  }
}

/** giveToGroup adds these to what is read only. */
const modeOf = (content: FileContent, fsGroup: number | undefined): number =>
  fsGroup === undefined ? content.mode : content.mode | 0o440;

async function writeOne(file: string, content: FileContent): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
  await writeFile(file, content.data);
  if (content.uid !== undefined) await chown(file, content.uid, 0);
  await chmod(file, content.mode); // not through the umask
}

async function isSame(directory: string, payload: Payload, fsGroup: number | undefined): Promise<boolean> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((e) => e.isFile()).map((e) => path.relative(directory, path.join(e.parentPath, e.name)));
  if (files.length !== payload.size) return false;
  for (const [name, content] of payload) {
    if (!files.includes(name)) return false;
    const file = path.join(directory, name);
    const [data, { mode }] = await Promise.all([readFile(file), stat(file)]);
    if (!data.equals(content.data) || (mode & 0o7777) !== modeOf(content, fsGroup)) return false;
  }
  return true;
}

/** One link for the first part of each path; links whose name is gone go. Mount points of other volumes stay. */
async function linkNames(directory: string, payload: Payload): Promise<void> {
  const names = new Set([...payload.keys()].map((name) => name.split('/')[0] as string));
  for (const name of names) {
    const link = path.join(directory, name);
    if (!(await lstat(link).catch(ifMissing(undefined)))) await symlink(path.join(DATA, name), link);
  }
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isSymbolicLink() && entry.name !== DATA && !names.has(entry.name)) {
      await rm(path.join(directory, entry.name));
    }
  }
}
