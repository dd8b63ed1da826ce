// The registry's view of who owns which field. The algorithms are in apimachinery/patch/apply.
import type { ResourceDefinition } from '../../api/definition.ts';
import type { AnyObject, Json, ManagedFieldsEntry, ObjectMeta } from '../../apimachinery/meta.ts';

export interface OwnershipChange {
  definition: ResourceDefinition;
  /** What is stored now; undefined on create. */
  live: AnyObject | undefined;
  manager: string;
  subresource: string;
}

export interface FieldManagers {
  /** Writes metadata.managedFields of `object` as an Update by `manager` leaves it. */
  trackUpdate(object: AnyObject, change: OwnershipChange): void;
  /** The result of applying `patch`, without defaults, to `live`. Throws 409 when others own what it changes and `force` is off. */
  apply(patch: Json, change: OwnershipChange & { force: boolean }): AnyObject;
  /** `next` with the times of `live` when nothing but those would change, so that nothing is written. */
  keepTimes(live: AnyObject, next: AnyObject): AnyObject;
  /** Puts `before` back, with a warning, where admission left managedFields that cannot be read. */
  restoreInvalid(
    metadata: ObjectMeta,
    before: readonly ManagedFieldsEntry[] | undefined,
    warn: (text: string) => void,
  ): void;
}
