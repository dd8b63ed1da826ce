// Values as text that tells their types apart, as the recorded outcomes have them.
import { itemsOf } from '../../src/cel/collections.ts';
import { secondsText } from '../../src/cel/format-value.ts';
import { formatTimestamp } from '../../src/cel/timestamp.ts';
import {
  type Dict,
  type Duration,
  kindOf,
  type List,
  type Optional,
  type Timestamp,
  type TypeValue,
  typeNameOf,
  type Uint,
  type Value,
} from '../../src/cel/values.ts';

export function show(value: Value): string {
  switch (kindOf(value)) {
    case 'uint':
      return `${(value as Uint).value}u`;
    case 'double':
      return `${showDouble(value as number)}d`;
    case 'string':
      return JSON.stringify(value);
    case 'bytes':
      return `b${Buffer.from(value as Uint8Array).toString('hex')}`;
    case 'timestamp':
      return `timestamp(${formatTimestamp(value as Timestamp)})`;
    case 'duration':
      return `duration(${secondsText((value as Duration).nanos)})`;
    case 'optional': {
      const { value: held } = value as Optional;
      return held === undefined ? 'optional.none' : `optional(${show(held)})`;
    }
    case 'type':
      return `type(${(value as TypeValue).name})`;
    case 'list':
      return `[${[...itemsOf(value as List)].map(show).join(', ')}]`;
    case 'map': {
      const dict = value as Dict;
      const entries = dict.keys().map((key) => `${show(key)}: ${show(dict.find(key) as Value)}`);
      return `{${entries.sort().join(', ')}}`;
    }
    case 'opaque':
      return `object ${typeNameOf(value)}`;
    default:
      return String(value);
  }
}

/** As Go's encoding/json writes doubles. */
const showDouble = (value: number): string =>
  Object.is(value, -0)
    ? '-0'
    : String(value)
        .replace(/e([+-])(\d)$/, 'e$10$2')
        .replace('e-0', 'e-0');
