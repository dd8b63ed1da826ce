// Whether rules of webhooks and policies mean a request, and in which version of its resource
// (k8s.io/apiserver pkg/admission/plugin/webhook/predicates/rules/rules.go, plugin/policy/matching/matching.go).
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { NamedRuleWithOperations } from '../../../api/types/admissionregistration/v1.ts';
import type { AdmissionRequest } from '../../identity.ts';
import { nameOf, namespaceOf } from './attributes.ts';

type Resource = Pick<ResourceDefinition, 'group' | 'version' | 'plural'>;

const has = (items: readonly string[] | undefined, wanted: string): boolean =>
  items !== undefined && (items.includes('*') || items.includes(wanted));

const isNamespaces = ({ group, version, plural }: Resource): boolean =>
  group === '' && version === 'v1' && plural === 'namespaces';

/** Namespaces are of the cluster, though their requests name a namespace: themselves. */
function isInScope(scope: NamedRuleWithOperations['scope'], resource: Resource, request: AdmissionRequest): boolean {
  if (scope === undefined || scope === '*') return true;
  const ofCluster = isNamespaces(resource) || namespaceOf(request) === '';
  return scope === 'Cluster' ? ofCluster : !ofCluster;
}

const namesResource = (resources: readonly string[] | undefined, { plural }: Resource, subresource: string): boolean =>
  (resources ?? []).some((text) => {
    const [resource = '', sub = ''] = text.split('/');
    return (resource === '*' || resource === plural) && (sub === '*' || sub === subresource);
  });

const matches = (rule: NamedRuleWithOperations, resource: Resource, request: AdmissionRequest): boolean =>
  isInScope(rule.scope, resource, request) &&
  has(rule.operations, request.operation) &&
  has(rule.apiGroups, resource.group) &&
  has(rule.apiVersions, resource.version) &&
  namesResource(rule.resources, resource, request.subresource);

const meansName = ({ resourceNames }: NamedRuleWithOperations, request: AdmissionRequest): boolean =>
  !resourceNames?.length || resourceNames.includes(nameOf(request));

/** The other versions in which the same objects are served, each with the subresource. */
export type Equivalents = (request: AdmissionRequest) => readonly ResourceDefinition[];

export interface Rules {
  rules: readonly NamedRuleWithOperations[];
  matchPolicy?: string | undefined;
}

/** The version that a rule is for: the request's own where one is; undefined when there is none. */
export function matchedVersion(
  { rules, matchPolicy }: Rules,
  request: AdmissionRequest,
  equivalents: Equivalents,
): ResourceDefinition | undefined {
  const { definition } = request;
  if (rules.some((rule) => matches(rule, definition, request) && meansName(rule, request))) return definition;
  if (matchPolicy !== 'Equivalent') return undefined;
  for (const rule of rules) {
    const found = equivalents(request).find((other) => matches(rule, other, request));
    if (found && meansName(rule, request)) return found;
  }
  return undefined;
}
