// ImageRuntime by nerdctl. Statuses are kept until containerd says that an image has changed.
import { createInterface } from 'node:readline';
import { RunError, run, spawn } from '../../../exec.ts';
import { normalizeReference, withoutNeedlessTag } from '../image-reference.ts';
import { type ImageRuntime, type ImageStatus, type PullOptions, RuntimeError } from '../runtime.ts';
import type { Nerdctl } from './cli.ts';
import { isAbsent, plainMessage, runtimeError } from './errors.ts';
import { parseImages, parseLoaded, parseNativeNames, parsePruned, parsePullProgress } from './parse.ts';
import { withRegistryLogin } from './registry-login.ts';

export interface NerdctlImages extends ImageRuntime {
  /** An image was added, moved or removed: what is remembered of any is void. */
  forget(): void;
  /** Removes what no container uses; resolves with the names. */
  pruneImages(): Promise<string[]>;
}

export interface NerdctlImagesOptions {
  /** Folder for credentials while a pull runs. */
  logins: string;
  /** Folder of registry settings, whose config.json has the node's own passwords. */
  registries?: string;
  /** The program finds a name with a digest by itself. */
  findsDigests?: boolean;
}

export function createImages(
  nerdctl: Nerdctl,
  { logins, registries, findsDigests = false }: NerdctlImagesOptions,
): NerdctlImages {
  let statuses = new Map<string, Promise<ImageStatus | undefined>>();

  return {
    forget() {
      statuses = new Map();
    },

    imageStatus(reference) {
      const known = statuses.get(reference);
      if (known) return known;
      const asked = inspectImage(nerdctl, reference, findsDigests);
      const into = statuses;
      into.set(reference, asked);
      asked.then(
        (status) => status ?? into.delete(reference),
        () => into.delete(reference),
      );
      return asked;
    },

    async pullImage(reference, options = {}) {
      await withRegistryLogin(reference, { credential: options.credential, folder: logins, registries }, (env) =>
        pull(nerdctl, reference, { ...options, env }),
      );
      statuses = new Map();
    },

    async listImages() {
      const { stdout } = await nerdctl.run('ImageInspectError', ['images', '--quiet', '--no-trunc']);
      const ids = [...new Set(stdout.split('\n').filter(Boolean))];
      if (ids.length === 0) return [];
      try {
        return parseImages((await run(nerdctl.argv(['image', 'inspect', ...ids]))).stdout);
      } catch (error) {
        if (error instanceof RunError && isAbsent(error)) return parseImages(error.output); // removed meanwhile
        throw runtimeError('ImageInspectError', error);
      }
    },

    async removeImage(reference) {
      await nerdctl.run('RemoveImageError', ['rmi', withoutNeedlessTag(reference)]).catch((error: unknown) => {
        if (!isAbsent(error)) throw error;
      });
      statuses = new Map();
    },

    async pruneImages() {
      const { stdout } = await nerdctl.run('RemoveImageError', ['image', 'prune', '--all', '--force']);
      statuses = new Map();
      return parsePruned(stdout);
    },

    async loadImages(archive) {
      let stdout: string;
      try {
        ({ stdout } = await run(nerdctl.argv(['load', '--input', archive])));
      } catch (cause) {
        const why = cause instanceof RunError ? plainMessage(cause.output) : (cause as Error).message;
        throw new RuntimeError(
          'ImageLoadError',
          `${archive} is not a whole OCI or docker image archive: ${why}`,
          cause,
        );
      }
      statuses = new Map();
      const references = parseLoaded(stdout);
      if (references.length === 0) {
        throw new RuntimeError('ImageLoadError', `${archive} holds no image with a name; give it one when saving it`);
      }
      return references;
    },
  };
}

/**
 * nerdctl finds a name with a digest only in containerd's own words, and finds the same content under other names, too.
 * By the bare digest it tells all that is asked. undefined: there is no image of this name.
 */
async function inspectable(nerdctl: Nerdctl, reference: string): Promise<string | undefined> {
  const name = normalizeReference(reference);
  const [, digest] = name.split('@');
  if (digest === undefined) return reference;
  const { stdout } = await run(nerdctl.argv(['image', 'inspect', '--mode=native', name]));
  return parseNativeNames(stdout).includes(name) ? digest : undefined;
}

async function inspectImage(
  nerdctl: Nerdctl,
  reference: string,
  findsDigests: boolean,
): Promise<ImageStatus | undefined> {
  try {
    const name = findsDigests ? normalizeReference(reference) : await inspectable(nerdctl, reference);
    if (name === undefined) return undefined;
    const { stdout } = await run(nerdctl.argv(['image', 'inspect', name]));
    return parseImages(stdout)[0];
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw runtimeError('ImageInspectError', error);
  }
}

/** `nerdctl pull` draws its progress on stderr and ends with the reason there. */
async function pull(
  nerdctl: Nerdctl,
  reference: string,
  { env, onProgress }: Pick<PullOptions, 'onProgress'> & { env: Record<string, string> },
): Promise<void> {
  const argv = nerdctl.argv(['pull', normalizeReference(reference)]);
  const child = spawn(argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  for (const input of [child.stdout!, child.stderr!]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      if (lines.length > 50) lines.shift();
      const come = parsePullProgress(line);
      if (come !== undefined) onProgress?.(come);
    });
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(runtimeError('ErrImagePull', cause)));
    child.once('close', resolve);
  });
  if (exitCode === 0) return;
  throw runtimeError(
    'ErrImagePull',
    new RunError(argv, { output: lines.join('\n'), exitCode: exitCode ?? undefined, cause: undefined }),
  );
}
