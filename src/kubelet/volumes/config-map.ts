// A ConfigMap's keys as files.
import { configMapFiles, DEFAULT_MODE } from './payloads.ts';
import type { VolumeType } from './volume.ts';
import { writeVolume } from './written.ts';

export const configMapVolume: VolumeType = {
  field: 'configMap',
  plugin: 'kubernetes.io~configmap',
  requiresRemount: true,
  async setUp(context) {
    const { name = '', items, optional, defaultMode } = context.volume.configMap ?? {};
    const files = await configMapFiles(name, context, { items, optional, mode: defaultMode ?? DEFAULT_MODE });
    return writeVolume(context, files, '');
  },
};
