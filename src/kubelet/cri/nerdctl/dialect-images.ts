// ImageRuntime by podman or docker: what differs from nerdctl's answers to the same commands.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RunError, run } from '../../../exec.ts';
import { RuntimeError } from '../runtime.ts';
import type { Nerdctl } from './cli.ts';
import { createImages, type NerdctlImages } from './images.ts';

/** podman 4 says the one of an OCI archive with several images, docker before 25 the other of any OCI archive. */
const NEEDS_MANIFEST = /more than one image in oci|\/json: no such file or directory/;

export interface DialectImagesOptions {
  /** Short-lived files: credentials, archives. */
  temporary: string;
  registries?: string;
}

export function createDialectImages(cli: Nerdctl, { temporary, registries }: DialectImagesOptions): NerdctlImages {
  const images = createImages(cli, { logins: temporary, registries, findsDigests: true });
  return {
    ...images,

    async pruneImages() {
      const names = async () => (await images.listImages()).flatMap(({ repoTags }) => repoTags);
      const before = await names();
      await cli.run('RemoveImageError', ['image', 'prune', '--all', '--force']);
      images.forget();
      const after = new Set(await names());
      return before.filter((name) => !after.has(name));
    },

    /** They take a name off an image in use that has another. */
    async removeImage(reference) {
      const status = await images.imageStatus(reference);
      if (!status) return;
      const ancestor = `ancestor=${status.id.replace('sha256:', '')}`;
      const { stdout } = await cli.run('RemoveImageError', ['ps', '--all', '--quiet', '--filter', ancestor]);
      const [user] = stdout.split('\n');
      if (user) throw new RuntimeError('RemoveImageError', `image "${reference}" is in use by container ${user}`);
      await images.removeImage(reference);
    },

    async loadImages(archive) {
      try {
        return await images.loadImages(archive);
      } catch (error) {
        const { cause } = error as RuntimeError;
        if (!(cause instanceof RunError && NEEDS_MANIFEST.test(cause.output))) throw error;
        return withDockerManifest(archive, temporary, images.loadImages);
      }
    },
  };
}

interface Descriptor {
  digest: string;
  annotations?: Record<string, string>;
}

/** All images are taken that docker's own manifest names: the archive gets one. */
async function withDockerManifest<T>(
  archive: string,
  temporary: string,
  load: (archive: string) => Promise<T>,
): Promise<T> {
  const fileOf = ({ digest }: Descriptor) => `blobs/${digest.replace(':', '/')}`;
  const read = async <Content>(file: string): Promise<Content> =>
    JSON.parse((await run(['tar', '-xOf', archive, file])).stdout);
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(path.join(temporary, 'archive-'));
  try {
    const { manifests } = await read<{ manifests: Descriptor[] }>('index.json');
    const manifest = await Promise.all(
      manifests.map(async (one) => {
        const { config, layers } = await read<{ config: Descriptor; layers: Descriptor[] }>(fileOf(one));
        const name = one.annotations?.['io.containerd.image.name'];
        return { Config: fileOf(config), RepoTags: name ? [name] : [], Layers: layers.map(fileOf) };
      }),
    );
    const whole = path.join(folder, 'images.tar');
    await run(['cp', '--reflink=auto', archive, whole]);
    await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
    await run(['tar', '-rf', whole, '-C', folder, 'manifest.json']);
    return await load(whole);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
