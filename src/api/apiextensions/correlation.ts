// Which old value a value had, and whether it is as it was: what did not change is not judged anew
// (k8s.io/apiserver pkg/cel/common/equality.go).
import { isDeepStrictEqual } from 'node:util';
import { type Fields, isFields, itemsOf, memberOf, type Schema } from './schema.ts';

export interface Correlation {
  isUnchanged(): boolean;
  /** Undefined when it is not known what it was. */
  key(name: string): Correlation | undefined;
  index(index: number): Correlation | undefined;
}

export function correlate(value: unknown, old: unknown, schema: Schema): Correlation {
  const children = new Map<string | number, Correlation | undefined>();
  const find = oldItemOf(schema, old);
  let unchanged: boolean | undefined;

  const remembered = (place: string | number, make: () => Correlation | undefined): Correlation | undefined => {
    if (!children.has(place)) children.set(place, make());
    return children.get(place);
  };
  const own: Correlation = {
    isUnchanged() {
      unchanged ??= isSame();
      return unchanged;
    },
    key: (name) =>
      remembered(name, () => {
        if (!isFields(value) || !isFields(old)) return undefined;
        if (!Object.hasOwn(value, name) || !Object.hasOwn(old, name)) return undefined;
        const member = memberOf(schema, name);
        return member && correlate(value[name], old[name], member);
      }),
    index: (index) =>
      remembered(index, () => {
        const items = itemsOf(schema);
        if (!Array.isArray(value) || !items || index >= value.length) return undefined;
        const before = find?.(value[index]);
        return before === undefined || before === null ? undefined : correlate(value[index], before, items);
      }),
  };

  function isSame(): boolean {
    if (Array.isArray(value) && Array.isArray(old)) {
      if (value.length !== old.length) return false;
      if (!find) return isDeepStrictEqual(value, old);
      return value.every((_, i) => own.index(i)?.isUnchanged() ?? false);
    }
    if (isFields(value) && isFields(old)) {
      const names = Object.keys(value);
      return names.length === Object.keys(old).length && names.every((name) => own.key(name)?.isUnchanged() ?? false);
    }
    return isDeepStrictEqual(value, old);
  }
  return own;
}

/** What an item was before, where lists have keys; undefined where that cannot be known. */
export function oldItemOf(schema: Schema, old: unknown): ((item: unknown) => unknown) | undefined {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const keyOf = (item: unknown) =>
    JSON.stringify(keys.map((key) => (isFields(item) ? (item as Fields)[key] : undefined)));
  let byKey: Map<string, unknown> | undefined;
  return (item) => {
    byKey ??= new Map(old.map((one: unknown) => [keyOf(one), one]));
    return byKey.get(keyOf(item));
  };
}
