// Lists and maps that expressions make. A longer list shares its items with the one it was made from, so that
// appending in a fold costs the same at every size.
import { equal } from './equality.ts';
import { formatValue } from './format-value.ts';
import { type Dict, type Entry, type Failure, failure, kindOf, type List, type Uint, type Value } from './values.ts';

/** Far more than a request can hold; keeps sums of sums from filling memory. */
export const MAX_ITEMS = 4_000_000;

/** The items stay as they are given. */
export const listOfValues = (items: readonly Value[]): List => ({
  tag: 'list',
  size: items.length,
  at: (index) => items[index] as Value,
  plus: (other) => append([...items], items.length, other),
});

function append(items: Value[], size: number, other: List): Value {
  if (size + other.size > MAX_ITEMS) return failure(`list too large: more than ${MAX_ITEMS} items`);
  // Whoever appends first has the items that follow; others get a copy.
  const target = items.length === size ? items : items.slice(0, size);
  for (let i = 0; i < other.size; i++) target.push(other.at(i));
  const length = target.length;
  return { tag: 'list', size: length, at: (i) => target[i] as Value, plus: (more) => append(target, length, more) };
}

export function* itemsOf(list: List): Generator<Value> {
  for (let i = 0; i < list.size; i++) yield list.at(i);
}

/** Keys that are equal have the same; undefined for what cannot be a key. */
export function keyOf(value: Value): string | undefined {
  switch (kindOf(value)) {
    case 'string':
      return `s${value as string}`;
    case 'bool':
      return `b${value as boolean}`;
    case 'int':
      return `n${value as bigint}`;
    case 'uint':
      return `n${(value as Uint).value}`;
    case 'double':
      return Number.isInteger(value) ? `n${BigInt(value as number)}` : `d${value as number}`;
    default:
      return undefined;
  }
}

/** Of several entries with the same key the last counts. */
export function dictOfEntries(entries: Iterable<Entry>): Dict | Failure {
  const found = new Map<string, Entry>();
  for (const entry of entries) {
    const key = keyOf(entry.key);
    if (key === undefined) return failure(`unsupported key type: ${kindOf(entry.key)}`);
    found.set(key, entry);
  }
  const placed = [...found].map(([key, entry], index): [string, Placed] => [key, { ...entry, index }]);
  return dictView(new Map(placed), found.size);
}

interface Placed extends Entry {
  readonly index: number;
}

/** The first `size` entries: maps that grow in a fold share them, as lists do. */
function dictView(entries: Map<string, Placed>, size: number): Dict {
  const own = (): Placed[] => [...entries.values()].slice(0, size);
  return {
    tag: 'map',
    size,
    find(key) {
      const found = entries.get(keyOf(key) ?? '');
      return found && found.index < size ? found.value : undefined;
    },
    keys: () => own().map(({ key }) => key),
    insert(more) {
      const target = entries.size === size ? entries : new Map([...entries].slice(0, size));
      for (const entry of more) {
        const key = keyOf(entry.key);
        if (key === undefined) return failure(`unsupported key type: ${kindOf(entry.key)}`);
        if (target.has(key)) return failure(`insert failed: key ${formatValue(entry.key)} already exists`);
        if (target.size >= MAX_ITEMS) return failure(`map too large: more than ${MAX_ITEMS} entries`);
        target.set(key, { ...entry, index: target.size });
      }
      return dictView(target, target.size);
    },
  };
}

export function contains(list: List, value: Value): boolean {
  for (const item of itemsOf(list)) if (equal(item, value) === true) return true;
  return false;
}
