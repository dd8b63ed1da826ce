// Between values and sets: the fields a value sets, and a value without the fields of a set
// (typed/tofieldset.go and typed/remove.go of structured-merge-diff).
import { setField } from '../../codec/decoded.ts';
import type { Json, JsonObject } from '../../meta.ts';
import { isObject } from '../../value.ts';
import { byElement } from './compare.ts';
import { below, type FieldSet, FieldSetBuilder, fieldElement, isEmpty, type Path } from './field-set.ts';
import { ItemError, itemElement, type ListShape, type Shape, treat } from './shape.ts';

/** Every field `value` sets. */
export function fieldSetOf(value: Json, shape: Shape): FieldSet {
  const set = new FieldSetBuilder();
  collect(value, shape, [], set);
  return set;
}

function collect(value: Json, shape: Shape, path: Path, set: FieldSetBuilder): void {
  const treated = treat(shape, value);
  if (treated.as === 'leaf') set.insert(path);
  else if (treated.as === 'list') {
    for (const [element, items] of byElement((value as Json[]) ?? [], treated.list)) {
      const at = [...path, element];
      if (items.length === 1) collect(items[0] as Json, treated.list.item(), at, set);
      set.insert(at);
    }
  } else {
    for (const [key, member] of Object.entries((value ?? {}) as JsonObject)) {
      const at = [...path, fieldElement(key)];
      collect(member, treated.map.member(key) ?? { kind: 'deduced' }, at, set);
      const blank = member === null || (isObject(member) && Object.keys(member).length === 0);
      if (blank || !treated.map.declares(key)) set.insert(at);
    }
  }
}

/** `value` without what `set` names; null where nothing is left. */
export function removeFields(value: Json, set: FieldSet, shape: Shape): Json {
  const treated = treat(shape, value);
  if (treated.as === 'leaf') return shape.kind === 'scalar' ? value : null;
  if (treated.as === 'list') {
    const kept: Json[] = [];
    for (const item of (value ?? []) as Json[]) {
      const element = elementOf(item, treated.list);
      if (element !== undefined && set.members.has(element)) continue;
      const inner = element === undefined ? undefined : below(set, element);
      kept.push(inner && !isEmpty(inner) ? removeFields(item, inner, treated.list.item()) : item);
    }
    return kept.length > 0 ? kept : null;
  }
  const kept: JsonObject = {};
  for (const [key, member] of Object.entries((value ?? {}) as JsonObject)) {
    const element = fieldElement(key);
    if (set.members.has(element)) continue;
    const inner = below(set, element);
    const shapeOf = treated.map.member(key) ?? { kind: 'deduced' };
    setField(kept, key, isEmpty(inner) ? member : removeFields(member, inner, shapeOf));
  }
  return Object.keys(kept).length > 0 ? kept : null;
}

/** An item without a path element belongs to nobody and stays. */
function elementOf(item: Json, list: ListShape): string | undefined {
  try {
    return itemElement(list, item);
  } catch (error) {
    if (error instanceof ItemError) return undefined;
    throw error;
  }
}

/** Makes the struct fields on the way to a member members too, so that an emptied struct goes with its last field. */
export function withNamedFields(set: FieldSet, shape: Shape | undefined): FieldSet {
  const map = shape?.kind === 'map' ? shape : undefined;
  const members = new Set(set.members);
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const name = element.startsWith('f:') ? element.slice(2) : undefined;
    if (name !== undefined && map?.declares(name)) members.add(element);
    const inner =
      name !== undefined ? (map?.member(name) ?? deducedIf(shape)) : shape?.kind === 'list' ? shape.item() : undefined;
    children.set(element, withNamedFields(child, inner));
  }
  return { members, children };
}

const deducedIf = (shape: Shape | undefined): Shape | undefined => (shape?.kind === 'deduced' ? shape : undefined);
