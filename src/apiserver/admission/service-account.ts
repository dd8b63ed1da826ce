// ServiceAccount: a pod runs as an account that exists ("default" when it names none), mounts a token of it, and
// inherits its pull secrets (plugin/pkg/admission/serviceaccount/admission.go).
import { randomInt } from 'node:crypto';
import { serviceAccounts } from '../../api/resources.ts';
import type { Container, Pod, ServiceAccount, Volume } from '../../api/types/core/v1.ts';
import { StatusError } from '../../apimachinery/status-error.ts';
import type { Clock } from '../../clock.ts';
import { podReferences } from '../authorization/pod-references.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { unlistedDebuggingSecret, unlistedSecret } from './mountable-secrets.ts';
import { refuse } from './request.ts';

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
const DEBUGGING = 'ephemeralcontainers';
const MIRROR_POD = 'kubernetes.io/config.mirror';
/** How long a pod waits for the account "default" of a namespace made a moment ago. */
const WAIT_MS = 1000;

export interface ServiceAccountOptions {
  reader: ObjectReader;
  clock: Clock;
  /** Five characters that make the volume's name unique; default random. */
  suffix?: () => string;
}

export function serviceAccount(options: ServiceAccountOptions): AdmissionPlugin {
  const suffix = options.suffix ?? randomSuffix;
  return {
    name: 'ServiceAccount',
    async admit(request) {
      if (!isPodCreate(request)) return;
      const pod = request.object as unknown as Pod;
      const spec = pod.spec as NonNullable<Pod['spec']>;
      // The kubelet's own Pods stay as they are.
      if (isMirror(pod)) return validateMirror(request, pod);
      spec.serviceAccountName ||= 'default';
      spec.serviceAccount = spec.serviceAccountName; // the old name of the field is kept equal
      const account = await findAccount(request, spec.serviceAccountName, options);
      if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec, suffix);
      if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name: name as string }));
      }
      // Before anything else is found wrong, and once more when all plugins have had their say.
      refuseUnlisted(request, pod, account);
    },

    async validate(request) {
      const isDebugging = isPod(request) && request.operation === 'UPDATE' && request.subresource === DEBUGGING;
      if (!isPodCreate(request) && !isDebugging) return;
      const pod = request.object as unknown as Pod;
      if (isMirror(pod) && !isDebugging) return validateMirror(request, pod);
      const name = pod.spec?.serviceAccountName;
      if (!name) {
        throw refuse(request, `no service account specified for pod ${request.namespace}/${pod.metadata.name ?? ''}`);
      }
      const account = await findAccount(request, name, options);
      if (isDebugging) {
        const problem = unlistedDebuggingSecret(pod, account);
        // Upstream forgets to say that this is forbidden: a plain error becomes 500.
        if (problem) throw new StatusError({ code: 500, message: problem });
        return;
      }
      refuseUnlisted(request, pod, account);
    },
  };
}

function refuseUnlisted(request: AdmissionRequest, pod: Pod, account: ServiceAccount): void {
  const problem = unlistedSecret(pod, account);
  if (problem) throw refuse(request, problem);
}

const isPod = ({ definition }: AdmissionRequest): boolean => definition.group === '' && definition.plural === 'pods';

const isPodCreate = (request: AdmissionRequest): boolean =>
  request.operation === 'CREATE' && isPod(request) && request.subresource === '';

const isMirror = (pod: Pod): boolean => pod.metadata.annotations?.[MIRROR_POD] !== undefined;

async function findAccount(
  request: AdmissionRequest,
  name: string,
  { reader, clock }: ServiceAccountOptions,
): Promise<ServiceAccount> {
  const find = () => reader.get(serviceAccounts, request.namespace, name);
  let account = find();
  if (!account && name === 'default') account = await appears(find, reader, clock);
  if (account) return account;
  throw refuse(
    request,
    `error looking up service account ${request.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
  );
}

/** The controller makes the account right after the namespace: its next change is waited for, not polled. */
function appears(
  find: () => ServiceAccount | undefined,
  reader: ObjectReader,
  clock: Clock,
): Promise<ServiceAccount | undefined> {
  return new Promise((resolve) => {
    const settle = (account: ServiceAccount | undefined) => {
      stop();
      timer.cancel();
      resolve(account);
    };
    const timer = clock.after(WAIT_MS, () => settle(find()));
    const stop = reader.subscribe(serviceAccounts, () => {
      const account = find();
      if (account) settle(account);
    });
  });
}

function mountToken(spec: NonNullable<Pod['spec']>, suffix: () => string): void {
  const existing = spec.volumes?.find(({ name }) => name.startsWith(VOLUME_PREFIX));
  const name = existing?.name ?? `${VOLUME_PREFIX}${suffix()}`;
  const containers: Container[] = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  // Who mounts something there already does not want the token.
  const lacking = containers.filter((c) => !c.volumeMounts?.some((mount) => mount.mountPath === TOKEN_PATH));
  for (const container of lacking) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: TOKEN_PATH }];
  }
  if (!existing && lacking.length > 0) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

/** Token, authority and namespace, as TokenVolumeSource() upstream. */
const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  },
});

function validateMirror(request: AdmissionRequest, pod: Pod): void {
  if (pod.spec?.serviceAccountName) throw refuse(request, 'a mirror pod may not reference service accounts');
  if (podReferences(pod).secrets.size > 0) throw refuse(request, 'a mirror pod may not reference secrets');
  if (pod.spec?.volumes?.some((v) => v.projected?.sources?.some((source) => source.serviceAccountToken))) {
    throw refuse(request, 'a mirror pod may not use ServiceAccountToken volume projections');
  }
}

/** The alphabet of generated names: no vowels, so that no words arise (k8s.io/apimachinery/pkg/util/rand). */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

const SUFFIX_LENGTH = 5;

/** One draw for all of it: each asks the generator anew. */
function randomSuffix(): string {
  let rest = randomInt(ALPHABET.length ** SUFFIX_LENGTH);
  let suffix = '';
  for (let i = 0; i < SUFFIX_LENGTH; i++) {
    suffix += ALPHABET[rest % ALPHABET.length];
    rest = Math.floor(rest / ALPHABET.length);
  }
  return suffix;
}
