// Image volumes, which nerdctl does not have: the layers of an image, mounted read only below the sandbox's folder, once
// for all containers of the sandbox, and bound from there. A label on the container keeps the layers from containerd's
// garbage collector when the image is removed meanwhile.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { programShell } from '../../../small-programs.ts';
import type { Mounter } from '../../mounts.ts';
import { openInside } from '../../volumes/inside.ts';
import { SNAPSHOTTER, type Snapshots } from '../containerd/snapshots.ts';
import { type Mount, RuntimeError } from '../runtime.ts';
import type { Nerdctl } from './cli.ts';
import { parseLayers } from './parse.ts';

export interface ImageMounts {
  /** The mounts with paths of this host for their images, and the labels that their container must have. */
  resolve(
    mounts: readonly Mount[],
    sandboxFolder: string,
  ): Promise<{ mounts: Mount[]; labels: Record<string, string> }>;
  /** Idempotent. */
  release(sandboxFolder: string): Promise<void>;
}

/** https://github.com/containerd/containerd/blob/main/docs/garbage-collection.md */
const REFERENCE = `containerd.io/gc.ref.snapshot.${SNAPSHOTTER}`;

export function createImageMounts(options: { nerdctl: Nerdctl; snapshots: Snapshots; mounter: Mounter }): ImageMounts {
  const { nerdctl, snapshots, mounter } = options;
  const folderOf = (sandboxFolder: string) => path.join(sandboxFolder, 'images');
  /** One at a time: containers of a pod start side by side and may have the same image. */
  let last: Promise<unknown> = Promise.resolve();

  async function chainOf(reference: string): Promise<string> {
    const { stdout } = await nerdctl.run('CreateContainerError', ['image', 'inspect', reference]);
    return chainId(parseLayers(stdout));
  }

  async function mountOnce(chain: string, target: string): Promise<void> {
    if ((await mounter.under(target)).includes(target)) return;
    mkdirSync(target, { recursive: true, mode: 0o700 });
    for (const { type, source, options: flags } of await snapshots.view(chain)) {
      await programShell.run([
        'mount',
        ...(type === 'bind' ? [] : ['-t', type]),
        '-o',
        flags.join(','),
        source,
        target,
      ]);
    }
  }

  async function resolveOne(mount: Mount, folder: string): Promise<{ mount: Mount; chain?: string }> {
    if (!mount.image) return { mount };
    const { image, ...rest } = mount;
    const chain = await chainOf(image.reference);
    const whole = path.join(folder, shortHash(chain));
    await mountOnce(chain, whole);
    if (!image.subPath) return { mount: { ...rest, hostPath: whole }, chain };
    const part = path.join(folder, shortHash(`${chain} ${image.subPath}`));
    await bindPart(whole, image.subPath, part);
    return { mount: { ...rest, hostPath: part }, chain };
  }

  async function bindPart(whole: string, subPath: string, target: string): Promise<void> {
    if ((await mounter.under(target)).includes(target)) return;
    const handle = await openInside(whole, subPath).catch((cause: Error) => {
      throw new RuntimeError(
        'CreateContainerError',
        `subPath ${JSON.stringify(subPath)} of an image: ${cause.message}`,
        cause,
      );
    });
    try {
      if ((await handle.stat()).isDirectory()) mkdirSync(target, { recursive: true });
      else if (!existsSync(target)) writeFileSync(target, '');
      await mounter.bind(`/proc/${process.pid}/fd/${handle.fd}`, target);
    } finally {
      await handle.close();
    }
  }

  return {
    async resolve(mounts, sandboxFolder) {
      if (!mounts.some(({ image }) => image)) return { mounts: [...mounts], labels: {} };
      const folder = folderOf(sandboxFolder);
      const resolved: { mount: Mount; chain?: string }[] = [];
      for (const mount of mounts) {
        const next = last.catch(() => undefined).then(() => resolveOne(mount, folder));
        last = next;
        resolved.push(await next);
      }
      const chains = [...new Set(resolved.flatMap(({ chain }) => chain ?? []))];
      const labels = Object.fromEntries(chains.map((chain, i) => [`${REFERENCE}/${i}`, chain]));
      return { mounts: resolved.map(({ mount }) => mount), labels };
    },
    async release(sandboxFolder) {
      for (const point of await mounter.under(folderOf(sandboxFolder))) await mounter.unmount(point);
    },
  };
}

/** The name of the snapshot of all layers. https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid */
export const chainId = (layers: readonly string[]): string =>
  layers.reduce((below, layer) => `sha256:${createHash('sha256').update(`${below} ${layer}`).digest('hex')}`);

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);
