// The objects every cluster starts with, as a list in the order in which they are to be written. Only data: the daemon
// writes what is missing and reconciles the RBAC ones (reconcile.ts) at every start.
import type { ResourceType } from '../../api/definition.ts';
import bootstrapFacts from '../../api/facts/bootstrap.json' with { type: 'json' };
import {
  configMaps,
  flowSchemas,
  namespaces,
  priorityClasses,
  priorityLevelConfigurations,
  services,
} from '../../api/resources.ts';
import type { AnyObject, KubeObject } from '../../apimachinery/meta.ts';
import { NAMESPACE_NODE_LEASE, NAMESPACE_SYSTEM } from '../../constants.ts';
import { bootstrapRbac } from './rbac.ts';

export interface BootstrapObject {
  type: ResourceType;
  object: AnyObject;
  /**
   * What to do when it exists: 'keep' it, bring 'rbac' up to date (reconcileRole, reconcileBinding), or put the
   * wanted 'content' (spec or data) back.
   */
  ifExists: 'keep' | 'rbac' | 'content';
  /** Who owns the fields, when it is not the server as such. */
  fieldManager?: string;
}

export interface BootstrapOptions {
  /** First address of the service range. */
  serviceIp: string;
  apiPort: number;
  /** PEM; published for aggregated API servers. */
  clientCa: string;
  frontProxyCa: string;
}

/** pkg/registry/flowcontrol/rest/storage_flowcontrol.go */
const FLOW_CONTROL_PRODUCER = 'api-priority-and-fairness-config-producer-v1';

export function bootstrapObjects(options: BootstrapOptions): BootstrapObject[] {
  const { flowcontrol } = bootstrapFacts;
  const flowControl = (type: ResourceType, objects: readonly object[]) =>
    keep(type, objects).map((wanted) => ({ ...wanted, fieldManager: FLOW_CONTROL_PRODUCER }));
  const keep = (type: ResourceType, objects: readonly object[]) =>
    objects.map((object): BootstrapObject => ({ type, object: typed(type, object), ifExists: 'keep' }));
  return [
    ...keep(
      namespaces,
      ['default', NAMESPACE_SYSTEM, 'kube-public', NAMESPACE_NODE_LEASE].map((name) => ({ metadata: { name } })),
    ),
    ...bootstrapRbac().map(
      ({ type, object }): BootstrapObject => ({ type, object: typed(type, object), ifExists: 'rbac' }),
    ),
    ...keep(priorityClasses, SYSTEM_PRIORITY_CLASSES),
    ...flowControl(priorityLevelConfigurations, [...flowcontrol.plcMandatory, ...flowcontrol.plcSuggested]),
    ...flowControl(flowSchemas, [...flowcontrol.fsMandatory, ...flowcontrol.fsSuggested]),
    { type: services, object: typed(services, kubernetesService(options)), ifExists: 'content' },
    { type: configMaps, object: typed(configMaps, authenticationConfigMap(options)), ifExists: 'content' },
  ];
}

/** pkg/apis/scheduling/v1/helpers.go */
const SYSTEM_PRIORITY_CLASSES = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
];

/** pkg/controlplane/controller/kubernetesservice/controller.go */
const kubernetesService = ({ serviceIp, apiPort }: BootstrapOptions) => ({
  metadata: {
    name: 'kubernetes',
    namespace: 'default',
    labels: { component: 'apiserver', provider: 'kubernetes' },
  },
  spec: {
    type: 'ClusterIP',
    clusterIP: serviceIp,
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: apiPort }],
  },
});

/** How an aggregated API server learns whom to trust (pkg/controlplane/controller/clusterauthenticationtrust). */
const authenticationConfigMap = ({ clientCa, frontProxyCa }: BootstrapOptions) => ({
  metadata: { name: 'extension-apiserver-authentication', namespace: NAMESPACE_SYSTEM },
  data: {
    'client-ca-file': clientCa,
    'requestheader-client-ca-file': frontProxyCa,
    'requestheader-allowed-names': JSON.stringify(['front-proxy-client']),
    'requestheader-username-headers': JSON.stringify(['X-Remote-User']),
    'requestheader-uid-headers': JSON.stringify(['X-Remote-Uid']),
    'requestheader-group-headers': JSON.stringify(['X-Remote-Group']),
    'requestheader-extra-headers-prefix': JSON.stringify(['X-Remote-Extra-']),
  },
});

/** The EndpointSlice behind the kubernetes Service, which has no selector. */
export function kubernetesEndpointSlice(options: { address: string; port: number }): AnyObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': 'kubernetes' },
    },
    addressType: options.address.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [options.address], conditions: { ready: true } }],
    ports: [{ name: 'https', port: options.port, protocol: 'TCP' }],
  };
}

/** The Endpoints of the same, for clients that still read them. */
export function kubernetesEndpoints(options: { address: string; port: number }): AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [
      {
        addresses: [{ ip: options.address }],
        ports: [{ name: 'https', port: options.port, protocol: 'TCP' }],
      },
    ],
  };
}

const typed = ({ group, version, kind }: ResourceType, object: object): AnyObject => ({
  apiVersion: group ? `${group}/${version}` : version,
  kind,
  ...(structuredClone(object) as KubeObject),
});
