// Fields of the pod as files, kept up to date when labels or annotations change.
import { DEFAULT_MODE, downwardFiles } from './payloads.ts';
import type { VolumeType } from './volume.ts';
import { writeVolume } from './written.ts';

export const downwardApiVolume: VolumeType = {
  field: 'downwardAPI',
  plugin: 'kubernetes.io~downward-api',
  requiresRemount: true,
  async setUp(context) {
    const { items = [], defaultMode } = context.volume.downwardAPI ?? {};
    const files = downwardFiles(items, { ...context, mode: defaultMode ?? DEFAULT_MODE });
    return writeVolume(context, files, 'Memory');
  },
};
