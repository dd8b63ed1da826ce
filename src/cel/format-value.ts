// Values as text: numbers as Go prints them with %g, and values inside of messages.
import { formatDouble } from '../apimachinery/double.ts';
import { formatTimestamp } from './timestamp.ts';
import { type Duration, kindOf, type Timestamp, type TypeValue, typeNameOf, type Uint, type Value } from './values.ts';

/** Seconds without an exponent, and an s. */
export function secondsText(nanos: bigint): string {
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction ? `.${fraction}` : ''}s`;
}

/** As a value is named in the message of a failure. */
export function formatValue(value: Value): string {
  switch (kindOf(value)) {
    case 'uint':
      return String((value as Uint).value);
    case 'double':
      return formatDouble(value as number);
    case 'timestamp':
      return formatTimestamp(value as Timestamp);
    case 'duration':
      return secondsText((value as Duration).nanos);
    case 'type':
      return (value as TypeValue).name;
    case 'string':
    case 'int':
    case 'bool':
    case 'null':
      return String(value);
    default:
      return typeNameOf(value);
  }
}
