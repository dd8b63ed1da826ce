// Names and numbers that several folders must agree on.

export const KUBERNETES_VERSION = '1.36.3';
export const PRODUCT = 'tsukube';

export const DEFAULT_DATA_DIR = '/var/lib/tsukube';
export const RUN_DIR = '/run/tsukube';

export const DEFAULT_API_PORT = 6443;
export const DEFAULT_KUBELET_PORT = 10250;
export const DEFAULT_CLUSTER_CIDR = '10.42.0.0/24';
export const DEFAULT_SERVICE_CIDR = '10.43.0.0/16';
export const DEFAULT_NODE_PORT_RANGE = '30000-32767';
export const DEFAULT_CLUSTER_DOMAIN = 'cluster.local';

export const NAMESPACE_SYSTEM = 'kube-system';
export const NAMESPACE_NODE_LEASE = 'kube-node-lease';
