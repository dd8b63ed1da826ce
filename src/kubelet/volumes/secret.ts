// A Secret's keys as files, in memory.
import { DEFAULT_MODE, secretFiles } from './payloads.ts';
import type { VolumeType } from './volume.ts';
import { writeVolume } from './written.ts';

export const secretVolume: VolumeType = {
  field: 'secret',
  plugin: 'kubernetes.io~secret',
  requiresRemount: true,
  async setUp(context) {
    const { secretName = '', items, optional, defaultMode } = context.volume.secret ?? {};
    const files = await secretFiles(secretName, context, { items, optional, mode: defaultMode ?? DEFAULT_MODE });
    return writeVolume(context, files, 'Memory');
  },
};
