// ImageRuntime by the CRI, which has no way to load an archive: whoever knows the runtime's own way gives it.
import { type ImageFilesystem, type ImageRuntime, RuntimeError } from '../runtime.ts';
import { type Cri, inGoWords } from './calls.ts';
import { imageFilesystemOf, imageStatusOf } from './from-cri.ts';
import { IMAGE_FS_INFO, IMAGE_STATUS, LIST_IMAGES, PULL_IMAGE, REMOVE_IMAGE } from './services.ts';

export interface ImagesOptions {
  cri: Cri;
  /** As the interface's loadImages. */
  load?: ImageRuntime['loadImages'];
  /** Not listed. */
  hidden?: readonly string[];
}

export function createImages({
  cri,
  load,
  hidden = [],
}: ImagesOptions): ImageRuntime & { imageFilesystem(): Promise<ImageFilesystem> } {
  return {
    async imageStatus(reference) {
      const request = { image: { image: reference }, verbose: true };
      const { image, info } = await cri.call('ImageInspectError', IMAGE_STATUS, request);
      return image && imageStatusOf(image, info);
    },

    async pullImage(reference, { credential } = {}) {
      const request = { image: { image: reference }, ...(credential ? { auth: credential } : {}) };
      await cri.call('ErrImagePull', PULL_IMAGE, request, undefined).catch(inGoWords);
    },

    async listImages() {
      const { images } = await cri.call('ImageInspectError', LIST_IMAGES, {});
      const listed = images.filter(({ repoTags }) => !repoTags.some((tag) => hidden.includes(tag)));
      return listed.map((image) => imageStatusOf(image));
    },

    async removeImage(reference) {
      await cri.call('RemoveImageError', REMOVE_IMAGE, { image: { image: reference } });
    },

    loadImages:
      load ??
      (async (archive) => {
        throw new RuntimeError(
          'ImageLoadError',
          `${archive} is not loaded: the container runtime is not ours, load it with the runtime's own program`,
        );
      }),

    async imageFilesystem() {
      const { imageFilesystems } = await cri.call('ImageFsInfoError', IMAGE_FS_INFO, {});
      const [usage] = imageFilesystems;
      if (!usage) throw new RuntimeError('ImageFsInfoError', 'the runtime does not tell where it keeps images');
      return imageFilesystemOf(usage);
    },
  };
}
