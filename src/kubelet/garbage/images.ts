// Images that no container uses go when the file system that has them is nearly full, the longest unused first
// (pkg/kubelet/images/image_gc_manager.go). When an image was last used is known since this kubelet began.
import type { EventRecorder } from '../../client/controller.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { normalizeReference } from '../cri/image-reference.ts';
import type { ImageStatus, Runtime } from '../cri/runtime.ts';
import { nodeReference } from '../node/node-object.ts';
import type { ImageCollectionSettings } from '../node/node-settings.ts';
import type { FilesystemRoom } from '../stats/disk-usage.ts';

export interface ImageCollectorOptions {
  runtime: Pick<Runtime, 'listImages' | 'listContainers' | 'removeImage'>;
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  nodeName: string;
  settings: ImageCollectionSettings;
  /** The file system that has images. */
  room(): Promise<Pick<FilesystemRoom, 'capacityBytes' | 'availableBytes'>>;
  removed(reason: 'age' | 'space'): void;
}

export interface ImageCollector {
  /** Removes what the settings ask for. */
  collect(): Promise<void>;
  /** Removes every image that is not in use and old enough; the disk is needed. */
  removeUnused(): Promise<void>;
}

interface Known {
  firstSeen: number;
  /** undefined: never. */
  lastUsed?: number;
}

export function createImageCollector(options: ImageCollectorOptions): ImageCollector {
  const { runtime, clock, log, settings } = options;
  const known = new Map<string, Known>();
  const began = clock.monotonic();

  /** Those that nobody uses, and the runtime lets go, the longest unused first. */
  async function unused(now: number): Promise<(ImageStatus & Known)[]> {
    const [images, containers] = await Promise.all([runtime.listImages(), runtime.listContainers()]);
    // A container that has ended may be started again from its image.
    const inUse = new Set(containers.flatMap(({ image, imageId }) => [normalizeReference(image), imageId]));
    const present = new Set(images.map(({ id }) => id));
    for (const id of known.keys()) if (!present.has(id)) known.delete(id);
    return images
      .flatMap((image) => {
        const before = known.get(image.id) ?? { firstSeen: now };
        const isUsed = [image.id, ...image.repoTags, ...image.repoDigests].some((name) => inUse.has(name));
        known.set(image.id, isUsed ? { ...before, lastUsed: now } : before);
        return isUsed || image.isPinned ? [] : [{ ...image, ...before }];
      })
      .toSorted(byLastUse);
  }

  /** Returns whether it is gone: one that cannot be removed holds no other up. */
  async function remove(image: ImageStatus, reason: 'age' | 'space'): Promise<boolean> {
    log.info({ image: image.repoTags[0] ?? image.id, bytes: image.size, reason }, 'removing an unused image');
    try {
      for (const name of image.repoTags.length > 0 ? image.repoTags : [image.id]) await runtime.removeImage(name);
    } catch (error) {
      log.warn({ err: error, image: image.id }, 'an unused image could not be removed');
      return false;
    }
    options.removed(reason);
    return true;
  }

  /** Resolves with how much was freed, at least `bytes` when there was so much. */
  async function free(images: readonly (ImageStatus & Known)[], bytes: number, now: number): Promise<number> {
    let freed = 0;
    for (const image of images) {
      if (freed >= bytes) break;
      if (now - image.firstSeen < settings.minAgeMs) continue; // it may be about to be used
      if (await remove(image, 'space')) freed += image.size;
    }
    return freed;
  }

  /** Not before the kubelet has been here for so long: it does not know what was used before. */
  const isTooOld = (image: Known, now: number): boolean =>
    settings.maxAgeMs > 0 &&
    now - began > settings.maxAgeMs &&
    now - (image.lastUsed ?? image.firstSeen) > settings.maxAgeMs;

  return {
    async collect() {
      const now = clock.monotonic();
      const images = await unused(now);
      const [old, rest] = [images.filter((one) => isTooOld(one, now)), images.filter((one) => !isTooOld(one, now))];
      for (const image of old) await remove(image, 'age');
      if (settings.highPercent >= 100) return;
      const { capacityBytes, availableBytes } = await options.room();
      const node = nodeReference(options.nodeName);
      if (capacityBytes === 0) {
        options.events.event(node, 'Warning', 'InvalidDiskCapacity', 'invalid capacity 0 on image filesystem');
        return;
      }
      const usedPercent = 100 - Math.trunc((availableBytes * 100) / capacityBytes);
      if (usedPercent < settings.highPercent) return;
      const wanted = Math.trunc((capacityBytes * (100 - settings.lowPercent)) / 100) - availableBytes;
      const freed = await free(rest, wanted, now);
      if (freed >= wanted) return;
      const message =
        `Insufficient free disk space on the node's image filesystem (${usedPercent}% of ${sizeText(capacityBytes)} used). ` +
        `Failed to free sufficient space by deleting unused images (freed ${freed} bytes). ` +
        'Investigate disk usage, as it could be used by active images, logs, volumes, or other data.';
      options.events.event(node, 'Warning', 'FreeDiskSpaceFailed', message);
    },
    async removeUnused() {
      const now = clock.monotonic();
      await free(await unused(now), Number.POSITIVE_INFINITY, now);
    },
  };
}

/** Those that were never used come first. */
const byLastUse = (a: Known, b: Known): number =>
  a.lastUsed === b.lastUsed ? a.firstSeen - b.firstSeen : (a.lastUsed ?? -1) - (b.lastUsed ?? -1);

/** formatSize: one digit behind the point, the largest unit of which there is one. */
function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return power === 0 ? `${bytes} B` : `${(bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}
