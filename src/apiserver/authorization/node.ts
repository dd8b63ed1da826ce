// The Node authorizer: a kubelet (system:node:<name> in system:nodes) reads its own node and lease, the pods bound to
// it, and what these pods name. Rules and wordings: plugin/pkg/auth/authorizer/node/node_authorizer.go. Upstream keeps
// a graph for thousands of nodes; here the pods of one namespace are looked at when a kubelet asks.
import rbacFacts from '../../api/facts/rbac.json' with { type: 'json' };
import { persistentVolumeClaims, persistentVolumes, pods } from '../../api/resources.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import type { PolicyRule } from '../../api/types/rbac/v1.ts';
import { parseFieldSelector, requiredFieldValue } from '../../apimachinery/fields.ts';
import { SelectorError } from '../../apimachinery/labels.ts';
import { NAMESPACE_NODE_LEASE } from '../../constants.ts';
import type { Attributes, Authorizer, Decision, UserInfo } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { podReferences } from './pod-references.ts';
import { ruleAllows } from './policy-rule.ts';

const ALLOW: Decision = { result: 'allow' };
const NO_OPINION: Decision = { result: 'noOpinion' };
const no = (reason: string): Decision => ({ result: 'noOpinion', reason });

/** The node a user is the kubelet of: undefined for other users, '' for a kubelet without a name. */
export function nodeIdentity(user: UserInfo): string | undefined {
  const prefix = 'system:node:';
  return user.username.startsWith(prefix) && user.groups.includes('system:nodes')
    ? user.username.slice(prefix.length)
    : undefined;
}

export function createNodeAuthorizer(reader: ObjectReader): Authorizer {
  return {
    name: 'Node',
    authorize(attributes) {
      const node = nodeIdentity(attributes.user);
      if (node === undefined) return NO_OPINION;
      if (node === '') return no(`unknown node for user ${JSON.stringify(attributes.user.username)}`);
      const decide = attributes.isResource ? DECISIONS[`${attributes.resource}.${attributes.apiGroup}`] : undefined;
      if (decide) return decide(node, attributes, reader);
      return NODE_RULES.some((rule) => ruleAllows(rule, attributes)) ? ALLOW : NO_OPINION;
    },
  };
}

/** What every node may do alike, from the role system:node. */
const NODE_RULES: readonly PolicyRule[] =
  rbacFacts.clusterRoles.find((role) => role.metadata.name === 'system:node')?.rules ?? [];

type Decide = (node: string, attributes: Attributes, reader: ObjectReader) => Decision;

/** Resources where it matters which object is asked for. */
const DECISIONS: Readonly<Record<string, Decide>> = {
  'secrets.': (node, a, reader) =>
    readNamespaced(node, a, () => anyPodNames(reader, node, a.namespace, (refs) => refs.secrets.has(a.name))),
  'configmaps.': (node, a, reader) =>
    readNamespaced(node, a, () => anyPodNames(reader, node, a.namespace, (refs) => refs.configMaps.has(a.name))),
  'persistentvolumeclaims.': (node, a, reader) => {
    const related = () => anyPodNames(reader, node, a.namespace, (refs) => refs.claims.has(a.name));
    if (a.subresource !== 'status') return getOnly(node, a, related);
    if (a.verb !== 'update' && a.verb !== 'patch') return no('can only get/update/patch this type');
    return ifRelated(node, a, related);
  },
  'persistentvolumes.': (node, a, reader) => getOnly(node, a, () => usesVolume(reader, node, a.name)),
  'serviceaccounts.': serviceAccount,
  'pods.': pod,
  'nodes.': ownNode,
  'leases.coordination.k8s.io': (node, a) => {
    if (!OWN_OBJECT_VERBS.includes(a.verb)) return no('can only get, create, update, patch, or delete a node lease');
    if (a.namespace !== NAMESPACE_NODE_LEASE) {
      return no(`can only access leases in the "${NAMESPACE_NODE_LEASE}" system namespace`);
    }
    // The name is not known on create; NodeRestriction checks it then.
    if (a.verb !== 'create' && a.name !== node) {
      return no('can only access node lease with the same name as the requesting node');
    }
    return ALLOW;
  },
  'csinodes.storage.k8s.io': (node, a) => {
    if (!OWN_OBJECT_VERBS.includes(a.verb)) return no('can only get, create, update, patch, or delete a CSINode');
    if (a.subresource) return no('cannot authorize CSINode subresources');
    if (a.verb !== 'create' && a.name !== node) {
      return no('can only access CSINode with the same name as the requesting node');
    }
    return ALLOW;
  },
};

const OWN_OBJECT_VERBS = ['get', 'create', 'update', 'patch', 'delete'];

function serviceAccount(node: string, a: Attributes, reader: ObjectReader): Decision {
  const related = () => podsOf(reader, node, a.namespace).some((p) => p.spec?.serviceAccountName === a.name);
  if (a.verb === 'get' && !a.subresource) return readNamespaced(node, a, related);
  if (a.verb !== 'create' || !a.name) return no('can only create tokens for individual service accounts');
  if (a.subresource !== 'token') return no('can only create token subresource of serviceaccount');
  return ifRelated(node, a, related);
}

function pod(node: string, a: Attributes, reader: ObjectReader): Decision {
  const related = () => reader.get(pods, a.namespace, a.name)?.spec?.nodeName === node;
  // Which pod may be written is NodeRestriction's to check.
  if (a.subresource === 'status') return a.verb === 'update' || a.verb === 'patch' ? ALLOW : NO_OPINION;
  if (a.subresource === 'eviction') return a.verb === 'create' ? ALLOW : NO_OPINION;
  if (a.subresource) return NO_OPINION;
  switch (a.verb) {
    case 'get':
      return ifRelated(node, a, related);
    case 'list':
    case 'watch':
      if (selectsNode(a.fieldSelector, node)) return ALLOW;
      return a.name ? ifRelated(node, a, related) : no('can only list/watch pods with spec.nodeName field selector');
    case 'create':
    case 'delete':
      return ALLOW;
    default:
      return NO_OPINION;
  }
}

function ownNode(node: string, a: Attributes): Decision {
  if (a.subresource === 'status') return a.verb === 'update' || a.verb === 'patch' ? ALLOW : NO_OPINION;
  if (a.subresource) return NO_OPINION;
  switch (a.verb) {
    case 'create':
    case 'update':
    case 'patch':
      return ALLOW; // NodeRestriction limits it to its own
    case 'get':
    case 'list':
    case 'watch':
      if (a.name === node) return ALLOW;
      return a.name
        ? no(`node '${node}' cannot read '${a.name}', only its own Node object`)
        : no(`node '${node}' cannot read all nodes, only its own Node object`);
    default:
      return NO_OPINION;
  }
}

function readNamespaced(node: string, a: Attributes, related: () => boolean): Decision {
  if (!['get', 'list', 'watch'].includes(a.verb)) return no('can only read resources of this type');
  if (a.subresource) return no('cannot read subresource');
  if (!a.namespace) return no('can only read namespaced object of this type');
  return ifRelated(node, a, related);
}

function getOnly(node: string, a: Attributes, related: () => boolean): Decision {
  if (a.verb !== 'get') return no('can only get individual resources of this type');
  if (a.subresource) return no('cannot get subresource');
  return ifRelated(node, a, related);
}

function ifRelated(node: string, a: Attributes, related: () => boolean): Decision {
  if (!a.name) return no('No Object name found');
  return related() ? ALLOW : no(`no relationship found between node '${node}' and this object`);
}

const podsOf = (reader: ObjectReader, node: string, namespace?: string): Pod[] =>
  reader.list(pods, namespace).filter((p) => p.spec?.nodeName === node);

const anyPodNames = (
  reader: ObjectReader,
  node: string,
  namespace: string,
  names: (references: ReturnType<typeof podReferences>) => boolean,
): boolean => podsOf(reader, node, namespace).some((p) => names(podReferences(p)));

/** A volume belongs to the node through the claim it is bound to. */
function usesVolume(reader: ObjectReader, node: string, name: string): boolean {
  const claim = reader.get(persistentVolumes, undefined, name)?.spec?.claimRef;
  if (!claim?.namespace || !claim.name) return false;
  const bound = reader.get(persistentVolumeClaims, claim.namespace, claim.name)?.spec?.volumeName === name;
  return bound && anyPodNames(reader, node, claim.namespace, (refs) => refs.claims.has(claim.name as string));
}

function selectsNode(fieldSelector: string | undefined, node: string): boolean {
  if (!fieldSelector) return false;
  try {
    return requiredFieldValue(parseFieldSelector(fieldSelector), 'spec.nodeName') === node;
  } catch (error) {
    if (error instanceof SelectorError) return false; // the registry answers it with a 400
    throw error;
  }
}
