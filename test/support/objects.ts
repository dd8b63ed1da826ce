// Builders for the objects that tests are about: the least that is valid, plus what the test gives.
import type { Deployment, ReplicaSet } from '../../src/api/types/apps/v1.ts';
import type { Namespace, Node, Pod, Service } from '../../src/api/types/core/v1.ts';

type Parts<T> = { [K in keyof T]?: NonNullable<T[K]> extends object ? Partial<NonNullable<T[K]>> : T[K] };

export const podObject = (name: string, parts: Parts<Pod> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  ...parts,
  metadata: { name, namespace: 'default', ...parts.metadata },
  spec: { containers: [{ name: 'main', image: 'example' }], ...parts.spec },
});

/** A Pod as the kubelet reports it when it runs and is ready. */
export const readyPod = (name: string, ip: string, parts: Parts<Pod> = {}): Pod =>
  podObject(name, {
    ...parts,
    spec: { nodeName: 'node-1', ...parts.spec },
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
      ...parts.status,
    },
  });

export const namespaceObject = (name: string, parts: Parts<Namespace> = {}): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  ...parts,
  metadata: { name, ...parts.metadata },
  spec: { finalizers: ['kubernetes'], ...parts.spec },
  status: { phase: 'Active', ...parts.status },
});

export const nodeObject = (name: string, parts: Parts<Node> = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  ...parts,
  metadata: { name, ...parts.metadata },
  spec: { ...parts.spec },
  status: { conditions: [], ...parts.status },
});

export const serviceObject = (name: string, parts: Parts<Service> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  ...parts,
  metadata: { name, namespace: 'default', ...parts.metadata },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.43.0.10',
    clusterIPs: ['10.43.0.10'],
    ipFamilies: ['IPv4'],
    ports: [{ name: '', port: 80, targetPort: 80, protocol: 'TCP' }],
    ...parts.spec,
  },
});

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'example:1' }] },
});

export const replicaSetObject = (name: string, parts: Parts<ReplicaSet> = {}): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  ...parts,
  metadata: { name, namespace: 'default', ...parts.metadata },
  spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: template(name), ...parts.spec },
  status: { replicas: 0, ...parts.status },
});

export const deploymentObject = (name: string, parts: Parts<Deployment> = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  ...parts,
  metadata: { name, namespace: 'default', ...parts.metadata },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: name } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...parts.spec,
    template: parts.spec?.template ?? template(name),
  },
});
