// The simulated runtime's images: present or to be pulled, in a time or with an error that the script says.
import { createHash } from 'node:crypto';
import { type Clock, sleep } from '../../../clock.ts';
import { normalizeReference } from '../image-reference.ts';
import { type ImageRuntime, type ImageStatus, RuntimeError } from '../runtime.ts';
import type { Operation, SimulatedImage } from './script.ts';

/** An image that the script does not name is absent, and cannot be pulled. */
export function createSimulatedImages(
  known: readonly SimulatedImage[],
  options: { clock: Clock; fault(operation: Operation): void; arrived(reference: string): void },
): ImageRuntime {
  const scripted = new Map(known.map((image) => [normalizeReference(image.reference), image]));
  const present = new Set([...scripted].filter(([, image]) => image.present !== false).map(([reference]) => reference));

  return {
    async imageStatus(reference) {
      options.fault('imageStatus');
      const name = normalizeReference(reference);
      return present.has(name) ? statusOf(name, scripted.get(name)) : undefined;
    },
    async pullImage(reference, { credential, onProgress } = {}) {
      options.fault('pullImage');
      const name = normalizeReference(reference);
      const image = scripted.get(name);
      onProgress?.('1.0 MiB');
      if (image?.pullMs) await sleep(options.clock, image.pullMs);
      if (image?.password !== undefined && credential?.password !== image.password) {
        throw new RuntimeError('ErrImagePull', `failed to resolve reference "${name}": pull access denied`);
      }
      if (!image || image.pullError !== undefined) {
        throw new RuntimeError(
          'ErrImagePull',
          image?.pullError ?? `failed to resolve reference "${name}": ${name}: not found`,
        );
      }
      present.add(name);
      options.arrived(name);
    },
    listImages: async () => [...present].map((name) => statusOf(name, scripted.get(name))),
    async removeImage(reference) {
      options.fault('removeImage');
      present.delete(normalizeReference(reference));
    },
    async loadImages() {
      const added = [...scripted.keys()].filter((name) => !present.has(name));
      for (const name of added) present.add(name);
      for (const name of added) options.arrived(name);
      return added;
    },
  };
}

function statusOf(name: string, image: SimulatedImage | undefined): ImageStatus {
  const digest = `sha256:${createHash('sha256').update(name).digest('hex')}`;
  const repository = name.replace(/[:@][^/]*$/, '');
  return {
    id: digest,
    repoTags: [name],
    repoDigests: [`${repository}@${digest}`],
    size: 1_000_000,
    entrypoint: [],
    cmd: [],
    ...image?.status,
  };
}
