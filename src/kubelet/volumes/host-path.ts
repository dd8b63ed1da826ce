// A path of the host, checked against the type that was asked for: pkg/volume/hostpath.
import type { Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { VolumeError, type VolumeType } from './volume.ts';

const KINDS: Record<string, { is(stats: Stats): boolean; name: string }> = {
  Directory: { is: (s) => s.isDirectory(), name: 'directory' },
  DirectoryOrCreate: { is: (s) => s.isDirectory(), name: 'directory' },
  File: { is: (s) => s.isFile(), name: 'file' },
  FileOrCreate: { is: (s) => s.isFile(), name: 'file' },
  Socket: { is: (s) => s.isSocket(), name: 'socket file' },
  CharDevice: { is: (s) => s.isCharacterDevice(), name: 'character device' },
  BlockDevice: { is: (s) => s.isBlockDevice(), name: 'block device' },
};

export const hostPathVolume: VolumeType = {
  field: 'hostPath',
  plugin: 'kubernetes.io~host-path',
  async setUp({ volume }) {
    const { path: place = '/', type = '' } = volume.hostPath ?? {};
    await checkHostPath(place, type);
    return { path: place };
  },
};

/** Makes what …OrCreate asks for. Throws VolumeError when the path is something else. */
export async function checkHostPath(place: string, type: string): Promise<void> {
  let stats = await stat(place).catch(() => undefined);
  if (!stats && (type === 'DirectoryOrCreate' || type === '')) await mkdir(place, { recursive: true, mode: 0o755 });
  if (!stats && type === 'FileOrCreate') {
    if (!(await stat(path.dirname(place)).catch(() => undefined))) {
      throw new VolumeError(
        `hostPath type check failed: ${path.dirname(place)} does not exist, so ${place} cannot be made`,
      );
    }
    await (await open(place, 'a', 0o644)).close();
  }
  const kind = KINDS[type];
  if (!kind) return;
  stats ??= await stat(place).catch(() => undefined);
  if (!stats || !kind.is(stats)) throw new VolumeError(`hostPath type check failed: ${place} is not a ${kind.name}`);
}
