// Fills Secrets of type kubernetes.io/service-account-token, and removes those whose account has gone
// (k8s.io/kubernetes pkg/controller/serviceaccount/tokens_controller.go).
import { secrets, serviceAccounts } from '../api/resources.ts';
import type { Secret, ServiceAccount } from '../api/types/core/v1.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import { type Controller, watchOf } from '../client/controller.ts';
import { keyOf, splitKey } from '../client/indexed-store.ts';

const TYPE = 'kubernetes.io/service-account-token';
const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
const ACCOUNT_UID = 'kubernetes.io/service-account.uid';
const BY_ACCOUNT = 'serviceAccountOfToken';

export interface TokenControllerOptions {
  /** PEM, goes into the Secret. */
  rootCa: string;
  /** Signs a token without expiry that is good while `secret` exists. */
  signToken(account: ServiceAccount, secret: Secret): Promise<string>;
}

export const serviceAccountTokenController = ({ rootCa, signToken }: TokenControllerOptions): Controller => ({
  name: 'serviceaccount-token-controller',
  // It has no service account: it has to work before there are any tokens.
  username: 'system:kube-controller-manager',
  watches: [
    watchOf({ resource: secrets, toKeys: (secret) => (secret.type === TYPE ? [keyOf(secret)] : []) }),
    watchOf({
      resource: serviceAccounts,
      toKeys: (account, { informers }) => informers.for(secrets).lister.byIndex(BY_ACCOUNT, keyOf(account)).map(keyOf),
    }),
  ],

  setup({ informers }) {
    informers.for(secrets).addIndex(BY_ACCOUNT, ({ type, metadata }) => {
      const account = metadata.annotations?.[ACCOUNT_NAME];
      return type === TYPE && account ? [`${metadata.namespace}/${account}`] : [];
    });
  },

  async reconcile(key, { client, informers }) {
    const { namespace, name } = splitKey(key);
    const secret = informers.for(secrets).lister.get(namespace, name);
    const accountName = secret?.metadata.annotations?.[ACCOUNT_NAME];
    if (!secret || !accountName || secret.metadata.deletionTimestamp) return undefined;
    const account = await current(accountName);
    const wantedUid = secret.metadata.annotations?.[ACCOUNT_UID];
    if (!account || (wantedUid && wantedUid !== account.metadata.uid)) {
      await remove();
      return undefined;
    }
    const data = { ...secret.data };
    data['ca.crt'] = encode(rootCa);
    data.namespace ??= encode(namespace ?? '');
    data.token ??= encode(await signToken(account, secret));
    const complete = Object.entries(data).every(([field, value]) => secret.data?.[field] === value);
    if (complete && wantedUid) return undefined;
    const annotations = { ...secret.metadata.annotations, [ACCOUNT_UID]: account.metadata.uid as string };
    await client.update(secrets, { ...secret, metadata: { ...secret.metadata, annotations }, data });
    return undefined;

    /** What is not in the cache may just be new there: a Secret is not thrown away on its word. */
    async function current(wanted: string): Promise<ServiceAccount | undefined> {
      const cached = informers.for(serviceAccounts).lister.get(namespace, wanted);
      if (cached) return cached;
      return client.get(serviceAccounts, namespace, wanted).catch((error: unknown) => {
        if (hasReason(error, 'NotFound')) return undefined;
        throw error;
      });
    }

    async function remove(): Promise<void> {
      const preconditions = { uid: secret?.metadata.uid };
      await client.delete(secrets, namespace, name, { preconditions }).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
      });
    }
  },
});

const encode = (text: string): string => Buffer.from(text).toString('base64');
