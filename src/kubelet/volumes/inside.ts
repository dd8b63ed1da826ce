// Paths inside a volume, opened so that nothing in the volume can lead out of it (CVE-2017-1002101, CVE-2021-25741):
// a path is resolved and checked, then walked part by part through opened folders, none of which may be a link by then.
import { constants } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { ifMissing } from '../../missing-file.ts';
import { VolumeError } from './volume.ts';

/** Linux's O_PATH, which node:fs does not name. */
const O_PATH = 0o10000000;

const escapes = (place: string) => new VolumeError(`path ${JSON.stringify(place)} leads out of its volume`);

/** An O_PATH handle of what is at `place` in the volume, links followed as long as they stay inside. The caller closes it. */
export async function openInside(volume: string, place: string): Promise<FileHandle> {
  assertRelative(place);
  const root = await realpath(volume);
  const resolved = await realpath(path.join(root, place));
  if (resolved !== root && !resolved.startsWith(`${root}/`)) throw escapes(place);
  return walk(root, path.relative(root, resolved), (part, parent) => step(part, parent, place));
}

/** Makes the folders of `place` that are missing, with the mode of the volume itself whatever the umask is. */
export async function makeInside(volume: string, place: string): Promise<void> {
  assertRelative(place);
  const root = await realpath(volume);
  const { mode } = await stat(root);
  const existing = await lastExisting(root, place);
  const real = await realpath(path.join(root, existing));
  if (real !== root && !real.startsWith(`${root}/`)) throw escapes(place);
  const missing = path.relative(existing, place);
  const handle = await walk(root, path.join(path.relative(root, real), missing), async (part, parent) => {
    const at = `/proc/self/fd/${parent.fd}/${part}`;
    const made = await mkdir(at).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    const handle = await step(part, parent, place);
    if (made) await chmod(`/proc/self/fd/${handle.fd}`, mode & 0o7777);
    return handle;
  });
  await handle.close();
}

/** The text of a regular file of at most `maxBytes`. */
export async function readInside(volume: string, place: string, maxBytes: number): Promise<string> {
  const handle = await openInside(volume, place);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new VolumeError(`${JSON.stringify(place)} is not a file`);
    if (stats.size > maxBytes) throw new VolumeError(`${JSON.stringify(place)} is longer than ${maxBytes} bytes`);
    return await readFile(`/proc/self/fd/${handle.fd}`, 'utf8');
  } finally {
    await handle.close();
  }
}

function assertRelative(place: string): void {
  if (path.isAbsolute(place) || place.split('/').includes('..')) {
    throw new VolumeError(`path ${JSON.stringify(place)} must be relative and without ".."`);
  }
}

/** The longest part of `place` that is there. */
async function lastExisting(root: string, place: string): Promise<string> {
  const exists = (at: string) => realpath(path.join(root, at)).then(() => true, ifMissing(false));
  let at = path.normalize(place);
  while (at !== '.' && !(await exists(at))) at = path.dirname(at);
  return at;
}

async function walk(
  root: string,
  relative: string,
  next: (part: string, parent: FileHandle) => Promise<FileHandle>,
): Promise<FileHandle> {
  let handle = await open(root, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  for (const part of relative.split('/').filter((one) => one !== '' && one !== '.')) {
    const parent = handle;
    try {
      handle = await next(part, parent);
    } finally {
      await parent.close();
    }
  }
  return handle;
}

/** A link here was put there meanwhile. */
async function step(part: string, parent: FileHandle, place: string): Promise<FileHandle> {
  const handle = await open(`/proc/self/fd/${parent.fd}/${part}`, O_PATH | constants.O_NOFOLLOW);
  const isLink = (await handle.stat()).isSymbolicLink();
  if (!isLink) return handle;
  await handle.close();
  throw escapes(place);
}
