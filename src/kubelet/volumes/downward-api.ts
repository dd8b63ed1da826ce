// Fields of the pod as files, kept up to date when labels or annotations change.
import { specOf } from '../pod-record.ts';
import { writeAtomically } from './atomic-writer.ts';
import { DEFAULT_MODE, downwardFiles } from './payloads.ts';
import type { VolumeType } from './volume.ts';

export const downwardApiVolume: VolumeType = {
  field: 'downwardAPI',
  plugin: 'kubernetes.io~downward-api',
  async setUp(context) {
    const { items = [], defaultMode } = context.volume.downwardAPI ?? {};
    const files = downwardFiles(items, { ...context, mode: defaultMode ?? DEFAULT_MODE });
    await writeAtomically(context.directory, files, specOf(context.pod).securityContext?.fsGroup);
    return { path: context.directory, readOnly: true };
  },
};
