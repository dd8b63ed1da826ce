// The files of an image, read only: the runtime mounts them, once the image is there (KEP 4639).
import type { VolumeType } from './volume.ts';

export const imageVolume: VolumeType = {
  field: 'image',
  plugin: 'kubernetes.io~image',
  async setUp({ volume }) {
    return { path: '', readOnly: true, image: volume.image?.reference ?? '' };
  },
};
