// A Secret's keys as files, in memory.
import { specOf } from '../pod-record.ts';
import { writeAtomically } from './atomic-writer.ts';
import { ensureTmpfs } from './empty-dir.ts';
import { DEFAULT_MODE, secretFiles } from './payloads.ts';
import type { VolumeType } from './volume.ts';

export const secretVolume: VolumeType = {
  field: 'secret',
  plugin: 'kubernetes.io~secret',
  async setUp(context) {
    const { secretName = '', items, optional, defaultMode } = context.volume.secret ?? {};
    const files = await secretFiles(secretName, context, { items, optional, mode: defaultMode ?? DEFAULT_MODE });
    await ensureTmpfs(context);
    await writeAtomically(context.directory, files, specOf(context.pod).securityContext?.fsGroup);
    return { path: context.directory, readOnly: true };
  },
};
