// Asks the programs that know credentials of images, as clouds' registries have them: the image on standard input, the credentials
// on standard output (credentialprovider.kubelet.k8s.io; pkg/credentialprovider/plugin/plugin.go). Answers are kept for as long as
// they say. A program that fails is told in the log, and counts as one that knows none, as upstream.
import { parseDuration } from '../../apimachinery/duration.ts';
import type { Clock } from '../../clock.ts';
import { RunError, run } from '../../exec.ts';
import type { Logger } from '../../log.ts';
import { normalizeReference } from '../cri/image-reference.ts';
import type { CredentialProvider } from './credential-provider-config.ts';
import { fits, type Keyring, parseDockerConfig, repositoryOf } from './keyring.ts';

/** The keyring of all programs that may know the image. */
export type CredentialProviders = (image: string) => Promise<Keyring>;

const TIMEOUT_MS = 60_000;

interface Answer {
  kind?: unknown;
  apiVersion?: unknown;
  cacheKeyType?: unknown;
  cacheDuration?: unknown;
  auth?: unknown;
}

export function createCredentialProviders(
  providers: readonly CredentialProvider[],
  { clock, log }: { clock: Clock; log: Logger },
): CredentialProviders {
  const known = providers.map((provider) => ({ provider, ask: cached(provider, clock) }));
  return async (image) => {
    const repository = repositoryOf(normalizeReference(image));
    const asked = known.filter(({ provider }) => provider.matchImages.some((place) => fits(place, repository)));
    const keyrings = await Promise.all(
      asked.map(({ provider: { program }, ask }) =>
        ask(repository).catch((error: unknown): Keyring => {
          log.error({ program, image: repository, reason: reasonOf(error) }, 'a credential provider failed');
          return [];
        }),
      ),
    );
    return keyrings.flat();
  };
}

function cached(provider: CredentialProvider, clock: Clock): (repository: string) => Promise<Keyring> {
  const kept = new Map<string, { keyring: Keyring; until: number }>();
  const asking = new Map<string, Promise<Keyring>>();

  async function ask(repository: string): Promise<Keyring> {
    const { keyring, key, ms } = await execute(provider, repository);
    for (const [other, { until }] of kept) if (until <= clock.monotonic()) kept.delete(other);
    if (ms > 0) kept.set(key, { keyring, until: clock.monotonic() + ms });
    return keyring;
  }

  return (repository) => {
    for (const type of ['Image', 'Registry', 'Global']) {
      const found = kept.get(keyOf(type, repository));
      if (found && found.until > clock.monotonic()) return Promise.resolve(found.keyring);
    }
    const same = asking.get(repository);
    if (same) return same;
    const answer = ask(repository).finally(() => asking.delete(repository));
    asking.set(repository, answer);
    return answer;
  };
}

/** Throws an Error that quotes nothing of what the program printed on standard output: there are passwords in it. */
async function execute(provider: CredentialProvider, repository: string) {
  const { program, args, env, apiVersion } = provider;
  const request = { kind: 'CredentialProviderRequest', apiVersion, image: repository };
  const { stdout } = await run([program, ...args], { env, input: JSON.stringify(request), timeout: TIMEOUT_MS });
  const answer = readAnswer(stdout);
  if (answer.apiVersion !== apiVersion) throw new Error(`its answer is not of apiVersion ${apiVersion}`);
  if (answer.kind !== 'CredentialProviderResponse') throw new Error('its answer is no CredentialProviderResponse');
  const type = String(answer.cacheKeyType);
  if (!['Image', 'Registry', 'Global'].includes(type)) {
    throw new Error('its answer has no valid cacheKeyType: Image, Registry or Global');
  }
  const { cacheDuration, auth = {} } = answer;
  const ms =
    cacheDuration == null ? provider.defaultCacheMs : Number(parseDuration(String(cacheDuration)) / 1_000_000n);
  return { keyring: parseDockerConfig(JSON.stringify(auth), 'dockercfg'), key: keyOf(type, repository), ms };
}

function readAnswer(text: string): Answer {
  try {
    return (JSON.parse(text) ?? {}) as Answer;
  } catch {
    throw new Error('its answer is not JSON');
  }
}

const keyOf = (type: string, repository: string): string =>
  type === 'Global' ? 'Global' : `${type} ${type === 'Registry' ? repository.split('/')[0] : repository}`;

/** Not the output of a program that failed. */
const reasonOf = (error: unknown): string =>
  error instanceof RunError ? `it ended with ${error.exitCode ?? 'a signal'}` : (error as Error).message;
