// Conversions between types (cel-go common/types ConvertToType).
import { formatDouble } from '../../apimachinery/double.ts';
import { DurationError, parseDuration } from '../../apimachinery/duration.ts';
import { secondsText } from '../format-value.ts';
import { formatTimestamp, parseTimestamp, timestampOf } from '../timestamp.ts';
import {
  type Duration,
  duration,
  failure,
  isInt64,
  isUint64,
  type Timestamp,
  typeNameOf,
  typeValue,
  type Uint,
  uint,
  type Value,
} from '../values.ts';
import type { Library } from './library.ts';

const cannot = (from: string, to: string): Value => failure(`type conversion error from '${from}' to '${to}'`);
const same = (value: Value): Value => value;

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

function textToBool(text: string): Value {
  if (TRUE.includes(text)) return true;
  return FALSE.includes(text) ? false : cannot('string', 'bool');
}

function textToInt(text: string): Value {
  const value = /^[+-]?\d+$/.test(text) && text.length <= MAX_DIGITS ? BigInt(text.replace('+', '')) : undefined;
  return value !== undefined && isInt64(value) ? value : cannot('string', 'int');
}

function textToUint(text: string): Value {
  const value = /^\d+$/.test(text) && text.length <= MAX_DIGITS ? BigInt(text) : undefined;
  return value !== undefined && isUint64(value) ? uint(value) : cannot('string', 'uint');
}

/** Leading zeros included; longer ones would take time for nothing. */
const MAX_DIGITS = 1000;

function textToDouble(text: string): Value {
  const word = /^([+-]?)(inf(?:inity)?|nan)$/i.exec(text);
  if (word)
    return /nan/i.test(text) ? (word[1] ? cannot('string', 'double') : Number.NaN) : Number(`${word[1]}Infinity`);
  const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : cannot('string', 'double');
}

function textToDuration(text: string): Value {
  try {
    return duration(parseDuration(text));
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    return cannot('string', 'google.protobuf.Duration');
  }
}

const whole = (value: number): bigint => BigInt(Math.trunc(value));

function doubleToInt(value: number): Value {
  // Both bounds are excluded, as upstream has it.
  const fits = Number.isFinite(value) && value > -(2 ** 63) && value < 2 ** 63;
  return fits ? whole(value) : failure('integer overflow');
}

function doubleToUint(value: number): Value {
  return Number.isFinite(value) && value >= 0 && value < 2 ** 64
    ? uint(whole(value))
    : failure('unsigned integer overflow');
}

function bytesToText(bytes: Uint8Array): Value {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return failure('invalid UTF-8 in bytes, cannot convert to string');
  }
}

export const conversions: Library = {
  declare: [
    'bool bool_to_bool (bool) -> bool',
    'bool string_to_bool (string) -> bool',
    'bytes bytes_to_bytes (bytes) -> bytes',
    'bytes string_to_bytes (string) -> bytes',
    'double double_to_double (double) -> double',
    'double int64_to_double (int) -> double',
    'double string_to_double (string) -> double',
    'double uint64_to_double (uint) -> double',
    'duration duration_to_duration (duration) -> duration',
    'duration int64_to_duration (int) -> duration',
    'duration string_to_duration (string) -> duration',
    'dyn to_dyn (A) -> dyn',
    'int int64_to_int64 (int) -> int',
    'int double_to_int64 (double) -> int',
    'int duration_to_int64 (duration) -> int',
    'int string_to_int64 (string) -> int',
    'int timestamp_to_int64 (timestamp) -> int',
    'int uint64_to_int64 (uint) -> int',
    'string string_to_string (string) -> string',
    'string bool_to_string (bool) -> string',
    'string bytes_to_string (bytes) -> string',
    'string double_to_string (double) -> string',
    'string duration_to_string (duration) -> string',
    'string int64_to_string (int) -> string',
    'string timestamp_to_string (timestamp) -> string',
    'string uint64_to_string (uint) -> string',
    'timestamp timestamp_to_timestamp (timestamp) -> timestamp',
    'timestamp int64_to_timestamp (int) -> timestamp',
    'timestamp string_to_timestamp (string) -> timestamp',
    'type type (A) -> type(A)',
    'uint uint64_to_uint64 (uint) -> uint',
    'uint double_to_uint64 (double) -> uint',
    'uint int64_to_uint64 (int) -> uint',
    'uint string_to_uint64 (string) -> uint',
  ],
  implement: {
    bool_to_bool: same,
    string_to_bool: textToBool,
    bytes_to_bytes: same,
    string_to_bytes: (text: string) => Buffer.from(text),
    double_to_double: same,
    int64_to_double: (value: bigint) => Number(value),
    string_to_double: textToDouble,
    uint64_to_double: ({ value }: Uint) => Number(value),
    duration_to_duration: same,
    // cel-go declares this and cannot do it.
    int64_to_duration: () => failure("type conversion error from 'int' to 'google.protobuf.Duration'"),
    string_to_duration: textToDuration,
    to_dyn: same,
    int64_to_int64: same,
    double_to_int64: doubleToInt,
    duration_to_int64: ({ nanos }: Duration) => nanos,
    string_to_int64: textToInt,
    timestamp_to_int64: ({ seconds }: Timestamp) => seconds,
    uint64_to_int64: ({ value }: Uint) => (isInt64(value) ? value : failure('integer overflow')),
    string_to_string: same,
    bool_to_string: String,
    bytes_to_string: bytesToText,
    double_to_string: formatDouble,
    duration_to_string: ({ nanos }: Duration) => secondsText(nanos),
    int64_to_string: String,
    timestamp_to_string: formatTimestamp,
    uint64_to_string: ({ value }: Uint) => String(value),
    timestamp_to_timestamp: same,
    int64_to_timestamp: (value: bigint) => timestampOf(value),
    string_to_timestamp: (text: string) => parseTimestamp(text) ?? cannot('string', 'google.protobuf.Timestamp'),
    type: (value: Value) => typeValue(typeNameOf(value)),
    uint64_to_uint64: same,
    double_to_uint64: doubleToUint,
    int64_to_uint64: (value: bigint) => (value < 0n ? failure('unsigned integer overflow') : uint(value)),
    string_to_uint64: textToUint,
  },
};
