// Nobody grants more than they hold: the check on writes of roles and bindings. Rules and wordings:
// pkg/registry/rbac/{clusterrole,role,clusterrolebinding,rolebinding}/policybased and escalation_check.go.
import type { ClusterRole, PolicyRule, RoleRef } from '../../api/types/rbac/v1.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { forbidden, notFound } from '../../apimachinery/status-error.ts';
import type { Attributes, Authorizer, UserInfo } from '../identity.ts';
import { compactRules, describeRule, quoteAll, uncoveredRules } from './policy-rule.ts';
import { isPrivileged } from './privileged.ts';
import type { RbacAuthorizer } from './rbac.ts';

export interface EscalationCheck {
  rbac: RbacAuthorizer;
  /** Asked for the verbs escalate and bind, which lift the check. */
  authorizer: Authorizer;
}

export interface RbacWrite {
  /** roles, clusterroles, rolebindings or clusterrolebindings. */
  resource: string;
  /** '' for cluster-scoped ones. */
  namespace: string;
  object: AnyObject;
  /** Absent on create. */
  oldObject?: AnyObject;
  user: UserInfo;
}

const GROUP = 'rbac.authorization.k8s.io';
const EVERYTHING: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** Throws StatusError 403 when `write` would grant rights its user does not have. */
export async function checkEscalation(write: RbacWrite, check: EscalationCheck): Promise<void> {
  if (isPrivileged(write.user)) return;
  if (write.oldObject && onlyCollectionFieldsChanged(write.object, write.oldObject)) return;
  const isBinding = write.resource.endsWith('bindings');
  await (isBinding ? checkBinding(write, check) : checkRole(write, check));
}

async function checkRole(write: RbacWrite, { rbac, authorizer }: EscalationCheck): Promise<void> {
  const { resource, namespace, object, oldObject, user } = write;
  const name = object.metadata.name ?? '';
  if (await allowed(authorizer, { user, verb: 'escalate', namespace, resource, name })) return;
  const held = rbac.rulesFor(user, namespace);
  const role = object as unknown as ClusterRole;
  const refusal = escalation(user, held, role.rules ?? []);
  if (refusal) throw forbidden({ group: GROUP, resource }, name, refusal);
  // An aggregation rule can gather anything, so that only who holds everything may set it.
  if (hasAggregation(object) || (oldObject && hasAggregation(oldObject))) {
    if (uncoveredRules(held.rules, EVERYTHING).length > 0) {
      throw forbidden(
        { group: GROUP, resource },
        name,
        'must have cluster-admin privileges to use the aggregationRule',
      );
    }
  }
}

async function checkBinding(write: RbacWrite, { rbac, authorizer }: EscalationCheck): Promise<void> {
  const { resource, namespace, object, user } = write;
  const roleRef = object.roleRef as RoleRef;
  const roleResource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (await allowed(authorizer, { user, verb: 'bind', namespace, resource: roleResource, name: roleRef.name })) return;
  const rules = rbac.rulesOf(roleRef, namespace);
  if (!rules)
    throw notFound({ group: GROUP, resource: roleResource === 'roles' ? 'role' : 'clusterrole' }, roleRef.name);
  const refusal = escalation(user, rbac.rulesFor(user, namespace), rules);
  if (refusal) throw forbidden({ group: GROUP, resource }, object.metadata.name ?? '', refusal);
}

function escalation(
  user: UserInfo,
  held: { rules: PolicyRule[]; errors: string[] },
  wanted: readonly PolicyRule[],
): string | undefined {
  const missing = uncoveredRules(held.rules, wanted);
  if (missing.length === 0) return undefined;
  const described = [...new Set(compactRules(missing).map(describeRule))].sort().join('\n');
  const who = `user ${JSON.stringify(user.username)} (groups=${quoteAll(user.groups)})`;
  const errors = held.errors.length > 0 ? `; resolution errors: [${held.errors.join(', ')}]` : '';
  return `${who} is attempting to grant RBAC permissions not currently held:\n${described}${errors}`;
}

async function allowed(
  authorizer: Authorizer,
  asked: Pick<Attributes, 'user' | 'verb' | 'namespace' | 'resource' | 'name'>,
): Promise<boolean> {
  const decision = await authorizer.authorize({
    ...asked,
    isResource: true,
    apiGroup: GROUP,
    apiVersion: '*',
    subresource: '',
    path: '',
  });
  return decision.result === 'allow';
}

const hasAggregation = (role: AnyObject): boolean =>
  ((role as unknown as ClusterRole).aggregationRule?.clusterRoleSelectors?.length ?? 0) > 0;

/** Whether nothing changed but what the garbage collector writes (owners and finalizers). */
function onlyCollectionFieldsChanged(object: AnyObject, old: AnyObject): boolean {
  const bare = (o: AnyObject) => {
    const { ownerReferences, finalizers, managedFields, resourceVersion, ...metadata } = o.metadata;
    return JSON.stringify([{ ...o, metadata: undefined }, metadata]);
  };
  return bare(object) === bare(old);
}
