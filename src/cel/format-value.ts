// Values as text: numbers as Go prints them with %g, and values inside of messages.
import { formatTimestamp } from './timestamp.ts';
import { type Duration, kindOf, type Timestamp, type TypeValue, typeNameOf, type Uint, type Value } from './values.ts';

/** The shortest digits, with an exponent from 1e-05 down and from 1e+06 up. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [digits = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

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
