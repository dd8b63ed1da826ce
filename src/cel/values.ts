// Values of expressions: int is a bigint, double a number, bytes an Uint8Array; the others carry a tag. Failures are
// values too, because && and || may pass them over.
import type { Type } from './types.ts';

export interface Uint {
  readonly tag: 'uint';
  readonly value: bigint;
}
export interface Timestamp {
  readonly tag: 'timestamp';
  /** Since 1970. */
  readonly seconds: bigint;
  readonly nanos: number;
  /** Seconds east of UTC where it was written so; it is printed there. */
  readonly offset?: number;
}
export interface Duration {
  readonly tag: 'duration';
  readonly nanos: bigint;
}
export interface TypeValue {
  readonly tag: 'type';
  readonly name: string;
}
export interface Optional {
  readonly tag: 'optional';
  /** Undefined in optional.none(). */
  readonly value: Value | undefined;
}
export interface Failure {
  readonly tag: 'error';
  readonly message: string;
}
export interface List {
  readonly tag: 'list';
  readonly size: number;
  at(index: number): Value;
  plus(other: List): Value;
  /** Where order does not matter. */
  same?(other: List): boolean | Failure;
}
export interface Dict {
  readonly tag: 'map';
  readonly size: number;
  /** Of an object that an expression made: Object.spec{…}. */
  readonly typeName?: string;
  find(key: Value): Value | undefined;
  keys(): readonly Value[];
  /** Data that a schema tells only part of. */
  same?(other: Dict): boolean | Failure;
  /** With more entries; a key that is there is a failure. */
  insert?(more: readonly Entry[]): Dict | Failure;
}
export interface Entry {
  readonly key: Value;
  readonly value: Value;
}
/** Quantities, addresses and other values with functions of their own. */
export interface Opaque {
  readonly tag: 'opaque';
  readonly type: Type;
  readonly value: unknown;
  /** For costs. */
  readonly size?: number;
  same(other: Opaque): boolean;
}

export type Value =
  | bigint
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | Failure
  | List
  | Dict
  | Opaque;

export type ValueKind =
  | 'int'
  | 'double'
  | 'string'
  | 'bool'
  | 'null'
  | 'bytes'
  | Exclude<Value, bigint | number | string | boolean | null | Uint8Array>['tag'];

export function kindOf(value: Value): ValueKind {
  switch (typeof value) {
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    default:
      if (value === null) return 'null';
      return value instanceof Uint8Array ? 'bytes' : value.tag;
  }
}

export const uint = (value: bigint): Uint => ({ tag: 'uint', value });
export const duration = (nanos: bigint): Duration => ({ tag: 'duration', nanos });
export const typeValue = (name: string): TypeValue => ({ tag: 'type', name });
export const some = (value: Value): Optional => ({ tag: 'optional', value });
export const NONE: Optional = { tag: 'optional', value: undefined };
export const failure = (message: string): Failure => ({ tag: 'error', message });

export const isFailure = (value: unknown): value is Failure =>
  typeof value === 'object' && value !== null && 'tag' in value && value.tag === 'error';
export const isList = (value: Value): value is List => kindOf(value) === 'list';
export const isDict = (value: Value): value is Dict => kindOf(value) === 'map';
export const isOptionalValue = (value: Value): value is Optional => kindOf(value) === 'optional';

/** What `type(value)` is called. */
export function typeNameOf(value: Value): string {
  const kind = kindOf(value);
  switch (kind) {
    case 'null':
      return 'null_type';
    case 'timestamp':
      return 'google.protobuf.Timestamp';
    case 'duration':
      return 'google.protobuf.Duration';
    case 'optional':
      return 'optional_type';
    case 'opaque':
      return (value as Opaque).type.name;
    default:
      return kind;
  }
}

/** The amount of a number of any kind. */
export function numberFor(value: Value): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return kindOf(value) === 'uint' ? (value as Uint).value : undefined;
}

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

export const isInt64 = (value: bigint): boolean => value >= MIN_INT && value <= MAX_INT;
export const isUint64 = (value: bigint): boolean => value >= 0n && value <= MAX_UINT;

/** Code points, as sizes of strings are counted. */
export function lengthOf(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const low = text.charCodeAt(i + 1);
    if (low >= 0xdc00 && low <= 0xdfff) {
      length--;
      i++;
    }
  }
  return length;
}

/** What costs are counted by; 1 for what has no size. */
export function sizeOf(value: Value): number {
  switch (kindOf(value)) {
    case 'string':
      return lengthOf(value as string);
    case 'bytes':
      return (value as Uint8Array).length;
    case 'list':
    case 'map':
      return (value as List | Dict).size;
    case 'opaque':
      return (value as Opaque).size ?? 1;
    case 'optional': {
      const { value: held } = value as Optional;
      return held === undefined ? 1 : sizeOf(held);
    }
    default:
      return 1;
  }
}
