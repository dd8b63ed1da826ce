// Binds a path inside a volume: the opened file is what is bound, so that what the path is made to mean afterwards
// changes nothing (pkg/volume/util/subpath).
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Mounter } from '../mounts.ts';
import { makeInside, openInside } from './inside.ts';

/** `target` becomes `subPath` of the volume; a missing directory is made. */
export async function bindSubPath(
  at: { volume: string; subPath: string; target: string },
  mounter: Mounter,
): Promise<void> {
  await makeInside(at.volume, at.subPath);
  const handle = await openInside(at.volume, at.subPath);
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
