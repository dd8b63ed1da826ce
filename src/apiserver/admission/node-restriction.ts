// NodeRestriction: a kubelet writes only its own node, lease and the pods bound to it
// (plugin/pkg/admission/noderestriction/admission.go).
import { isDeepStrictEqual } from 'node:util';
import { nodes, pods } from '../../api/resources.ts';
import type { TokenRequest } from '../../api/types/authentication/v1.ts';
import type { Node, Pod } from '../../api/types/core/v1.ts';
import { notFound } from '../../apimachinery/status-error.ts';
import { NAMESPACE_NODE_LEASE } from '../../constants.ts';
import { nodeIdentity } from '../authorization/node.ts';
import { podReferences } from '../authorization/pod-references.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { refuse, resourceOf } from './request.ts';
import { audienceProblem } from './token-audience.ts';

type Check = (request: AdmissionRequest, node: string, options: NodeRestrictionOptions) => void | Promise<void>;

export interface NodeRestrictionOptions {
  reader: ObjectReader;
  authorizer: Authorizer;
}

export const nodeRestriction = (options: NodeRestrictionOptions): AdmissionPlugin => ({
  name: 'NodeRestriction',
  admit(request) {
    const node = nodeIdentity(request.user);
    if (node === undefined) return;
    if (node === '') {
      throw refuse(request, `could not determine node from user ${JSON.stringify(request.user.username)}`);
    }
    return CHECKS[resourceOf(request)]?.(request, node, options);
  },
});

const CHECKS: Readonly<Record<string, Check>> = {
  pods: checkPod,
  nodes: checkNode,
  serviceaccounts: checkToken,
  persistentvolumeclaims: (request) => {
    if (request.subresource !== 'status') throw refuse(request, 'may only update PVC status');
  },
  'leases.coordination.k8s.io': (request, node) => {
    if (request.namespace !== NAMESPACE_NODE_LEASE) {
      throw refuse(request, `can only access leases in the "${NAMESPACE_NODE_LEASE}" system namespace`);
    }
    if (nameOf(request) !== node) {
      throw refuse(request, 'can only access node lease with the same name as the requesting node');
    }
  },
  'csinodes.storage.k8s.io': (request, node) => {
    if (nameOf(request) !== node) {
      throw refuse(request, 'can only access CSINode with the same name as the requesting node');
    }
  },
};

/** On create the name is in the object only. */
const nameOf = (request: AdmissionRequest): string =>
  (request.operation === 'CREATE' ? request.object?.metadata.name : request.name) ?? '';

const show = (name: string): string => JSON.stringify(name);

function checkPod(request: AdmissionRequest, node: string, { reader }: NodeRestrictionOptions): void {
  const { operation, subresource, namespace, name } = request;
  if (subresource === 'eviction') {
    if (operation !== 'CREATE') throw refuse(request, `unexpected operation ${show(operation)}`);
    const pod = reader.get(pods, namespace, name || (request.object?.metadata.name ?? ''));
    if (!pod) throw notFound({ group: '', resource: 'pods' }, name);
    if (pod.spec?.nodeName !== node) {
      throw refuse(request, `node ${show(node)} can only evict pods with spec.nodeName set to itself`);
    }
  } else if (subresource === 'status') {
    checkPodStatus(request, node);
  } else if (subresource !== '') {
    throw refuse(request, `unexpected pod subresource ${show(subresource)}, only 'status' and 'eviction' are allowed`);
  } else if (operation === 'CREATE') {
    checkMirrorPod(request, node, reader);
  } else if (operation === 'DELETE') {
    const pod = reader.get(pods, namespace, name);
    if (!pod) throw notFound({ group: '', resource: 'pods' }, name);
    if (pod.spec?.nodeName !== node) {
      throw refuse(request, `node ${show(node)} can only delete pods with spec.nodeName set to itself`);
    }
  } else {
    throw refuse(
      request,
      `unexpected operation ${show(operation)}, node ${show(node)} can only create and delete mirror pods`,
    );
  }
}

function checkPodStatus(request: AdmissionRequest, node: string): void {
  if (request.operation !== 'UPDATE') throw refuse(request, `unexpected operation ${show(request.operation)}`);
  const [pod, old] = [request.object, request.oldObject] as unknown as Pod[];
  if (old?.spec?.nodeName !== node) {
    throw refuse(request, `node ${show(node)} can only update pod status for pods with spec.nodeName set to itself`);
  }
  if (!isDeepStrictEqual(pod?.metadata.labels ?? {}, old.metadata.labels ?? {})) {
    throw refuse(request, `node ${show(node)} cannot update labels through pod status`);
  }
}

function checkMirrorPod(request: AdmissionRequest, node: string, reader: ObjectReader): void {
  const pod = request.object as unknown as Pod;
  const only = (what: string) => refuse(request, `node ${show(node)} can only create pods with ${what}`);
  const mirror = 'kubernetes.io/config.mirror';
  if (pod.metadata.annotations?.[mirror] === undefined) {
    throw refuse(request, `pod does not have "${mirror}" annotation, node ${show(node)} can only create mirror pods`);
  }
  if (pod.spec?.nodeName !== node) throw only('spec.nodeName set to itself');
  const owners = pod.metadata.ownerReferences ?? [];
  if (owners.length > 1) throw only('a single owner reference set to itself');
  const [owner] = owners;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    throw only('an owner reference set to itself');
  }
  if (owner.controller !== true) throw only('a controller owner reference set to itself');
  if (owner.blockOwnerDeletion) {
    throw refuse(request, `node ${show(node)} must not set blockOwnerDeletion on an owner reference`);
  }
  const uid = reader.get(nodes, undefined, node)?.metadata.uid;
  if (uid === undefined) throw notFound({ group: '', resource: 'nodes' }, node);
  if (owner.uid !== uid) throw refuse(request, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`);
  const { secrets, configMaps, claims } = podReferences(pod);
  const named = [
    [pod.spec.serviceAccountName, 'serviceaccounts'],
    [secrets.size, 'secrets'],
    [configMaps.size, 'configmaps'],
    [claims.size, 'persistentvolumeclaims'],
  ].find(([any]) => any);
  if (named) throw refuse(request, `node ${show(node)} can not create pods that reference ${named[1]}`);
}

function checkNode(request: AdmissionRequest, node: string): void {
  const requested = request.name || nameOf(request);
  if (requested !== node) {
    throw refuse(request, `node ${show(node)} is not allowed to modify node ${show(requested)}`);
  }
  const [now, old] = [request.object, request.oldObject] as unknown as Node[];
  if (request.operation === 'CREATE') {
    const labels = forbiddenLabels(now?.metadata.labels ?? {}, {});
    if (labels.length > 0) {
      throw refuse(request, `node ${show(node)} is not allowed to set the following labels: ${labels.join(', ')}`);
    }
  }
  if (request.operation !== 'UPDATE') return;
  if (!isDeepStrictEqual(now?.spec?.taints ?? [], old?.spec?.taints ?? [])) {
    throw refuse(request, `node ${show(node)} is not allowed to modify taints`);
  }
  if (!isDeepStrictEqual(now?.metadata.ownerReferences ?? [], old?.metadata.ownerReferences ?? [])) {
    throw refuse(request, `node ${show(node)} is not allowed to modify ownerReferences`);
  }
  const labels = forbiddenLabels(now?.metadata.labels ?? {}, old?.metadata.labels ?? {});
  if (labels.length > 0) throw refuse(request, `is not allowed to modify labels: ${labels.join(', ')}`);
}

async function checkToken(request: AdmissionRequest, node: string, options: NodeRestrictionOptions): Promise<void> {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
  const bound = (request.object as unknown as TokenRequest).spec.boundObjectRef;
  if (bound?.apiVersion !== 'v1' || bound.kind !== 'Pod' || !bound.name) {
    throw refuse(request, 'node requested token not bound to a pod');
  }
  if (!bound.uid) throw refuse(request, 'node requested token with a pod binding without a uid');
  const pod = options.reader.get(pods, request.namespace, bound.name);
  if (!pod) throw notFound({ group: '', resource: 'pods' }, bound.name);
  if (pod.metadata.uid !== bound.uid) {
    throw refuse(
      request,
      `the UID in the bound object reference (${bound.uid}) does not match the UID in record. ` +
        'The object might have been deleted and then recreated',
    );
  }
  if (pod.spec?.nodeName !== node) {
    throw refuse(request, 'node requested token bound to a pod scheduled on a different node');
  }
  const problem = await audienceProblem(request, pod, options);
  if (problem) throw refuse(request, problem);
}

/** Labels of Kubernetes' own domains that a kubelet may set (pkg/kubelet/apis/well_known_labels.go). */
const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'beta.kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/arch',
]);
const KUBELET_LABEL_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

function forbiddenLabels(now: Record<string, string>, old: Record<string, string>): string[] {
  const changed = [...new Set([...Object.keys(now), ...Object.keys(old)])].filter((key) => now[key] !== old[key]);
  return changed.filter(isForbiddenLabel).sort();
}

function isForbiddenLabel(key: string): boolean {
  const domain = key.includes('/') ? (key.split('/')[0] as string) : '';
  const within = (parent: string) => domain === parent || domain.endsWith(`.${parent}`);
  if (within('node-restriction.kubernetes.io')) return true;
  if (!within('kubernetes.io') && !within('k8s.io')) return false;
  return !KUBELET_LABELS.has(key) && !KUBELET_LABEL_DOMAINS.some(within);
}
