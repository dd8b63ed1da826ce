// The RBAC authorizer: bindings indexed by subject, so that a decision looks only at the few that name the user or
// one of his groups. A change of a binding drops its part of the index; roles are read as they are now.
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../api/resources.ts';
import type { PolicyRule, RoleRef, Subject } from '../../api/types/rbac/v1.ts';
import type { Attributes, Authorizer, UserInfo } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { ruleAllows } from './policy-rule.ts';

export interface RbacAuthorizer extends Authorizer {
  authorize(attributes: Attributes): { result: 'allow' | 'noOpinion'; reason?: string };
  /** All rules that hold for a user in a namespace ('' for cluster-wide only), and what could not be resolved. */
  rulesFor(user: UserInfo, namespace: string): { rules: PolicyRule[]; errors: string[] };
  /** The rules a binding in `namespace` ('' for a ClusterRoleBinding) would grant; undefined when the role is missing. */
  rulesOf(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined;
  close(): void;
}

interface Binding {
  name: string;
  roleRef: RoleRef;
  /** As the allowing reason names it. */
  subject: string;
}

/** Subject key ("u:name", "g:name") → bindings that name it. */
type SubjectIndex = ReadonlyMap<string, readonly Binding[]>;

export function createRbacAuthorizer(reader: ObjectReader): RbacAuthorizer {
  let clusterWide: SubjectIndex | undefined;
  const byNamespace = new Map<string, SubjectIndex>();

  const stops = [
    reader.subscribe(clusterRoleBindings, () => {
      clusterWide = undefined;
    }),
    reader.subscribe(roleBindings, (binding) => {
      byNamespace.delete(binding.metadata.namespace ?? '');
    }),
  ];

  const clusterIndex = (): SubjectIndex => {
    clusterWide ??= indexBySubject(reader.list(clusterRoleBindings), '');
    return clusterWide;
  };
  const namespaceIndex = (namespace: string): SubjectIndex => {
    const known = byNamespace.get(namespace);
    if (known) return known;
    const made = indexBySubject(reader.list(roleBindings, namespace), namespace);
    byNamespace.set(namespace, made);
    return made;
  };

  const rulesOf = (roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined => {
    const role =
      roleRef.kind === 'ClusterRole'
        ? reader.get(clusterRoles, undefined, roleRef.name)
        : reader.get(roles, namespace, roleRef.name);
    return role && (role.rules ?? []);
  };

  /** Every binding that names the user; cluster-wide ones first. */
  function* bindingsOf(user: UserInfo, namespace: string): Generator<[Binding, string]> {
    const keys = [`u:${user.username}`, ...user.groups.map((group) => `g:${group}`)];
    const cluster = clusterIndex();
    for (const key of keys) for (const binding of cluster.get(key) ?? []) yield [binding, ''];
    if (!namespace) return;
    const local = namespaceIndex(namespace);
    for (const key of keys) for (const binding of local.get(key) ?? []) yield [binding, namespace];
  }

  return {
    name: 'RBAC',
    rulesOf,

    authorize(attributes) {
      const errors: string[] = [];
      for (const [binding, scope] of bindingsOf(attributes.user, attributes.namespace)) {
        const rules = rulesOf(binding.roleRef, scope);
        if (!rules) errors.push(missingRole(binding.roleRef));
        else if (rules.some((rule) => ruleAllows(rule, attributes))) {
          return { result: 'allow', reason: allowedBy(binding, scope) };
        }
      }
      return { result: 'noOpinion', ...(errors.length > 0 ? { reason: `RBAC: ${aggregate(errors)}` } : {}) };
    },

    rulesFor(user, namespace) {
      const rules: PolicyRule[] = [];
      const errors: string[] = [];
      for (const [binding, scope] of bindingsOf(user, namespace)) {
        const found = rulesOf(binding.roleRef, scope);
        if (found) rules.push(...found);
        else errors.push(missingRole(binding.roleRef));
      }
      return { rules, errors };
    },

    close() {
      for (const stop of stops) stop();
    },
  };
}

function indexBySubject(
  bindings: readonly { metadata: { name?: string }; roleRef: RoleRef; subjects?: Subject[] }[],
  namespace: string,
): SubjectIndex {
  const index = new Map<string, Binding[]>();
  for (const { metadata, roleRef, subjects } of bindings) {
    for (const subject of subjects ?? []) {
      const key = subjectKey(subject, namespace);
      const binding = { name: metadata.name ?? '', roleRef, subject: describeSubject(subject) };
      const same = index.get(key);
      if (same) same.push(binding);
      else index.set(key, [binding]);
    }
  }
  return index;
}

/** A service account without a namespace is one of the binding's own. */
function subjectKey(subject: Subject, namespace: string): string {
  switch (subject.kind) {
    case 'ServiceAccount':
      return `u:system:serviceaccount:${subject.namespace || namespace}:${subject.name}`;
    case 'Group':
      return `g:${subject.name}`;
    default:
      return `u:${subject.name}`;
  }
}

const describeSubject = (subject: Subject): string =>
  subject.kind === 'ServiceAccount'
    ? `ServiceAccount "${subject.name}/${subject.namespace ?? ''}"`
    : `${subject.kind} "${subject.name}"`;

/** RBAC: allowed by RoleBinding "read/default" of Role "reader" to User "jane" (Go's words, "name/namespace"). */
function allowedBy(binding: Binding, namespace: string): string {
  const [kind, name] = namespace
    ? ['RoleBinding', `${binding.name}/${namespace}`]
    : ['ClusterRoleBinding', binding.name];
  return `RBAC: allowed by ${kind} "${name}" of ${binding.roleRef.kind} "${binding.roleRef.name}" to ${binding.subject}`;
}

const missingRole = (roleRef: RoleRef): string =>
  `${roleRef.kind === 'ClusterRole' ? 'clusterrole' : 'role'}.rbac.authorization.k8s.io "${roleRef.name}" not found`;

/** As Go's errors.Aggregate prints: one as it is, several without repeats in brackets. */
function aggregate(errors: readonly string[]): string {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
}
