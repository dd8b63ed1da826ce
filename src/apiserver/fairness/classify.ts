// Which FlowSchema a request belongs to, and which flow within it (k8s.io/apiserver/pkg/util/flowcontrol/rule.go). Pure.
import type { FlowSchema, NonResourcePolicyRule, ResourcePolicyRule, Subject } from '../../api/types/flowcontrol/v1.ts';
import type { Attributes, UserInfo } from '../identity.ts';

/** In the order in which they are tried: lower precedence first, then by name. */
export const inOrder = (schemas: readonly FlowSchema[]): FlowSchema[] =>
  schemas.toSorted(
    (a, b) =>
      a.spec.matchingPrecedence - b.spec.matchingPrecedence ||
      ((a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1),
  );

/** The first of `ordered` that takes the request. */
export const classify = (ordered: readonly FlowSchema[], attributes: Attributes): FlowSchema | undefined =>
  ordered.find((schema) =>
    schema.spec.rules?.some(
      ({ subjects, resourceRules, nonResourceRules }) =>
        subjects.some((subject) => isOf(subject, attributes.user)) &&
        (attributes.isResource
          ? resourceRules?.some((rule) => coversResource(rule, attributes))
          : nonResourceRules?.some((rule) => coversPath(rule, attributes))),
    ),
  );

/** What a schema tells its requests apart by: those of one flow wait for each other before they wait for others. */
export function flowOf({ spec }: FlowSchema, { user, namespace }: Attributes): string {
  if (spec.distinguisherMethod?.type === 'ByUser') return user.username;
  return spec.distinguisherMethod?.type === 'ByNamespace' ? namespace : '';
}

const includes = (list: readonly string[], value: string): boolean => list.includes('*') || list.includes(value);

function isOf({ kind, user, group, serviceAccount }: Subject, who: UserInfo): boolean {
  if (kind === 'User') return user?.name === '*' || user?.name === who.username;
  if (kind === 'Group') return group?.name === '*' || who.groups.includes(group?.name ?? '');
  if (kind !== 'ServiceAccount' || !serviceAccount) return false;
  const prefix = `system:serviceaccount:${serviceAccount.namespace}:`;
  return serviceAccount.name === '*'
    ? who.username.startsWith(prefix)
    : who.username === `${prefix}${serviceAccount.name}`;
}

function coversResource(rule: ResourcePolicyRule, attributes: Attributes): boolean {
  const { verb, apiGroup, resource, subresource, namespace } = attributes;
  return (
    includes(rule.verbs, verb) &&
    includes(rule.apiGroups, apiGroup) &&
    includes(rule.resources, subresource ? `${resource}/${subresource}` : resource) &&
    (namespace === '' ? rule.clusterScope === true : includes(rule.namespaces, namespace))
  );
}

const coversPath = ({ verbs, nonResourceURLs }: NonResourcePolicyRule, { verb, path }: Attributes): boolean =>
  includes(verbs, verb) &&
  nonResourceURLs.some(
    (url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
  );
