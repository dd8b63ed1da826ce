// The default roles and bindings, upstream's controllers' included, from the facts.
import type { ResourceType } from '../../api/definition.ts';
import rbacFacts from '../../api/facts/rbac.json' with { type: 'json' };
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../api/resources.ts';
import type { ClusterRole } from '../../api/types/rbac/v1.ts';
import type { KubeObject } from '../../apimachinery/meta.ts';
import { clusterRoleAggregation } from '../authorization/aggregation.ts';

export function bootstrapRbac(): { type: ResourceType; object: KubeObject }[] {
  const of = (type: ResourceType, objects: readonly object[]) =>
    objects.map((object) => ({ type, object: object as KubeObject }));
  return [
    ...of(
      clusterRoles,
      aggregated([...rbacFacts.clusterRoles, ...rbacFacts.controllerRoles] as unknown as ClusterRole[]),
    ),
    ...of(clusterRoleBindings, [...rbacFacts.clusterRoleBindings, ...rbacFacts.controllerRoleBindings]),
    ...of(roles, Object.values(rbacFacts.namespaceRoles).flat()),
    ...of(roleBindings, Object.values(rbacFacts.namespaceRoleBindings).flat()),
  ];
}

/**
 * Roles with their aggregated rules filled in, so that admin, edit and view work before any controller runs. An
 * aggregate of an aggregate needs another pass.
 */
function aggregated(given: readonly ClusterRole[]): ClusterRole[] {
  let all = given.map((role): ClusterRole => ({ ...role, rules: role.rules ?? [] }));
  for (;;) {
    const changes = new Map(clusterRoleAggregation(all).map(({ name, rules }) => [name, rules]));
    if (changes.size === 0) return all;
    all = all.map((role) => ({ ...role, rules: changes.get(role.metadata.name ?? '') ?? role.rules }));
  }
}
