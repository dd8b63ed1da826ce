// Lists, sets and optional values (cel-go ext/lists.go, ext/sets.go, cel/library.go; k8s.io/apiserver
// pkg/cel/library/lists.go).
import { contains, itemsOf, listOfValues, MAX_ITEMS } from '../collections.ts';
import { compare, equal } from '../equality.ts';
import {
  type Dict,
  type Duration,
  duration,
  failure,
  isFailure,
  isList,
  isOptionalValue,
  kindOf,
  type List,
  lengthOf,
  NONE,
  type Optional,
  some,
  type Timestamp,
  type Uint,
  uint,
  type Value,
} from '../values.ts';
import { type Implementation, type Library, ORDERED } from './library.ts';
import { operators } from './operators.ts';

/** Upstream's ids of sort() have the long names of times. */
const LONG: Readonly<Record<string, string>> = {
  duration: 'google.protobuf.Duration',
  timestamp: 'google.protobuf.Timestamp',
};

function isSorted(list: List): Value {
  for (let i = 1; i < list.size; i++) {
    const order = compare(list.at(i - 1), list.at(i));
    if (isFailure(order)) return order;
    if ((order as number) > 0) return false;
  }
  return true;
}

const extreme =
  (name: string, sign: number) =>
  (list: List): Value => {
    let best: Value | undefined;
    for (const item of itemsOf(list)) {
      const order = best === undefined ? 1 : compare(item, best);
      if (isFailure(order)) return order;
      if (best === undefined || sign * (order as number) > 0) best = item;
    }
    return best ?? failure(`${name} called on empty list`);
  };

const SUMS: Readonly<Record<string, { zero: Value; add: string }>> = {
  int: { zero: 0n, add: 'add_int64' },
  uint: { zero: uint(0n), add: 'add_uint64' },
  double: { zero: 0, add: 'add_double' },
  duration: { zero: duration(0n), add: 'add_duration_duration' },
};

function sum(type: string, list: List): Value {
  const { zero, add } = SUMS[type] as { zero: Value; add: string };
  const plus = operators.implement[add] as (a: Value, b: Value) => Value;
  let total = zero;
  for (const item of itemsOf(list)) {
    if (isFailure(item)) return item;
    total = plus(total, item);
    if (isFailure(total)) return total;
  }
  return total;
}

function indexOf(list: List, value: Value): Value {
  for (let i = 0; i < list.size; i++) if (equal(list.at(i), value) === true) return BigInt(i);
  return -1n;
}

function lastIndexOf(list: List, value: Value): Value {
  for (let i = list.size - 1; i >= 0; i--) if (equal(list.at(i), value) === true) return BigInt(i);
  return -1n;
}

function sortBy(list: List, keys: List): Value {
  const [first] = itemsOf(keys);
  if (first === undefined) return list;
  const kind = kindOf(first);
  if (!ORDERED.some((ordered) => ordered === kind)) return failure('list elements must be comparable');
  const pairs = Array.from({ length: list.size }, (_, i) => [keys.at(i), list.at(i)] as const);
  if (pairs.some(([key]) => kindOf(key) !== kind)) return failure('list elements must have the same type');
  pairs.sort(([a], [b]) => compare(a, b) as number);
  return listOfValues(pairs.map(([, item]) => item));
}

function slice(list: List, from: bigint, to: bigint): Value {
  const cannot = (why: string) => failure(`cannot slice(${from}, ${to}), ${why}`);
  if (from < 0n || to < 0n) return cannot('negative indexes not supported');
  if (from > to) return cannot('start index must be less than or equal to end index');
  if (to > list.size) return cannot(`list is length ${list.size}`);
  return listOfValues([...itemsOf(list)].slice(Number(from), Number(to)));
}

function flatten(list: List, depth = 1n): Value {
  if (depth < 0n) return failure('level must be non-negative');
  const items: Value[] = [];
  const visit = (one: List, levels: bigint): boolean => {
    for (const item of itemsOf(one)) {
      if (isList(item) && levels > 0n) {
        if (!visit(item, levels - 1n)) return false;
      } else if (items.push(item) > MAX_ITEMS) return false;
    }
    return true;
  };
  return visit(list, depth) ? listOfValues(items) : failure(`list too large: more than ${MAX_ITEMS} items`);
}

function distinct(list: List): Value {
  const items: Value[] = [];
  for (const item of itemsOf(list)) if (!items.some((one) => equal(item, one) === true)) items.push(item);
  return listOfValues(items);
}

function range(size: bigint): Value {
  if (size > MAX_ITEMS) return failure(`list too large: more than ${MAX_ITEMS} items`);
  return listOfValues(Array.from({ length: Math.max(Number(size), 0) }, (_, i) => BigInt(i)));
}

const includes = (list: List, items: List): boolean => [...itemsOf(items)].every((item) => contains(list, item));

function isZero(value: Value): boolean {
  switch (kindOf(value)) {
    case 'null':
      return true;
    case 'bytes':
      return (value as Uint8Array).length === 0;
    case 'list':
    case 'map':
      return (value as List | Dict).size === 0;
    case 'uint':
      return (value as Uint).value === 0n;
    case 'duration':
      return (value as Duration).nanos === 0n;
    case 'timestamp':
      return (value as Timestamp).seconds === -62_135_596_800n && (value as Timestamp).nanos === 0;
    case 'optional':
      return (value as Optional).value === undefined;
    default:
      return value === 0n || value === 0 || value === '' || value === false;
  }
}

function unwrap(list: List): Value {
  const found: Value[] = [];
  for (const item of itemsOf(list)) {
    if (!isOptionalValue(item)) return failure(`value ${kindOf(item)} is not optional`);
    if (item.value !== undefined) found.push(item.value);
  }
  return listOfValues(found);
}

const atOrNone = (list: List, index: number): Value => {
  const item = list.size > 0 ? list.at(index) : undefined;
  return item === undefined ? NONE : some(item);
};

const size = (value: string | Uint8Array | List | Dict): Value => {
  if (typeof value === 'string') return BigInt(lengthOf(value));
  return BigInt(value instanceof Uint8Array ? value.length : value.size);
};

const each = <T>(names: readonly string[], make: (name: string) => T): T[] => names.map(make);
const byId = (pairs: readonly (readonly [string, Implementation])[]) => Object.fromEntries(pairs);
const long = (name: string): string => LONG[name] ?? name;

export const lists: Library = {
  declare: [
    ...['bytes', 'list', 'map', 'string'].flatMap((name) => {
      const type = { list: 'list(A)', map: 'map(A, B)' }[name] ?? name;
      return [`size size_${name} (${type}) -> int`, `size ${name}_size ${type}.() -> int`];
    }),
    ...each(ORDERED, (name) => `isSorted list_${name}_is_sorted_bool list(${name}).() -> bool`),
    ...each(Object.keys(SUMS), (name) => `sum list_${name}_sum_${name} list(${name}).() -> ${name}`),
    ...each(ORDERED, (name) => `max list_${name}_max_${name} list(${name}).() -> ${name}`),
    ...each(ORDERED, (name) => `min list_${name}_min_${name} list(${name}).() -> ${name}`),
    'indexOf list_a_index_of_int list(A).(A) -> int',
    'lastIndexOf list_a_last_index_of_int list(A).(A) -> int',
    ...each(ORDERED, (name) => `sort list_${long(name)}_sort list(${name}).() -> list(${name})`),
    ...each(
      ORDERED,
      (name) => `@sortByAssociatedKeys list_${long(name)}_sortByAssociatedKeys list(T).(list(${name})) -> list(T)`,
    ),
    'slice list_slice list(T).(int, int) -> list(T)',
    'flatten list_flatten list(list(T)).() -> list(T)',
    'flatten list_flatten_int list(dyn).(int) -> list(dyn)',
    'distinct list_distinct list(T).() -> list(T)',
    'reverse list_reverse list(T).() -> list(T)',
    'lists.range lists_range (int) -> list(int)',
    'first list_first list(V).() -> optional(V)',
    'last list_last list(V).() -> optional(V)',
    'sets.contains list_sets_contains_list (list(T), list(T)) -> bool',
    'sets.equivalent list_sets_equivalent_list (list(T), list(T)) -> bool',
    'sets.intersects list_sets_intersects_list (list(T), list(T)) -> bool',
    'optional.none optional_none () -> optional(V)',
    'optional.of optional_of (V) -> optional(V)',
    'optional.ofNonZeroValue optional_ofNonZeroValue (V) -> optional(V)',
    'optional.unwrap optional_unwrap (list(optional(V))) -> list(V)',
    'unwrapOpt optional_unwrapOpt list(optional(V)).() -> list(V)',
    'hasValue optional_hasValue optional(V).() -> bool',
    'value optional_value optional(V).() -> V',
    'or optional_or_optional optional(V).(optional(V)) -> optional(V)',
    'orValue optional_orValue_value optional(V).(V) -> V',
  ],
  implement: {
    ...byId(
      ['bytes', 'list', 'map', 'string'].flatMap((n) => [[`size_${n}`, size] as const, [`${n}_size`, size] as const]),
    ),
    ...byId(ORDERED.map((name) => [`list_${name}_is_sorted_bool`, isSorted])),
    ...byId(Object.keys(SUMS).map((name) => [`list_${name}_sum_${name}`, (list: List) => sum(name, list)])),
    ...byId(ORDERED.map((name) => [`list_${name}_max_${name}`, extreme('max', 1)])),
    ...byId(ORDERED.map((name) => [`list_${name}_min_${name}`, extreme('min', -1)])),
    list_a_index_of_int: indexOf,
    list_a_last_index_of_int: lastIndexOf,
    ...byId(ORDERED.map((name) => [`list_${long(name)}_sort`, (list: List) => sortBy(list, list)])),
    ...byId(ORDERED.map((name) => [`list_${long(name)}_sortByAssociatedKeys`, sortBy])),
    list_slice: slice,
    list_flatten: flatten,
    list_flatten_int: flatten,
    list_distinct: distinct,
    list_reverse: (list: List) => listOfValues([...itemsOf(list)].reverse()),
    lists_range: range,
    list_first: (list: List) => atOrNone(list, 0),
    list_last: (list: List) => atOrNone(list, list.size - 1),
    list_sets_contains_list: includes,
    list_sets_equivalent_list: (a: List, b: List) => includes(a, b) && includes(b, a),
    list_sets_intersects_list: (a: List, b: List) => [...itemsOf(b)].some((item) => contains(a, item)),
    optional_none: () => NONE,
    optional_of: some,
    optional_ofNonZeroValue: (value: Value) => (isZero(value) ? NONE : some(value)),
    optional_unwrap: unwrap,
    optional_unwrapOpt: unwrap,
    optional_hasValue: ({ value }: Optional) => value !== undefined,
    optional_value: ({ value }: Optional) => (value === undefined ? failure('optional.none() dereference') : value),
    optional_or_optional: (a: Optional, b: Optional) => (a.value === undefined ? b : a),
    optional_orValue_value: (a: Optional, b: Value) => (a.value === undefined ? b : a.value),
  },
};
