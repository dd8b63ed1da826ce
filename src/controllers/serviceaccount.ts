// Every namespace has a ServiceAccount "default" (k8s.io/kubernetes pkg/controller/serviceaccount).
import { namespaces, serviceAccounts } from '../api/resources.ts';
import { type Controller, watchOf } from '../client/controller.ts';
import { ignoringGoneNamespace } from './namespace/terminating.ts';

const NAME = 'default';

export const serviceAccountController = (): Controller => ({
  name: 'service-account-controller',
  watches: [
    watchOf({ resource: namespaces, toKeys: (namespace) => [namespace.metadata.name ?? ''] }),
    watchOf({
      resource: serviceAccounts,
      toKeys: ({ metadata }) => (metadata.name === NAME ? [metadata.namespace ?? ''] : []),
    }),
  ],

  async reconcile(namespace, { informers, client }) {
    const exists = informers.for(namespaces).lister.get(undefined, namespace);
    if (!exists || exists.metadata.deletionTimestamp) return undefined;
    if (informers.for(serviceAccounts).lister.get(namespace, NAME)) return undefined;
    await ignoringGoneNamespace(() => client.create(serviceAccounts, { metadata: { name: NAME, namespace } }));
    return undefined;
  },
});
