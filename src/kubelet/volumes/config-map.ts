// A ConfigMap's keys as files.
import { specOf } from '../pod-record.ts';
import { writeAtomically } from './atomic-writer.ts';
import { configMapFiles, DEFAULT_MODE } from './payloads.ts';
import type { VolumeType } from './volume.ts';

export const configMapVolume: VolumeType = {
  field: 'configMap',
  plugin: 'kubernetes.io~configmap',
  async setUp(context) {
    const { name = '', items, optional, defaultMode } = context.volume.configMap ?? {};
    const files = await configMapFiles(name, context, { items, optional, mode: defaultMode ?? DEFAULT_MODE });
    await writeAtomically(context.directory, files, specOf(context.pod).securityContext?.fsGroup);
    return { path: context.directory, readOnly: true };
  },
};
