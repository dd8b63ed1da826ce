// Room on a file system, and what a folder takes of it, counted as `du` counts: blocks, each inode once, not beyond
// the folder's own file system.
import { lstat, readdir, statfs } from 'node:fs/promises';
import path from 'node:path';

export interface FilesystemRoom {
  capacityBytes: number;
  availableBytes: number;
  usedBytes: number;
  inodes: number;
  inodesFree: number;
  inodesUsed: number;
}

export interface FolderUsage {
  usedBytes: number;
  inodesUsed: number;
}

/** Of the file system that has `place`. */
export async function roomOf(place: string): Promise<FilesystemRoom> {
  const { bsize, blocks, bavail, bfree, files, ffree } = await statfs(place);
  return {
    capacityBytes: blocks * bsize,
    availableBytes: bavail * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodes: files,
    inodesFree: ffree,
    inodesUsed: files - ffree,
  };
}

/** stat(2): st_blocks counts in 512 bytes whatever the file system's blocks are. */
const BLOCK = 512;

/** What goes while it is counted does not count. A folder that is not there takes nothing. */
export async function usageOfFolder(folder: string): Promise<FolderUsage> {
  const seen = new Set<string>();
  const total = { usedBytes: 0, inodesUsed: 0 };
  const device = (await statOf(folder))?.dev;

  async function count(place: string): Promise<void> {
    const found = await statOf(place);
    if (!found || found.dev !== device) return;
    const inode = `${found.dev}/${found.ino}`;
    if (seen.has(inode)) return;
    if (found.nlink > 1) seen.add(inode);
    total.usedBytes += found.blocks * BLOCK;
    total.inodesUsed++;
    if (!found.isDirectory()) return;
    const entries = await readdir(place).catch(absent);
    for (const entry of entries ?? []) await count(path.join(place, entry));
  }
  await count(folder);
  return total;
}

const statOf = (place: string) => lstat(place).catch(absent);

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}

/** Whether two places are on one file system: images beside the kubelet's own files, as upstream's imagefs is nodefs. */
export async function isSameFilesystem(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([statOf(a), statOf(b)]);
  return one !== undefined && one.dev === other?.dev;
}
