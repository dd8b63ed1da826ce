// Arithmetic and comparisons. Equality, &&, ||, ?: and selections are the evaluator's (cel-go common/stdlib).
import { contains, dictOfEntries } from '../collections.ts';
import { compare } from '../equality.ts';
import { movedBy, nanosOf } from '../timestamp.ts';
import {
  type Dict,
  type Duration,
  duration,
  type Entry,
  type Failure,
  failure,
  isFailure,
  isInt64,
  isUint64,
  type List,
  type Timestamp,
  type Uint,
  uint,
  type Value,
} from '../values.ts';
import type { Library } from './library.ts';

/** Strings beyond this are refused: no request is that large. */
export const MAX_TEXT = 32 * 1024 * 1024;
export const tooLong = (): Failure => failure(`string too long: more than ${MAX_TEXT} characters`);

const int64 = (value: bigint): Value => (isInt64(value) ? value : failure('integer overflow'));
const uint64 = (value: bigint): Value => (isUint64(value) ? uint(value) : failure('unsigned integer overflow'));
const span = (nanos: bigint): Value => (isInt64(nanos) ? duration(nanos) : failure('integer overflow'));

const COMPARISONS: readonly (readonly [string, string, (order: number) => boolean])[] = [
  ['_<_', 'less', (order) => order < 0],
  ['_<=_', 'less_equals', (order) => order <= 0],
  ['_>_', 'greater', (order) => order > 0],
  ['_>=_', 'greater_equals', (order) => order >= 0],
];
/** Words of ids → operands. */
const COMPARABLE: readonly (readonly [string, string, string])[] = [
  ['bool', 'bool', 'bool'],
  ['int64', 'int', 'int'],
  ['int64_double', 'int', 'double'],
  ['int64_uint64', 'int', 'uint'],
  ['uint64', 'uint', 'uint'],
  ['uint64_double', 'uint', 'double'],
  ['uint64_int64', 'uint', 'int'],
  ['double', 'double', 'double'],
  ['double_int64', 'double', 'int'],
  ['double_uint64', 'double', 'uint'],
  ['string', 'string', 'string'],
  ['bytes', 'bytes', 'bytes'],
  ['timestamp', 'timestamp', 'timestamp'],
  ['duration', 'duration', 'duration'],
];

const comparisons = COMPARISONS.flatMap(([fn, word, holds]) =>
  COMPARABLE.map(([words, a, b]) => ({
    line: `${fn} ${word}_${words} (${a}, ${b}) -> bool`,
    id: `${word}_${words}`,
    holds,
  })),
);

const compared = (holds: (order: number) => boolean) => (a: Value, b: Value) => {
  const order = compare(a, b);
  return isFailure(order) ? order : holds(order as number);
};

export const operators: Library = {
  declare: [
    '!_ logical_not (bool) -> bool',
    '-_ negate_double (double) -> double',
    '-_ negate_int64 (int) -> int',
    '@in in_list (A, list(A)) -> bool',
    '@in in_map (A, map(A, B)) -> bool',
    '@not_strictly_false not_strictly_false (bool) -> bool',
    '_!=_ not_equals (A, A) -> bool',
    '_==_ equals (A, A) -> bool',
    '_&&_ logical_and (bool, bool) -> bool',
    '_||_ logical_or (bool, bool) -> bool',
    '_?_:_ conditional (bool, A, A) -> A',
    '_[_] index_list (list(A), int) -> A',
    '_[_] index_map (map(A, B), A) -> B',
    '_[_] optional_list_index_int (optional(list(V)), int) -> optional(V)',
    '_[_] optional_map_index_value (optional(map(K, V)), K) -> optional(V)',
    '_[?_] list_optindex_optional_int (list(V), int) -> optional(V)',
    '_[?_] optional_list_optindex_optional_int (optional(list(V)), int) -> optional(V)',
    '_[?_] map_optindex_optional_value (map(K, V), K) -> optional(V)',
    '_[?_] optional_map_optindex_optional_value (optional(map(K, V)), K) -> optional(V)',
    '_%_ modulo_int64 (int, int) -> int',
    '_%_ modulo_uint64 (uint, uint) -> uint',
    '_*_ multiply_double (double, double) -> double',
    '_*_ multiply_int64 (int, int) -> int',
    '_*_ multiply_uint64 (uint, uint) -> uint',
    '_/_ divide_double (double, double) -> double',
    '_/_ divide_int64 (int, int) -> int',
    '_/_ divide_uint64 (uint, uint) -> uint',
    '_+_ add_bytes (bytes, bytes) -> bytes',
    '_+_ add_double (double, double) -> double',
    '_+_ add_duration_duration (duration, duration) -> duration',
    '_+_ add_duration_timestamp (duration, timestamp) -> timestamp',
    '_+_ add_timestamp_duration (timestamp, duration) -> timestamp',
    '_+_ add_int64 (int, int) -> int',
    '_+_ add_list (list(A), list(A)) -> list(A)',
    '_+_ add_string (string, string) -> string',
    '_+_ add_uint64 (uint, uint) -> uint',
    '_-_ subtract_double (double, double) -> double',
    '_-_ subtract_duration_duration (duration, duration) -> duration',
    '_-_ subtract_int64 (int, int) -> int',
    '_-_ subtract_timestamp_duration (timestamp, duration) -> timestamp',
    '_-_ subtract_timestamp_timestamp (timestamp, timestamp) -> duration',
    '_-_ subtract_uint64 (uint, uint) -> uint',
    ...comparisons.map(({ line }) => line),
    'cel.@mapInsert @mapInsert_map_key_value (map(K, V), K, V) -> map(K, V)',
    'cel.@mapInsert @mapInsert_map_map (map(K, V), map(K, V)) -> map(K, V)',
  ],
  implement: {
    logical_not: (a: boolean) => !a,
    negate_double: (a: number) => -a,
    negate_int64: (a: bigint) => int64(-a),
    in_list: (a: Value, list: List) => contains(list, a),
    in_map: (a: Value, map: Dict) => map.find(a) !== undefined,
    not_strictly_false: (a: Value) => a !== false,
    modulo_int64: (a: bigint, b: bigint) => (b === 0n ? failure('modulus by zero') : a % b),
    modulo_uint64: (a: Uint, b: Uint) => (b.value === 0n ? failure('modulus by zero') : uint(a.value % b.value)),
    multiply_double: (a: number, b: number) => a * b,
    multiply_int64: (a: bigint, b: bigint) => int64(a * b),
    multiply_uint64: (a: Uint, b: Uint) => uint64(a.value * b.value),
    divide_double: (a: number, b: number) => a / b,
    divide_int64: (a: bigint, b: bigint) => (b === 0n ? failure('division by zero') : int64(a / b)),
    divide_uint64: (a: Uint, b: Uint) => (b.value === 0n ? failure('division by zero') : uint(a.value / b.value)),
    add_bytes: (a: Uint8Array, b: Uint8Array) => (a.length + b.length > MAX_TEXT ? tooLong() : Buffer.concat([a, b])),
    add_double: (a: number, b: number) => a + b,
    add_duration_duration: (a: Duration, b: Duration) => span(a.nanos + b.nanos),
    add_duration_timestamp: (a: Duration, b: Timestamp) => movedBy(b, a.nanos),
    add_timestamp_duration: (a: Timestamp, b: Duration) => movedBy(a, b.nanos),
    add_int64: (a: bigint, b: bigint) => int64(a + b),
    add_list: (a: List, b: List) => a.plus(b),
    add_string: (a: string, b: string) => (a.length + b.length > MAX_TEXT ? tooLong() : a + b),
    add_uint64: (a: Uint, b: Uint) => uint64(a.value + b.value),
    subtract_double: (a: number, b: number) => a - b,
    subtract_duration_duration: (a: Duration, b: Duration) => span(a.nanos - b.nanos),
    subtract_int64: (a: bigint, b: bigint) => int64(a - b),
    subtract_timestamp_duration: (a: Timestamp, b: Duration) => movedBy(a, -b.nanos),
    subtract_timestamp_timestamp: (a: Timestamp, b: Timestamp) => span(nanosOf(a) - nanosOf(b)),
    subtract_uint64: (a: Uint, b: Uint) => uint64(a.value - b.value),
    ...Object.fromEntries(comparisons.map(({ id, holds }) => [id, compared(holds)])),
    '@mapInsert_map_key_value': (map: Dict, key: Value, value: Value) => inserted(map, [{ key, value }]),
    '@mapInsert_map_map': (map: Dict, more: Dict) =>
      inserted(
        map,
        more.keys().map((key) => ({ key, value: more.find(key) as Value })),
      ),
  },
};

function inserted(map: Dict, more: readonly Entry[]): Value {
  if (map.insert) return map.insert(more);
  const own = dictOfEntries(map.keys().map((key) => ({ key, value: map.find(key) as Value })));
  return isFailure(own) ? own : inserted(own, more);
}
