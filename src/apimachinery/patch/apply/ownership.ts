// How ownership moves when an object changes (merge/update.go of structured-merge-diff): who writes a field owns it,
// who gave one up loses it, and what nobody owns any more goes.
import type { Json } from '../../meta.ts';
import { canonicalEqual } from '../../value.ts';
import { type Comparison, compare } from './compare.ts';
import { applyConflict, type ManagerConflict } from './conflicts.ts';
import { fieldSetOf, removeFields, withNamedFields } from './extract.ts';
import { difference, EMPTY, type FieldSet, intersection, isEmpty, recursiveDifference, union } from './field-set.ts';
import { type Manager, type ManagerId, type Managers, managerKey, tracked, withoutEmpty } from './managers.ts';
import { mergeValues } from './merge.ts';
import type { Shape } from './shape.ts';

export interface Ownership {
  shape: Shape;
  /** Fields that requests of this kind never own: status on the main resource, the rest on /status. */
  ignored: FieldSet;
}

function withFields({ encoded: _, ...manager }: Manager, fields: FieldSet): Manager {
  return { ...manager, fields };
}

/** Fields others own go over to the writer when `allowed` has all of them, else it is 409 for the rest. */
function takeFromOthers(
  changes: Comparison,
  managers: Managers,
  { writer, allowed }: { writer: string; allowed: FieldSet | 'all' },
): Managers {
  const written = union(changes.modified, changes.added);
  const conflicts: ManagerConflict[] = [];
  const result = new Map<string, Manager>();
  for (const [key, manager] of managers) {
    if (key === writer) {
      result.set(key, manager);
      continue;
    }
    const contested = intersection(manager.fields, written);
    const refused = allowed === 'all' ? EMPTY : difference(contested, allowed);
    if (!isEmpty(refused)) conflicts.push({ manager, fields: refused });
    const lost = union(contested, intersection(manager.fields, changes.removed));
    result.set(key, isEmpty(lost) ? manager : withFields(manager, difference(manager.fields, lost)));
  }
  if (conflicts.length > 0) throw applyConflict(conflicts);
  return withoutEmpty(result);
}

const changesOf = (before: Json, after: Json, { shape, ignored }: Ownership): Comparison => {
  const { added, modified, removed, untyped } = compare(before, after, shape);
  return {
    added: recursiveDifference(added, ignored),
    modified: recursiveDifference(modified, ignored),
    removed: recursiveDifference(removed, ignored),
    untyped,
  };
};

/**
 * The managers after `writer` changed `live` into `next`; entries that do not change keep their time. None are left of
 * an object that cannot be told apart (FieldManager.UpdateNoErrors).
 */
export function afterUpdate(
  live: Json,
  next: Json,
  { managers, writer, time, ownership }: { managers: Managers; writer: ManagerId; time: string; ownership: Ownership },
): Managers {
  const changes = changesOf(live, next, ownership);
  if (changes.untyped) return new Map();
  const result = new Map(takeFromOthers(changes, managers, { writer: '', allowed: 'all' }));
  const fields = tracked(union(changes.modified, changes.added));
  if (isEmpty(fields)) return result;
  const key = managerKey(writer);
  const before = result.get(key)?.fields ?? EMPTY;
  result.set(key, { ...writer, fields: union(fields, before), time });
  return result;
}

export interface Applied {
  /** Undefined when nothing changes. */
  object: Json | undefined;
  managers: Managers;
}

/** Lays `config` over `live` in the name of `writer`. Throws 409 for conflicts that are not `allowed`. */
export function afterApply(
  live: Json,
  config: Json,
  {
    managers,
    writer,
    allowed,
    ownership,
  }: { managers: Managers; writer: ManagerId; allowed: FieldSet | 'all'; ownership: Ownership },
): Applied {
  const { shape } = ownership;
  const key = managerKey(writer);
  const last = managers.get(key);
  const fields = recursiveDifference(fieldSetOf(config, shape), ownership.ignored);
  const claimed = new Map(managers).set(key, { ...writer, fields, time: last?.time });
  const merged = mergeValues(live, config, shape) ?? null;
  const object = last && !isEmpty(last.fields) ? prune(merged, last.fields, claimed, shape) : merged;
  const changes = changesOf(live, object, ownership);
  const owned = new Map(takeFromOthers(changes, claimed, { writer: key, allowed }));
  const kept = tracked(fields);
  if (isEmpty(kept)) owned.delete(key);
  else owned.set(key, { ...writer, fields: kept, time: last?.time });
  return { object: canonicalEqual(live, object) ? undefined : object, managers: owned };
}

/** Takes out what the manager owned before and nobody owns now. */
function prune(merged: Json, last: FieldSet, managers: Managers, shape: Shape): Json {
  const named = (set: FieldSet) => withNamedFields(set, shape);
  const stripped = removeFields(merged, named(last), shape);
  const all = named(fieldSetOf(merged, shape));
  const owned = named([...managers.values()].reduce<FieldSet>((sum, manager) => union(sum, manager.fields), EMPTY));
  const addedBack = removeFields(merged, difference(all, union(named(fieldSetOf(stripped, shape)), owned)), shape);
  // What went only because something around it did, and was not the manager's, stays.
  const left = named(fieldSetOf(addedBack, shape));
  return removeFields(merged, intersection(difference(all, left), named(last)), shape);
}
