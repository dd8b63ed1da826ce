// Fills the rules of ClusterRoles that aggregate others by label (k8s.io/kubernetes pkg/controller/clusterroleaggregation).
import { clusterRoles } from '../api/resources.ts';
import type { ClusterRole, PolicyRule } from '../api/types/rbac/v1.ts';
import { matchesLabelSelector } from '../apimachinery/labels.ts';
import { type Controller, type ControllerContext, watchOf } from '../client/controller.ts';
import { canonical, sameValue } from './same.ts';

export const clusterRoleAggregationController = (): Controller => ({
  name: 'clusterrole-aggregation-controller',
  watches: [watchOf({ resource: clusterRoles, toKeys: aggregatesOf })],

  async reconcile(name, { client, informers }) {
    const { lister } = informers.for(clusterRoles);
    const role = lister.get(undefined, name);
    if (!role?.aggregationRule) return undefined;
    const rules = aggregated(role, lister.list());
    if (!sameValue(rules, role.rules)) await client.update(clusterRoles, { ...role, rules });
    return undefined;
  },
});

/** Those that select the changed role now or did before, and itself. */
function aggregatesOf(changed: ClusterRole, { informers }: ControllerContext, old?: ClusterRole): string[] {
  const selected = (role: ClusterRole) => selects(role, changed) || (old !== undefined && selects(role, old));
  return informers
    .for(clusterRoles)
    .lister.list()
    .filter((role) => role.metadata.name === changed.metadata.name || selected(role))
    .map((role) => role.metadata.name ?? '');
}

const selects = (role: ClusterRole, other: ClusterRole): boolean =>
  (role.aggregationRule?.clusterRoleSelectors ?? []).some((selector) =>
    matchesLabelSelector(selector, other.metadata.labels),
  );

/** In the order of the selectors, then of names; the same rule once. */
function aggregated(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const byName = all.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  const rules = new Map<string, PolicyRule>();
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    for (const other of byName) {
      if (other.metadata.name === role.metadata.name || !matchesLabelSelector(selector, other.metadata.labels))
        continue;
      for (const rule of other.rules ?? []) if (!rules.has(canonical(rule))) rules.set(canonical(rule), rule);
    }
  }
  return [...rules.values()];
}
