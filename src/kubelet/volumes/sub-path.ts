// Binds a path inside a volume so that nothing in the volume can lead out of it (CVE-2017-1002101, CVE-2021-25741): the
// path is resolved, checked, then opened part by part without following links, and the opened file is what is bound.
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Mounter } from '../mounts.ts';
import { VolumeError } from './volume.ts';

/** Linux's O_PATH, which node:fs does not name. */
const O_PATH = 0o10000000;

/** `target` becomes `subPath` of the volume; a missing directory is made. */
export async function bindSubPath(
  at: { volume: string; subPath: string; target: string },
  mounter: Mounter,
): Promise<void> {
  if (path.isAbsolute(at.subPath) || at.subPath.split('/').includes('..')) {
    throw new VolumeError(`subPath ${JSON.stringify(at.subPath)} must be relative and without ".."`);
  }
  const root = await realpath(at.volume);
  await makeMissing(root, at.subPath);
  const resolved = await realpath(path.join(root, at.subPath));
  if (resolved !== root && !resolved.startsWith(`${root}/`)) throw escapes(at.subPath);
  const handle = await openInside(root, path.relative(root, resolved), at.subPath);
  try {
    const isDirectory = (await handle.stat()).isDirectory();
    if ((await mounter.under(at.target)).includes(at.target)) await mounter.unmount(at.target);
    await mkdir(isDirectory ? at.target : path.dirname(at.target), { recursive: true, mode: 0o750 });
    if (!isDirectory) await writeFile(at.target, '', { mode: 0o640 });
    await mounter.bind(`/proc/${process.pid}/fd/${handle.fd}`, at.target);
  } finally {
    await handle.close();
  }
}

const escapes = (subPath: string, cause?: unknown) =>
  new VolumeError(`subPath ${JSON.stringify(subPath)} leads out of its volume`, cause);

/** Directories after the last part that exists, which must lie inside. */
async function makeMissing(root: string, subPath: string): Promise<void> {
  const full = path.join(root, subPath);
  if (await stat(full).catch(() => undefined)) return;
  let existing = path.dirname(full);
  while (!(await stat(existing).catch(() => undefined))) existing = path.dirname(existing);
  const real = await realpath(existing);
  if (real !== root && !real.startsWith(`${root}/`)) throw escapes(subPath);
  const { mode } = await stat(root);
  const handle = await openInside(root, path.relative(root, real), subPath);
  try {
    await mkdir(path.join(`/proc/self/fd/${handle.fd}`, path.relative(existing, full)), {
      recursive: true,
      mode: mode & 0o7777,
    });
  } finally {
    await handle.close();
  }
}

/** Opens root/relative one part after another; a link on the way (put there meanwhile) is an error. */
async function openInside(root: string, relative: string, subPath: string): Promise<FileHandle> {
  let handle = await open(root, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  for (const part of relative.split('/').filter(Boolean)) {
    const parent = handle;
    try {
      handle = await open(`/proc/self/fd/${parent.fd}/${part}`, O_PATH | constants.O_NOFOLLOW);
      if ((await handle.stat()).isSymbolicLink()) {
        await handle.close();
        throw escapes(subPath);
      }
    } finally {
      await parent.close();
    }
  }
  return handle;
}
