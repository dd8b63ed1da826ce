// Tells of images that came into containerd, whoever brought them: a pull, nerdctl load, nerdctl build. containerd
// names an image before its layers are unpacked, so it is told when nothing is being unpacked and all has been quiet.
import type { Clock, Timer } from '../../clock.ts';
import type { ContainerdEvent } from './containerd/events.ts';

/** Longer than from an image's name to its first layer, which was 12 ms. */
const QUIET_MS = 150;
/** An unpacking whose end was not told has been broken off. */
const LONGEST_UNPACKING_MS = 60_000;
const UNPACKING = 'extract-';

export interface ImageArrivals {
  apply(event: ContainerdEvent): void;
  stop(): void;
}

export function createImageArrivals(options: { clock: Clock; arrived(reference: string): void }): ImageArrivals {
  const names = new Set<string>();
  const unpacking = new Set<string>();
  let timer: Timer | undefined;

  function tell(): void {
    const all = [...names];
    names.clear();
    unpacking.clear();
    for (const name of all) options.arrived(name);
  }

  return {
    apply({ topic, imageName, snapshotKey }) {
      if (imageName !== undefined) {
        if (topic === '/images/delete') names.delete(imageName);
        else names.add(imageName);
      }
      if (snapshotKey?.startsWith(UNPACKING)) {
        if (topic === '/snapshot/prepare') unpacking.add(snapshotKey);
        else unpacking.delete(snapshotKey);
      }
      timer?.cancel();
      if (names.size > 0) timer = options.clock.after(unpacking.size > 0 ? LONGEST_UNPACKING_MS : QUIET_MS, tell);
    },
    stop: () => timer?.cancel(),
  };
}
