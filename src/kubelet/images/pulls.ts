// Pulls of all pods of the node: the same image with the same credential once at a time, and no more than so many
// side by side; the others wait in the order in which they came.
import type { Clock } from '../../clock.ts';
import type { ImageRuntime, RegistryCredential } from '../cri/runtime.ts';
import { credentialHash } from './keyring.ts';

export interface Pulls {
  /** Resolves with the milliseconds of the pull itself, without waiting for its turn. */
  pull(image: string, credential: RegistryCredential | undefined): Promise<number>;
  /** How much of an image that is being pulled has come, in words; undefined when the runtime does not tell. */
  progress(image: string): string | undefined;
}

export function createPulls(options: {
  runtime: Pick<ImageRuntime, 'pullImage'>;
  clock: Clock;
  /** How many at a time. */
  parallel: number;
}): Pulls {
  const { runtime, clock } = options;
  const known = new Map<string, Promise<number>>();
  const told = new Map<string, string>();
  const waiting: (() => void)[] = [];
  let running = 0;

  async function take(image: string, credential: RegistryCredential | undefined): Promise<number> {
    if (running >= options.parallel) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      const began = clock.monotonic();
      const onProgress = (come: string) => void told.set(image, come);
      await runtime.pullImage(image, { ...(credential ? { credential } : {}), onProgress });
      return clock.monotonic() - began;
    } finally {
      told.delete(image);
      const next = waiting.shift(); // takes over this place
      if (next) next();
      else running--;
    }
  }

  return {
    pull(image, credential) {
      const key = `${image} ${credential ? credentialHash(credential) : ''}`;
      const same = known.get(key);
      if (same) return same;
      const pull = take(image, credential).finally(() => known.delete(key));
      known.set(key, pull);
      return pull;
    },
    progress: (image) => told.get(image),
  };
}
