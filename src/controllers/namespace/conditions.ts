// What a Terminating namespace says about what holds it up
// (k8s.io/kubernetes pkg/controller/namespace/deletion/status_condition_utils.go). Pure.
import type { ResourceType } from '../../api/definition.ts';
import type { NamespaceCondition } from '../../api/types/core/v1.ts';
import { type Clock, timestamp } from '../../clock.ts';

export interface Remains {
  resources: { type: ResourceType; count: number }[];
  /** Finalizer → on how many objects. */
  finalizers: Map<string, number>;
  failures: unknown[];
}

type Wanted = Pick<NamespaceCondition, 'type' | 'status' | 'reason' | 'message'>;

export function terminationConditions(
  current: readonly NamespaceCondition[],
  remains: Remains,
  clock: Clock,
): NamespaceCondition[] {
  const result = [...current];
  for (const wanted of wantedConditions(remains)) {
    const at = result.findIndex((condition) => condition.type === wanted.type);
    const before = result[at];
    const same =
      before?.status === wanted.status && before.reason === wanted.reason && before.message === wanted.message;
    if (same) continue;
    const lastTransitionTime = before?.status === wanted.status ? before.lastTransitionTime : timestamp(clock);
    const condition = { ...wanted, lastTransitionTime };
    if (at < 0) result.push(condition);
    else result[at] = condition;
  }
  return result;
}

function wantedConditions({ resources, finalizers, failures }: Remains): Wanted[] {
  const messages = failures.map((error) => (error instanceof Error ? error.message : String(error))).toSorted();
  const counts = resources
    .map(({ type, count }) => `${type.plural}.${type.group} has ${count} resource instances`)
    .toSorted();
  const blockers = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`).toSorted();
  return [
    ok('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    ok(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    messages.length > 0
      ? failing(
          'NamespaceDeletionContentFailure',
          'ContentDeletionFailed',
          `Failed to delete all resource types, ${messages.length} remaining: ${messages.join(', ')}`,
        )
      : ok(
          'NamespaceDeletionContentFailure',
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        ),
    counts.length > 0
      ? failing(
          'NamespaceContentRemaining',
          'SomeResourcesRemain',
          `Some resources are remaining: ${counts.join(', ')}`,
        )
      : ok('NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed'),
    blockers.length > 0
      ? failing(
          'NamespaceFinalizersRemaining',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${blockers.join(', ')}`,
        )
      : ok('NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'),
  ];
}

const ok = (type: string, reason: string, message: string): Wanted => ({ type, status: 'False', reason, message });

const failing = (type: string, reason: string, message: string): Wanted => ({ type, status: 'True', reason, message });
