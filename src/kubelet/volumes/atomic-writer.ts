// Replaces the files of a directory at once, as pkg/volume/util/atomic_writer.go: files lie in a hidden
// directory, ..data points to it, and the names users see point into ..data; swapping that one link changes all together.
import { randomBytes } from 'node:crypto';
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

/** Writes only when something differs. `fsGroup` owns and may read everything. Returns whether it wrote. */
export async function writeAtomically(directory: string, payload: Payload, fsGroup?: number): Promise<boolean> {
  for (const name of payload.keys()) assertInside(name);
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const old = await readlink(path.join(directory, DATA)).catch(() => undefined);
  if (old !== undefined && (await isSame(path.join(directory, old), payload, fsGroup))) return false;

  const fresh = `..v${randomBytes(8).toString('hex')}`;
  const target = path.join(directory, fresh);
  await mkdir(target, { mode: 0o755 });
  for (const [name, content] of payload) await writeOne(path.join(target, name), content, { root: target, fsGroup });
  if (fsGroup !== undefined) await shareDirectory(target, fsGroup);
  await symlink(fresh, path.join(directory, `${DATA}_tmp`));
  await rename(path.join(directory, `${DATA}_tmp`), path.join(directory, DATA));
  await linkNames(directory, payload);
  if (old !== undefined) await rm(path.join(directory, old), { recursive: true, force: true });
  return true;
}

function assertInside(name: string): void {
  const parts = name.split('/');
  if (name === '' || path.isAbsolute(name) || parts.includes('..') || name.startsWith('..')) {
    throw new VolumeError(`invalid path in a volume: ${JSON.stringify(name)}`);
  }
}

/** Files of a group are readable by it; a read-only volume gives no more (volume_linux.go). */
const modeOf = (content: FileContent, fsGroup: number | undefined): number =>
  fsGroup === undefined ? content.mode : content.mode | 0o440;

async function writeOne(
  file: string,
  content: FileContent,
  at: { root: string; fsGroup: number | undefined },
): Promise<void> {
  const parent = path.dirname(file);
  if (parent !== at.root) {
    await mkdir(parent, { recursive: true, mode: 0o755 });
    if (at.fsGroup !== undefined) await shareDirectory(parent, at.fsGroup);
  }
  await writeFile(file, content.data);
  if (content.uid !== undefined || at.fsGroup !== undefined) await chown(file, content.uid ?? 0, at.fsGroup ?? 0);
  await chmod(file, modeOf(content, at.fsGroup)); // not through the umask
}

async function shareDirectory(directory: string, gid: number): Promise<void> {
  await chown(directory, 0, gid);
  await chmod(directory, 0o2755);
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

/** One link for the first part of each path; links whose name is gone go. */
async function linkNames(directory: string, payload: Payload): Promise<void> {
  const names = new Set([...payload.keys()].map((name) => name.split('/')[0] as string));
  for (const name of names) {
    const link = path.join(directory, name);
    if (!(await lstat(link).catch(() => undefined))) await symlink(path.join(DATA, name), link);
  }
  for (const name of await readdir(directory)) {
    if (!name.startsWith('..') && !names.has(name)) await rm(path.join(directory, name), { force: true });
  }
}
