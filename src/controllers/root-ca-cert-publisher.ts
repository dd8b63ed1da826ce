// Every namespace has a ConfigMap "kube-root-ca.crt" with the authority that pods verify the API server by
// (k8s.io/kubernetes pkg/controller/certificates/rootcacertpublisher).
import { configMaps, namespaces } from '../api/resources.ts';
import { type Controller, watchOf } from '../client/controller.ts';
import { ignoringGoneNamespace } from './namespace/terminating.ts';
import { sameValue } from './same.ts';

const NAME = 'kube-root-ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
const DESCRIPTION_TEXT =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the ' +
  'internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** `rootCa` is PEM. */
export const rootCaCertPublisher = ({ rootCa }: { rootCa: string }): Controller => ({
  name: 'root-ca-cert-publisher',
  watches: [
    watchOf({ resource: namespaces, toKeys: (namespace) => [namespace.metadata.name ?? ''] }),
    watchOf({
      resource: configMaps,
      toKeys: ({ metadata }) => (metadata.name === NAME ? [metadata.namespace ?? ''] : []),
    }),
  ],

  async reconcile(namespace, { informers, client }) {
    const exists = informers.for(namespaces).lister.get(undefined, namespace);
    if (!exists || exists.metadata.deletionTimestamp) return undefined;
    const data = { 'ca.crt': rootCa };
    const current = informers.for(configMaps).lister.get(namespace, NAME);
    const annotations = { ...current?.metadata.annotations, [DESCRIPTION]: DESCRIPTION_TEXT };
    if (!current) {
      const metadata = { name: NAME, namespace, annotations };
      await ignoringGoneNamespace(() => client.create(configMaps, { metadata, data }));
    } else if (!sameValue(current.data, data) || !current.metadata.annotations?.[DESCRIPTION]) {
      await client.update(configMaps, { ...current, metadata: { ...current.metadata, annotations }, data });
    }
    return undefined;
  },
});
