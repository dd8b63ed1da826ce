// Prefers nodes that hold the pod's images, more so for images that are large and widely spread.
import { MAX_SCORE, type Plugin } from '../framework.ts';

const MB = 1024 * 1024;
const LOWEST = 23 * MB;
const HIGHEST_PER_CONTAINER = 1000 * MB;

/** 'busybox' → 'busybox:latest', as node status lists images with a tag. */
function withTag(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}

export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  score(pod, info, { nodes }) {
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
    const sum = containers.reduce((total, container) => {
      const image = withTag(container.image ?? '');
      const size = info.images.get(image);
      if (size === undefined) return total;
      const holders = nodes.filter((other) => other.images.has(image)).length;
      return total + (size * holders) / nodes.length;
    }, 0);
    const highest = HIGHEST_PER_CONTAINER * containers.length;
    const clamped = Math.min(Math.max(sum, LOWEST), highest);
    return Math.floor((MAX_SCORE * (clamped - LOWEST)) / (highest - LOWEST));
  },
};
