// An empty directory that lives as long as the pod, on disk or in memory.
import { chmod, chown, mkdir } from 'node:fs/promises';
import { parseQuantity, value } from '../../apimachinery/quantity.ts';
import { specOf } from '../pod-record.ts';
import type { VolumeContext, VolumeType } from './volume.ts';

export const emptyDirVolume: VolumeType = {
  field: 'emptyDir',
  plugin: 'kubernetes.io~empty-dir',
  async setUp(context) {
    const { medium, sizeLimit } = context.volume.emptyDir ?? {};
    if (medium === 'Memory') {
      await ensureTmpfs(context, sizeLimit === undefined ? undefined : value(parseQuantity(sizeLimit)));
    }
    const made = await mkdir(context.directory, { recursive: true });
    if (made !== undefined || medium === 'Memory') {
      const fsGroup = specOf(context.pod).securityContext?.fsGroup;
      if (fsGroup !== undefined) await chown(context.directory, 0, fsGroup);
      await chmod(context.directory, fsGroup === undefined ? 0o777 : 0o2777);
    }
    return { path: context.directory };
  },
};

/** The volume's directory as a tmpfs, once. */
export async function ensureTmpfs(
  context: Pick<VolumeContext, 'directory' | 'mounter'>,
  sizeBytes?: number,
): Promise<void> {
  await mkdir(context.directory, { recursive: true });
  const points = await context.mounter.under(context.directory);
  if (!points.includes(context.directory)) await context.mounter.tmpfs(context.directory, sizeBytes);
}
