// Which values are equal, and which comes first (cel-go common/types). Numbers compare across their types.
import {
  type Dict,
  type Duration,
  type Failure,
  failure,
  isDict,
  isFailure,
  isList,
  kindOf,
  type List,
  numberFor,
  type Opaque,
  type Optional,
  type Timestamp,
  type TypeValue,
  type Value,
} from './values.ts';

export const NO_OVERLOAD: Failure = failure('no such overload');

export function equal(a: Value, b: Value): boolean | Failure {
  if (isFailure(a)) return a;
  if (isFailure(b)) return b;
  if (a === null || b === null) return a === b;
  const kind = kindOf(a);
  const number = numberFor(a);
  if (number !== undefined) {
    const other = numberFor(b);
    // biome-ignore lint/suspicious/noDoubleEquals: == compares bigint and number by their amounts
    return other !== undefined && number == other;
  }
  if (kind === 'list') return isList(b) ? equalLists(a as List, b) : dataMismatch(a as List);
  if (kind === 'map') return isDict(b) ? equalDicts(a as Dict, b) : dataMismatch(a as Dict);
  if (kindOf(b) !== kind) return false;
  switch (kind) {
    case 'bytes':
      return Buffer.compare(a as Uint8Array, b as Uint8Array) === 0;
    case 'timestamp':
      return compare(a, b) === 0;
    case 'duration':
      return (a as Duration).nanos === (b as Duration).nanos;
    case 'type':
      return (a as TypeValue).name === (b as TypeValue).name;
    case 'optional': {
      const [one, other] = [(a as Optional).value, (b as Optional).value];
      return one === undefined || other === undefined ? one === other : equal(one, other);
    }
    case 'opaque':
      return (a as Opaque).type.name === (b as Opaque).type.name && (a as Opaque).same(b as Opaque);
    default:
      return a === b;
  }
}

/** Data is only compared with what has its shape. */
const dataMismatch = (data: List | Dict): boolean | Failure => (data.same ? NO_OVERLOAD : false);

function equalLists(a: List, b: List): boolean | Failure {
  if (a.same) return a.same(b);
  return equalItems(a, b);
}

export function equalItems(a: List, b: List): boolean | Failure {
  if (a.size !== b.size) return false;
  for (let i = 0; i < a.size; i++) {
    const same = equal(a.at(i), b.at(i));
    if (same !== true) return same;
  }
  return true;
}

function equalDicts(a: Dict, b: Dict): boolean | Failure {
  if (a.same) return a.same(b);
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const other = b.find(key);
    if (other === undefined) return false;
    const same = equal(a.find(key) as Value, other);
    if (same !== true) return same;
  }
  return true;
}

/** Negative when `a` comes first. */
export function compare(a: Value, b: Value): number | Failure {
  const [one, other] = [numberFor(a), numberFor(b)];
  if (one !== undefined && other !== undefined) {
    if (Number.isNaN(one) || Number.isNaN(other)) return failure('NaN values cannot be ordered');
    return one < other ? -1 : one > other ? 1 : 0;
  }
  const kind = kindOf(a);
  if (kindOf(b) !== kind) return NO_OVERLOAD;
  switch (kind) {
    case 'string':
      return compareStrings(a as string, b as string);
    case 'bytes':
      return Buffer.compare(a as Uint8Array, b as Uint8Array);
    case 'bool':
      return Number(a) - Number(b);
    case 'duration':
      return order((a as Duration).nanos, (b as Duration).nanos);
    case 'timestamp': {
      const [early, late] = [a as Timestamp, b as Timestamp];
      return order(early.seconds, late.seconds) || early.nanos - late.nanos;
    }
    default:
      return NO_OVERLOAD;
  }
}

const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** By code points, which is the order of their bytes. */
export function compareStrings(a: string, b: string): number {
  if (/[\ud800-\udfff]/.test(a) || /[\ud800-\udfff]/.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}
