// Which user names and passwords fit an image, out of docker's configuration format: pkg/credentialprovider
// config.go and keyring.go of Kubernetes. Longer entries come first; hosts may have * for a part between dots.
import { createHash } from 'node:crypto';
import { normalizeReference } from '../cri/image-reference.ts';
import type { RegistryCredential } from '../cri/runtime.ts';

/** Of a Secret. */
export interface SecretSource {
  uid: string;
  namespace: string;
  name: string;
}

/** Without a secret it is the node's, and every pod's. */
export interface PullCredential extends RegistryCredential {
  secret?: SecretSource;
}

/** Entries in the order in which they are tried. */
export type Keyring = readonly { at: string; credential: PullCredential }[];

/** The image without its tag and digest, as it is written. */
export const repositoryOf = (image: string): string => image.replace(/@.*$/, '').replace(/:[^/]*$/, '');

/** Tells credentials apart without showing them. */
export const credentialHash = ({ username, password }: RegistryCredential): string =>
  createHash('sha256')
    .update(JSON.stringify([username, password]))
    .digest('hex');

/** Docker Hub's entry as `docker login` writes it, without scheme and version. */
const DOCKER_HUB = 'index.docker.io';

/** What can stand in a Secret or a file: kubernetes.io/dockerconfigjson has `auths` around what dockercfg is. */
export type DockerConfigForm = 'dockerconfigjson' | 'dockercfg';

/** Throws an Error that says what of `text` is wrong, without its values. */
export function parseDockerConfig(text: string, form: DockerConfigForm): Keyring {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error('is not JSON'); // the parser's own words would quote passwords
  }
  const entries = form === 'dockercfg' ? content : isRecord(content) ? (content.auths ?? {}) : undefined;
  if (!isRecord(entries)) {
    throw new Error(`must be an object of registries${form === 'dockercfg' ? '' : ' under "auths"'}`);
  }
  const keys = Object.entries(entries).map(([registry, entry]) => {
    if (!isRecord(entry)) throw new Error(`entry ${JSON.stringify(registry)} must be an object`);
    return { at: placeOf(registry), credential: credentialOf(registry, entry) };
  });
  return sorted(keys);
}

/** One keyring of several; of entries for one place the earlier keyring's is tried first. */
export const joinKeyrings = (keyrings: readonly Keyring[]): Keyring => sorted(keyrings.flat());

/** The credentials for `image`, best first; none: pull without. */
export function lookUp(keyring: Keyring, image: string): PullCredential[] {
  const name = repositoryOf(normalizeReference(image));
  const found = keyring.filter(({ at }) => fits(at, name));
  const hub = name.startsWith('docker.io/') ? keyring.filter(({ at }) => at === DOCKER_HUB) : [];
  return unique((found.length > 0 ? found : hub).map(({ credential }) => credential));
}

/** Sorting is stable, so equal places keep their order. */
const sorted = (keys: Keyring): Keyring => [...keys].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));

/** `https://example.com/v1/` → `example.com`; a path that is no version stays: it limits the entry to it. */
function placeOf(registry: string): string {
  const [host = '', ...rest] = registry.replace(/^https?:\/\//, '').split('/');
  const parts = /^v[12]$/.test(rest[0] ?? '') && rest.length > 1 ? rest.slice(1) : rest;
  const path = parts.join('/');
  return path === '' ? host : `${host}/${path}`;
}

function credentialOf(registry: string, entry: Record<string, unknown>): RegistryCredential {
  const text = (name: string) => (typeof entry[name] === 'string' ? (entry[name] as string) : '');
  if (text('auth') === '') return { username: text('username'), password: text('password') };
  const decoded = Buffer.from(text('auth'), 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) throw new Error(`"auth" of ${JSON.stringify(registry)} must be base64 of user:password`);
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** Whether an entry at `place` is for an image by its full name, without tag. */
export function fits(place: string, image: string): boolean {
  const [host = '', path = ''] = cut(place, '/');
  const [imageHost = '', imagePath = ''] = cut(image, '/');
  const [name = '', port = ''] = cut(host, ':');
  const [imageName = '', imagePort = ''] = cut(imageHost, ':');
  const parts = name.split('.');
  const imageParts = imageName.split('.');
  return (
    port === imagePort &&
    parts.length === imageParts.length &&
    imagePath.startsWith(path) &&
    parts.every((part, i) => glob(part).test(imageParts[i] as string))
  );
}

function cut(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

/** * and ? as in Go's filepath.Match; a part of a host has no slash. */
const glob = (part: string): RegExp =>
  new RegExp(
    `^${part
      .replace(/[\\^$.|()[\]{}+]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

const unique = (credentials: PullCredential[]): PullCredential[] =>
  [...new Map(credentials.toReversed().map((c) => [credentialHash(c), c])).values()].toReversed();

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
