// Accounts whose pods may use only the secrets that the account lists: the annotation enforce-mountable-secrets, which
// is deprecated and still holds (plugin/pkg/admission/serviceaccount limitSecretReferences). A sentence says which
// secret is not listed; undefined: none.
import type { Container, Pod, ServiceAccount } from '../../api/types/core/v1.ts';

const ENFORCE = 'kubernetes.io/enforce-mountable-secrets';

/** What Go's strconv.ParseBool takes for true. */
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];

const enforces = ({ metadata }: ServiceAccount): boolean => TRUE.includes(metadata.annotations?.[ENFORCE] ?? '');

export function unlistedSecret(pod: Pod, account: ServiceAccount): string | undefined {
  if (!enforces(account)) return undefined;
  const { volumes = [], initContainers = [], containers, imagePullSecrets = [] } = pod.spec;
  return (
    volumes.map((volume) => volume.secret && unlistedVolume(volume.secret.secretName ?? '', account)).find(Boolean) ??
    unlistedEnvironment('init container', initContainers, account) ??
    unlistedEnvironment('container', containers ?? [], account) ??
    unlistedPullSecret(imagePullSecrets, account)
  );
}

export const unlistedDebuggingSecret = (pod: Pod, account: ServiceAccount): string | undefined =>
  enforces(account)
    ? unlistedEnvironment('ephemeral container', (pod.spec.ephemeralContainers ?? []) as Container[], account)
    : undefined;

const lists = ({ secrets = [] }: ServiceAccount, wanted: string): boolean =>
  secrets.some(({ name = '' }) => name === wanted);

const notListed = (secret: string, { metadata }: ServiceAccount): string =>
  `secret.secretName="${secret}" is not allowed because service account ${metadata.name} does not reference that secret`;

const unlistedVolume = (secret: string, account: ServiceAccount): string | undefined =>
  lists(account, secret) ? undefined : `volume with ${notListed(secret, account)}`;

function unlistedEnvironment(
  word: string,
  containers: readonly Container[],
  account: ServiceAccount,
): string | undefined {
  for (const { name, env = [], envFrom = [] } of containers) {
    for (const { name: variable, valueFrom } of env) {
      const secret = valueFrom?.secretKeyRef && (valueFrom.secretKeyRef.name ?? '');
      if (secret !== undefined && !lists(account, secret)) {
        return `${word} ${name} with envVar ${variable} referencing ${notListed(secret, account)}`;
      }
    }
    for (const { secretRef } of envFrom) {
      const secret = secretRef && (secretRef.name ?? '');
      if (secret !== undefined && !lists(account, secret)) {
        return `${word} ${name} with envFrom referencing ${notListed(secret, account)}`;
      }
    }
  }
  return undefined;
}

function unlistedPullSecret(given: readonly { name?: string }[], account: ServiceAccount): string | undefined {
  const known = new Set((account.imagePullSecrets ?? []).map(({ name = '' }) => name));
  const index = given.findIndex(({ name = '' }) => !known.has(name));
  if (index < 0) return undefined;
  const why = `because service account ${account.metadata.name} does not reference that imagePullSecret`;
  return `imagePullSecrets[${index}].name="${given[index]?.name ?? ''}" is not allowed ${why}`;
}
