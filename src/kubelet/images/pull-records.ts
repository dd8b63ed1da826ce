// Which images were pulled with whose credentials, so that a pod without them cannot use an image that another pod's brought
// (KEP-2535; pkg/kubelet/images/pullmanager): as upstream's default, images that nobody pulled for a pod are everybody's.
// Kept in upstream's files: a record for each image, and an intent for each pull that has begun.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Clock, timestamp } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { credentialHash, type PullCredential, repositoryOf, type SecretSource } from './keyring.ts';

export interface PullRecords {
  /** Before a pull; throws when it cannot be written down. */
  begun(image: string): void;
  /** `credential`: what it was pulled with; undefined: with none. */
  pulled(image: string, imageId: string, credential: PullCredential | undefined): void;
  failed(image: string): void;
  /** Whether a pod may use an image that is present without a pull of its own; its credentials are asked for if need be. */
  mayUse(image: string, imageId: string, credentials: () => Promise<readonly PullCredential[]>): Promise<boolean>;
  /** Forgets the images that are not listed, but for those that come meanwhile. */
  prune(list: () => Promise<readonly { id: string }[]>): Promise<void>;
}

interface PulledSecret extends SecretSource {
  credentialHash: string;
}

interface PulledBy {
  kubernetesSecrets?: PulledSecret[];
  nodePodsAccessible?: boolean;
}

interface ImagePulledRecord {
  lastUpdatedTime: string;
  imageRef: string;
  /** By the repository as pods write it. */
  credentialMapping?: Record<string, PulledBy>;
}

const API_VERSION = 'kubelet.config.k8s.io/v1beta1';
/** Upstream's writeRecordWhileMatchingLimit: secrets that are found equal are noted up to so many. */
const MOST_SECRETS = 100;

export function openPullRecords(options: { dataDir: string; clock: Clock; log: Logger }): PullRecords {
  const { clock, log } = options;
  const [pulledFolder, pullingFolder] = ['pulled', 'pulling'].map((name) => {
    const folder = path.join(options.dataDir, 'image_manager', name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }) as [string, string];
  const records = new Map(read<ImagePulledRecord>(pulledFolder, log).map((record) => [record.imageRef, record]));
  /** How many pulls of an image go on. */
  const pulling = new Map<string, number>();
  /** Of those that a kubelet before this one had begun nobody knows how they ended. */
  const unfinished = new Set(read<{ image: string }>(pullingFolder, log).map(({ image }) => image));

  /** false: it could not be written down, and the next who wants the image is asked for credentials, as upstream. */
  function note(image: string, imageId: string, by: PulledBy): boolean {
    try {
      writeDown(image, imageId, by);
      return true;
    } catch (error) {
      log.error({ err: error, image }, 'that an image was pulled could not be written down');
      return false;
    }
  }

  function writeDown(image: string, imageId: string, by: PulledBy): void {
    const before = records.get(imageId);
    const repository = repositoryOf(image);
    const merged = merge(before?.credentialMapping?.[repository], by);
    if (!merged) return;
    const credentialMapping = { ...before?.credentialMapping, [repository]: merged };
    const record: ImagePulledRecord = { lastUpdatedTime: timestamp(clock), imageRef: imageId, credentialMapping };
    write(pulledFolder, imageId, { kind: 'ImagePulledRecord', ...record });
    records.set(imageId, record);
  }

  function ended(image: string): void {
    const left = (pulling.get(image) ?? 1) - 1;
    if (left > 0) pulling.set(image, left);
    else {
      pulling.delete(image);
      if (!unfinished.has(image)) rmSync(fileOf(pullingFolder, image), { force: true });
    }
  }

  return {
    begun(image) {
      write(pullingFolder, image, { kind: 'ImagePullIntent', image });
      pulling.set(image, (pulling.get(image) ?? 0) + 1);
    },
    pulled(image, imageId, credential) {
      const secret = credential?.secret && { ...credential.secret, credentialHash: credentialHash(credential) };
      if (!note(image, imageId, secret ? { kubernetesSecrets: [secret] } : { nodePodsAccessible: true })) return;
      unfinished.delete(image);
      ended(image);
    },
    failed: ended,
    async mayUse(image, imageId, credentials) {
      const record = records.get(imageId);
      if (!record) return !pulling.has(image) && !unfinished.has(image);
      const by = record.credentialMapping?.[repositoryOf(image)];
      if (by?.nodePodsAccessible) return true;
      const known = by?.kubernetesSecrets ?? [];
      if (known.length === 0) return false;
      for (const credential of await credentials()) {
        const { secret } = credential;
        if (!secret) continue;
        const hash = credentialHash(credential);
        const isSame = known.some((one) => sameSecret(one, secret));
        const isEqual = known.some((one) => one.credentialHash === hash);
        // One that was changed since is taken for what it was, while it can be noted.
        if (isSame !== isEqual && known.length < MOST_SECRETS) {
          note(image, imageId, { kubernetesSecrets: [{ ...secret, credentialHash: hash }] });
          return true;
        }
        if (isEqual) return true;
      }
      return false;
    },
    async prune(list) {
      const before = [...records];
      const present = new Set((await list()).map(({ id }) => id));
      for (const [id, record] of before) {
        if (present.has(id) || records.get(id) !== record) continue;
        rmSync(fileOf(pulledFolder, id), { force: true });
        records.delete(id);
      }
    },
  };
}

const sameSecret = (a: SecretSource, b: SecretSource): boolean =>
  a.uid === b.uid && a.namespace === b.namespace && a.name === b.name;

/** undefined: nothing new. */
function merge(before: PulledBy | undefined, by: PulledBy): PulledBy | undefined {
  if (before?.nodePodsAccessible) return undefined;
  if (by.nodePodsAccessible || !before) return by;
  const added = by.kubernetesSecrets ?? [];
  const kept = (before.kubernetesSecrets ?? []).filter((one) => !added.some((other) => sameSecret(one, other)));
  return { kubernetesSecrets: [...kept, ...added] };
}

const fileOf = (folder: string, name: string) =>
  path.join(folder, `sha256-${createHash('sha256').update(name).digest('hex')}`);

function write(
  folder: string,
  name: string,
  content: { kind: string; image: string } | ({ kind: string } & ImagePulledRecord),
): void {
  const file = fileOf(folder, name);
  writeFileSync(`${file}.tmp`, JSON.stringify({ apiVersion: API_VERSION, ...content }), { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

/** One that cannot be read counts as none, as upstream; its image is everybody's then. */
function read<T>(folder: string, log: Logger): T[] {
  return readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    if (name.endsWith('.tmp')) {
      rmSync(file); // a write that did not end
      return [];
    }
    try {
      return [JSON.parse(readFileSync(file, 'utf8')) as T];
    } catch (error) {
      log.error({ err: error, file }, 'a record of a pulled image cannot be read');
      return [];
    }
  });
}
