// The credentials of a pod's pulls: its imagePullSecrets, to which admission has added those of its service account,
// then those of the node, which are read anew each time, then those that programs know. A secret that cannot be read or is none is told on the pod, and the pull goes on without it, since
// the image may need none (getPullSecretsForPod in pkg/kubelet/kubelet_pods.go).
import { readFile } from 'node:fs/promises';
import type { Pod, Secret } from '../../api/types/core/v1.ts';
import type { EventRecorder } from '../../client/controller.ts';
import { ifMissing } from '../../missing-file.ts';
import type { CredentialProviders } from './credential-providers.ts';
import {
  type DockerConfigForm,
  joinKeyrings,
  type Keyring,
  lookUp,
  type PullCredential,
  parseDockerConfig,
} from './keyring.ts';

/** Type of a secret → its key and the form of what stands there. */
const FORMS: Readonly<Record<string, { key: string; form: DockerConfigForm }>> = {
  'kubernetes.io/dockerconfigjson': { key: '.dockerconfigjson', form: 'dockerconfigjson' },
  'kubernetes.io/dockercfg': { key: '.dockercfg', form: 'dockercfg' },
};

/** For one image, best first; empty: pull without. */
export type PullCredentials = (pod: Pod, image: string) => Promise<PullCredential[]>;

export function createPullCredentials(options: {
  secret: (pod: Pod, name: string) => Promise<Secret | undefined>;
  events: EventRecorder;
  /** The node's own; need not exist. */
  registryConfig?: string;
  /** Programs of the node that know more. */
  providers?: CredentialProviders;
}): PullCredentials {
  return async (pod, image) => {
    const names = [...new Set((pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => name || []))];
    const missing: string[] = [];
    const keyrings = await Promise.all(
      names.map(async (name): Promise<Keyring> => {
        const secret = await options.secret(pod, name).catch(() => undefined); // told as missing
        if (secret) return keyringOf(secret, pod, options.events);
        missing.push(name);
        return [];
      }),
    );
    if (missing.length > 0) {
      const message = `Unable to retrieve some image pull secrets (${missing.sort().join(', ')}); attempting to pull the image may not succeed.`;
      options.events.event(pod, 'Warning', 'FailedToRetrieveImagePullSecret', message);
    }
    const own = lookUp(joinKeyrings(keyrings), image);
    const nodes = options.registryConfig ? lookUp(await readKeyring(options.registryConfig), image) : [];
    const provided = options.providers ? lookUp(await options.providers(image), image) : [];
    return [...own, ...nodes, ...provided];
  };
}

/** Nothing when there is no such file. Throws an Error that says what is wrong with it. */
export async function readKeyring(file: string): Promise<Keyring> {
  const text = await readFile(file, 'utf8').catch(ifMissing('{}'));
  try {
    return parseDockerConfig(text, 'dockerconfigjson');
  } catch (cause) {
    throw new Error(`registry credentials in ${file}: ${(cause as Error).message}`, { cause });
  }
}

function keyringOf(secret: Secret, pod: Pod, events: EventRecorder): Keyring {
  const known = FORMS[secret.type ?? ''];
  const encoded = known && secret.data?.[known.key];
  try {
    if (!known) {
      throw new Error(`is of type ${secret.type ?? 'Opaque'}; it must be of type ${Object.keys(FORMS).join(' or ')}`);
    }
    if (!encoded) throw new Error(`has no key ${known.key}`);
    const { uid = '', namespace = '', name = '' } = secret.metadata ?? {};
    const keyring = parseDockerConfig(Buffer.from(encoded, 'base64').toString('utf8'), known.form);
    return keyring.map(({ at, credential }) => ({
      at,
      credential: { ...credential, secret: { uid, namespace, name } },
    }));
  } catch (error) {
    const message = `Image pull secret ${secret.metadata?.name} is not used: ${(error as Error).message}`;
    events.event(pod, 'Warning', 'InvalidImagePullSecret', message);
    return [];
  }
}
