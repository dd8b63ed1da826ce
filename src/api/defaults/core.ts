// Defaults of the core group but Pods, after pkg/apis/core/v1/defaults.go.
import type { Struct, TypeDefault } from '../normalise.ts';
import { roundUp } from './pod.ts';

const CLIENT_IP_SECONDS = 10_800;

interface ServicePort {
  port?: number;
  targetPort?: number | string;
}

function service(value: Struct): void {
  const spec = (value.spec ?? {}) as Struct;
  value.spec = spec;
  spec.type ||= 'ClusterIP';
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP') {
    const config = spec.sessionAffinityConfig as { clientIP?: { timeoutSeconds?: number } } | undefined;
    if (config?.clientIP?.timeoutSeconds === undefined) {
      spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: CLIENT_IP_SECONDS } };
    }
  }
  for (const port of (spec.ports ?? []) as ServicePort[]) {
    if (!port.targetPort) port.targetPort = port.port ?? 0;
  }
  trafficPolicies(spec);
  if (spec.type === 'LoadBalancer') loadBalancer(spec, value.status as Struct | undefined);
}

function trafficPolicies(spec: Struct): void {
  const external =
    spec.type === 'NodePort' ||
    spec.type === 'LoadBalancer' ||
    (spec.type === 'ClusterIP' && Array.isArray(spec.externalIPs) && spec.externalIPs.length > 0);
  if (external) spec.externalTrafficPolicy ||= 'Cluster';
  if (['NodePort', 'LoadBalancer', 'ClusterIP'].includes(spec.type as string)) spec.internalTrafficPolicy ??= 'Cluster';
}

function loadBalancer(spec: Struct, status: Struct | undefined): void {
  spec.allocateLoadBalancerNodePorts ??= true;
  const balancer = status?.loadBalancer as { ingress?: { ip?: string; ipMode?: string }[] } | undefined;
  for (const ingress of balancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
}

/** Labels of the template select, and label the controller, where neither is given. */
function replicationController(value: Struct): void {
  const spec = (value.spec ?? {}) as Struct;
  value.spec = spec;
  const template = spec.template as { metadata?: { labels?: Record<string, string> } } | undefined;
  const labels = template?.metadata?.labels;
  if (!labels) return;
  if (isEmpty(spec.selector)) spec.selector = { ...labels };
  const metadata = (value.metadata ?? {}) as Struct;
  value.metadata = metadata;
  if (isEmpty(metadata.labels)) metadata.labels = { ...labels };
}

const isEmpty = (map: unknown): boolean => !map || Object.keys(map).length === 0;

function namespace(value: Struct): void {
  const metadata = (value.metadata ?? {}) as { name?: string; labels?: Record<string, string> };
  if (metadata.name) metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
}

function limitRangeItem(value: Struct): void {
  roundUp('max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio')(value);
  if (value.type !== 'Container') return;
  const { max, min } = value as Record<string, Struct | undefined>;
  const limits: Struct = { ...max, ...(value.default as Struct | undefined) };
  value.default = limits;
  value.defaultRequest = { ...min, ...limits, ...(value.defaultRequest as Struct | undefined) };
}

/** stringData is for writing only: its values become data, over what data has. */
function secret(value: Struct): void {
  const texts = (value.stringData ?? {}) as Record<string, string>;
  delete value.stringData;
  const encoded = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  if (encoded.length > 0) value.data = { ...(value.data as Struct | undefined), ...Object.fromEntries(encoded) };
}

export const coreDefaults: Readonly<Record<string, TypeDefault>> = {
  'io.k8s.api.core.v1.Service': service,
  'io.k8s.api.core.v1.ReplicationController': replicationController,
  'io.k8s.api.core.v1.Namespace': namespace,
  'io.k8s.api.core.v1.Secret': secret,
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference': (value) => {
    value.port ??= 443;
  },
  // Volumes inside of VolumeAttachments have the same spec without these.
  'io.k8s.api.core.v1.PersistentVolume': (value) => {
    const spec = (value.spec ?? {}) as Struct;
    value.spec = spec;
    spec.persistentVolumeReclaimPolicy ||= 'Retain';
    spec.volumeMode ??= 'Filesystem';
  },
  'io.k8s.api.core.v1.PersistentVolumeSpec': roundUp('capacity'),
  'io.k8s.api.core.v1.PersistentVolumeClaimStatus': roundUp('capacity', 'allocatedResources'),
  'io.k8s.api.core.v1.ResourceQuotaSpec': roundUp('hard'),
  'io.k8s.api.core.v1.ResourceQuotaStatus': roundUp('hard', 'used'),
  'io.k8s.api.core.v1.NodeStatus': (value) => {
    roundUp('capacity', 'allocatable')(value);
    if (value.capacity && !value.allocatable) value.allocatable = { ...(value.capacity as Struct) };
  },
  // The first range has a field of its own, which wins where the two differ.
  'io.k8s.api.core.v1.NodeSpec': (value) => {
    const { podCIDR, podCIDRs = [] } = value as { podCIDR?: string; podCIDRs?: string[] };
    if (podCIDR && podCIDRs[0] !== podCIDR) value.podCIDRs = [podCIDR];
    else if (!podCIDR && podCIDRs[0]) value.podCIDR = podCIDRs[0];
  },
  'io.k8s.api.core.v1.LimitRangeItem': limitRangeItem,
};
