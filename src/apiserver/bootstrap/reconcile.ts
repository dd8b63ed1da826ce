// What an existing default role or binding needs to be what this version wants: missing rules and subjects are added,
// what an administrator added stays (k8s.io/component-helpers/auth/rbac/reconciliation).
import { isDeepStrictEqual } from 'node:util';
import type { LabelSelector } from '../../api/types/meta/v1.ts';
import type { ClusterRole, ClusterRoleBinding, Subject } from '../../api/types/rbac/v1.ts';
import type { ObjectMeta } from '../../apimachinery/meta.ts';
import { uncoveredRules } from '../authorization/policy-rule.ts';

const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

/** The role to write, or undefined when `existing` is good or its owner declined updates. For Roles as well. */
export function reconcileRole(existing: ClusterRole, wanted: ClusterRole): ClusterRole | undefined {
  if (isProtected(existing.metadata)) return undefined;
  const rules = existing.rules ?? [];
  const missing = uncoveredRules(rules, wanted.rules ?? []);
  const role: ClusterRole = {
    ...existing,
    metadata: mergeMetadata(existing.metadata, wanted.metadata),
    rules: [...rules, ...missing],
  };
  if (!wanted.aggregationRule) delete role.aggregationRule;
  else {
    const selectors = existing.aggregationRule?.clusterRoleSelectors ?? [];
    const lacking = (wanted.aggregationRule.clusterRoleSelectors ?? []).filter(
      (selector) => !selectors.some((have: LabelSelector) => isDeepStrictEqual(have, selector)),
    );
    if (lacking.length > 0) role.aggregationRule = { clusterRoleSelectors: [...selectors, ...lacking] };
    // The rules of an aggregate are its controller's to write.
    if (existing.aggregationRule) role.rules = rules;
  }
  return isDeepStrictEqual(withoutNull(role), withoutNull(existing)) ? undefined : role;
}

export type BindingChange<T> = { change: 'update'; binding: T } | { change: 'recreate'; binding: T };

/** What to do with a binding, or undefined. A roleRef cannot be changed, so that another one means: make it anew. */
export function reconcileBinding<T extends ClusterRoleBinding>(existing: T, wanted: T): BindingChange<T> | undefined {
  if (isProtected(existing.metadata)) return undefined;
  if (!isDeepStrictEqual({ ...existing.roleRef }, { ...wanted.roleRef })) {
    return { change: 'recreate', binding: wanted };
  }
  const subjects = existing.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter((s) => !subjects.some((have) => sameSubject(have, s)));
  const metadata = mergeMetadata(existing.metadata, wanted.metadata);
  if (missing.length === 0 && isDeepStrictEqual(metadata, existing.metadata)) return undefined;
  return { change: 'update', binding: { ...existing, metadata, subjects: [...subjects, ...missing] } };
}

const isProtected = (metadata: ObjectMeta): boolean => metadata.annotations?.[AUTO_UPDATE] === 'false';

/** Wanted labels and annotations are added; where both say something the existing one stays. */
const mergeMetadata = (existing: ObjectMeta, wanted: ObjectMeta): ObjectMeta => ({
  ...existing,
  ...(wanted.labels ? { labels: { ...wanted.labels, ...existing.labels } } : {}),
  ...(wanted.annotations ? { annotations: { ...wanted.annotations, ...existing.annotations } } : {}),
});

const sameSubject = (a: Subject, b: Subject): boolean =>
  a.kind === b.kind &&
  a.name === b.name &&
  (a.namespace ?? '') === (b.namespace ?? '') &&
  (a.apiGroup ?? '') === (b.apiGroup ?? '');

const withoutNull = (role: ClusterRole): ClusterRole => ({ ...role, rules: role.rules ?? [] });
