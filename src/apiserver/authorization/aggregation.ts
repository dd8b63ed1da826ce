// Cluster role aggregation: a role with an aggregationRule holds the rules of all roles its selectors pick
// (pkg/controller/clusterroleaggregation).
import { isDeepStrictEqual } from 'node:util';
import type { ClusterRole, PolicyRule } from '../../api/types/rbac/v1.ts';
import { matchesLabelSelector } from '../../apimachinery/labels.ts';
import type { LabelSelector } from '../../apimachinery/meta.ts';

/** The aggregating roles of `roles` whose rules are not what they should be, with the rules they should have. */
export function clusterRoleAggregation(roles: readonly ClusterRole[]): { name: string; rules: PolicyRule[] }[] {
  const byName = roles.toSorted((a, b) => compare(a.metadata.name ?? '', b.metadata.name ?? ''));
  return byName
    .filter((role) => role.aggregationRule)
    .map((role) => ({ role, rules: aggregatedRules(role, byName) }))
    .filter(({ role, rules }) => !isDeepStrictEqual(rules, role.rules ?? []))
    .map(({ role, rules }) => ({ name: role.metadata.name as string, rules }));
}

function aggregatedRules(role: ClusterRole, byName: readonly ClusterRole[]): PolicyRule[] {
  const rules: PolicyRule[] = [];
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    for (const other of byName) {
      if (other === role || !matchesLabelSelector(selector as LabelSelector, other.metadata.labels)) continue;
      for (const rule of other.rules ?? []) {
        if (!rules.some((have) => isDeepStrictEqual(have, rule))) rules.push(rule);
      }
    }
  }
  return rules;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
