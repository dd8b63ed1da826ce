// A credential as nerdctl and podman take it: a docker configuration in a folder that only root can enter and that is gone
// when the pull has ended. Arguments and the environment can be read by others; this file cannot.
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { normalizeReference } from '../image-reference.ts';
import type { RegistryCredential } from '../runtime.ts';

/** What docker's configuration calls Docker Hub. */
const DOCKER_HUB = 'https://index.docker.io/v1/';

interface DockerConfig {
  auths?: Record<string, unknown>;
}

export interface LoginOptions {
  credential: RegistryCredential | undefined;
  /** Where the file is made. */
  folder: string;
  /** The node's own passwords stand in its config.json: they are for mirrors, which have other names than the image. */
  registries?: string;
}

/** For nerdctl, and for podman. */
const configIn = (folder: string) => ({
  DOCKER_CONFIG: folder,
  REGISTRY_AUTH_FILE: path.join(folder, 'config.json'),
});

/** Runs `work` with the environment that makes nerdctl use the credential for the registry of `reference`. */
export async function withRegistryLogin<T>(
  reference: string,
  { credential, folder, registries }: LoginOptions,
  work: (env: Record<string, string>) => Promise<T>,
): Promise<T> {
  const nodes = registries && existsSync(path.join(registries, 'config.json')) ? registries : undefined;
  if (!credential) return work(nodes ? configIn(nodes) : {});
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700); // whatever the mask is
  const own = await mkdtemp(path.join(folder, 'pull-'));
  try {
    const [host = ''] = normalizeReference(reference).split('/');
    const auth = Buffer.from(`${credential.username}:${credential.password}`).toString('base64');
    const known = nodes ? (JSON.parse(await readFile(path.join(nodes, 'config.json'), 'utf8')) as DockerConfig) : {};
    const content = { ...known, auths: { ...known.auths, [host === 'docker.io' ? DOCKER_HUB : host]: { auth } } };
    await writeFile(path.join(own, 'config.json'), JSON.stringify(content), { mode: 0o600 });
    return await work(configIn(own));
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
