// Writes the objects every cluster starts with, and brings those up to date that a newer version changes.
// On an ordinary start everything is there and nothing is written.
import { isDeepStrictEqual } from 'node:util';
import type { ResourceType } from '../api/definition.ts';
import { clusterRoles, endpointSlices, endpoints, services } from '../api/resources.ts';
import type { ClusterRole, ClusterRoleBinding } from '../api/types/rbac/v1.ts';
import type { AnyObject, KubeObject } from '../apimachinery/meta.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import { ensureDefaultServiceCidr } from '../apiserver/bootstrap/default-service-cidr.ts';
import {
  type BootstrapObject,
  bootstrapObjects,
  kubernetesEndpointSlice,
  kubernetesEndpoints,
} from '../apiserver/bootstrap/objects.ts';
import { reconcileBinding, reconcileRole } from '../apiserver/bootstrap/reconcile.ts';
import type { ObjectReader } from '../apiserver/reader.ts';
import type { Client } from '../client/client.ts';
import type { Clock } from '../clock.ts';
import { NAMESPACE_SYSTEM } from '../constants.ts';

export interface BootstrapContext {
  client: Client;
  reader: ObjectReader;
  /** Of the service range: the first address is the API's, the tenth DNS'. */
  serviceIp: string;
  dnsIp: string;
  serviceCidr: string;
  clock: Clock;
  apiPort: number;
  /** Where the API is reached from pods. */
  advertiseAddress: string;
  clientCa: string;
  frontProxyCa: string;
}

/** Throws when this store belongs to a cluster with another range of Service addresses: those cannot be changed. */
export async function writeBootstrapObjects(context: BootstrapContext): Promise<void> {
  const { clusterIP } = context.reader.get(services, 'default', 'kubernetes')?.spec ?? {};
  if (clusterIP !== undefined && clusterIP !== context.serviceIp) {
    throw new Error(
      `this cluster was made with another range of Service addresses (its API is at ${clusterIP}, not ${context.serviceIp}): start it with the --service-cidr it had, or choose another --data-dir`,
    );
  }
  const objects = [
    ...bootstrapObjects(context),
    { type: services, object: dnsService(context.dnsIp), ifExists: 'content' as const },
    ...apiEndpoints(context),
    { type: clusterRoles, object: METRICS_READER, ifExists: 'rbac' as const },
  ];
  // Namespaces come first: what lives in them is refused before they are there.
  const [namespaces, others] = [objects.filter(isNamespace), objects.filter((o) => !isNamespace(o))];
  for (const group of [namespaces, others]) await Promise.all(group.map((object) => ensure(object, context)));
  await ensureDefaultServiceCidr(context);
}

const isNamespace = ({ type }: BootstrapObject): boolean => type.plural === 'namespaces';

const apiEndpoints = ({ advertiseAddress: address, apiPort: port }: BootstrapContext): BootstrapObject[] => [
  { type: endpointSlices, object: kubernetesEndpointSlice({ address, port }), ifExists: 'content' },
  { type: endpoints, object: kubernetesEndpoints({ address, port }), ifExists: 'content' },
];

/** Whoever may view a namespace may ask what its pods use: the role that a metrics-server brings along. */
const METRICS_READER: AnyObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: {
    name: 'system:aggregated-metrics-reader',
    labels: Object.fromEntries(
      ['admin', 'edit', 'view'].map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']),
    ),
  },
  rules: [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
};

/** The name servers' Service. It has no endpoints: the host itself answers on the address (see dns/). */
const dnsService = (clusterIP: string): AnyObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'kube-dns',
    namespace: NAMESPACE_SYSTEM,
    labels: {
      'k8s-app': 'kube-dns',
      'kubernetes.io/cluster-service': 'true',
      'kubernetes.io/name': 'CoreDNS',
      'service.kubernetes.io/service-proxy-name': 'tsukube-dns',
    },
  },
  spec: {
    type: 'ClusterIP',
    clusterIP,
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
    ],
  },
});

async function ensure(
  { type, object, ifExists, fieldManager }: BootstrapObject,
  context: BootstrapContext,
): Promise<void> {
  const { client, reader } = context;
  const existing = reader.get(type, object.metadata.namespace, object.metadata.name as string);
  if (!existing) {
    await client.create(type, object, fieldManager ? { fieldManager } : {}).catch((error: unknown) => {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    });
    return;
  }
  if (ifExists === 'content') await putContentBack(type, existing, object, client);
  else if (ifExists === 'rbac') await bringUpToDate(type, existing, object, client);
}

/** Only what we say is compared: fields the server filled in are left alone. */
async function putContentBack(
  type: ResourceType,
  existing: KubeObject,
  wanted: AnyObject,
  client: Client,
): Promise<void> {
  const { apiVersion: _a, kind: _k, metadata, ...content } = wanted;
  if (contains(existing, { metadata, ...content })) return;
  const body = { metadata: { labels: metadata.labels }, ...content };
  await client.patch(type, metadata.namespace, metadata.name as string, { type: 'merge', body });
}

/** Whether every member of `part` stands in `whole`; lists must be as long and match item by item. */
export function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return Array.isArray(whole) && whole.length === part.length && part.every((item, i) => contains(whole[i], item));
  }
  if (typeof part === 'object' && part !== null) {
    return (
      typeof whole === 'object' &&
      whole !== null &&
      Object.entries(part).every(
        ([key, value]) => value === undefined || contains((whole as Record<string, unknown>)[key], value),
      )
    );
  }
  return isDeepStrictEqual(whole, part);
}

async function bringUpToDate(
  type: ResourceType,
  existing: KubeObject,
  wanted: AnyObject,
  client: Client,
): Promise<void> {
  if (!type.plural.endsWith('bindings')) {
    const role = reconcileRole(existing as ClusterRole, wanted as unknown as ClusterRole);
    if (role) await client.update(type, role);
    return;
  }
  const change = reconcileBinding(existing as ClusterRoleBinding, wanted as unknown as ClusterRoleBinding);
  if (change?.change === 'update') await client.update(type, change.binding);
  else if (change?.change === 'recreate') {
    await client.delete(type, existing.metadata.namespace, existing.metadata.name as string);
    await client.create(type, change.binding);
  }
}
