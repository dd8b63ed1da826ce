// What a deletion does with dependents, written as finalizers for the garbage collector
// (registry/generic/registry/store.go shouldOrphanDependents, shouldDeleteDependents).
import type { ResourceDefinition } from '../../api/definition.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { DeleteOptions } from './delete-options.ts';

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

export function finalizersForPropagation(
  object: AnyObject,
  kindDefault: ResourceDefinition['defaultPropagation'],
  options: Pick<DeleteOptions, 'orphanDependents' | 'propagationPolicy'>,
): string[] {
  const present = object.metadata.finalizers ?? [];
  const wanted = propagation(present, kindDefault, options);
  const kept = present.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  if (wanted === 'Orphan') kept.push(ORPHAN);
  if (wanted === 'Foreground') kept.push(FOREGROUND);
  const same = kept.length === present.length && kept.every((finalizer) => present.includes(finalizer));
  return same ? [...present] : kept;
}

/** The request's word, else what an earlier one left, else the kind's. */
function propagation(
  present: readonly string[],
  kindDefault: ResourceDefinition['defaultPropagation'],
  { orphanDependents, propagationPolicy }: Pick<DeleteOptions, 'orphanDependents' | 'propagationPolicy'>,
): string {
  // Kinds that own nothing are not held for it, whatever is asked.
  if (kindDefault === 'None') return 'Background';
  if (orphanDependents !== undefined) return orphanDependents ? 'Orphan' : 'Background';
  if (propagationPolicy !== undefined) return propagationPolicy;
  if (present.includes(ORPHAN)) return 'Orphan';
  if (present.includes(FOREGROUND)) return 'Foreground';
  return kindDefault;
}
