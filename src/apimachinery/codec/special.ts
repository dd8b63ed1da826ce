// Types that are written as one JSON value but are not plain scalars: times, durations, quantities, numbers or
// strings. Each reader returns the value as the API writes it back, and throws DecodeError in the words of Go.
import { formatDuration, parseDuration } from '../duration.ts';
import type { Json } from '../meta.ts';
import { canonicalQuantity } from '../quantity.ts';
import { DecodeError } from './decoded.ts';

export type SpecialReader = (value: Json, literal: string | undefined) => Json;

/** What JSON calls a value, as in "cannot unmarshal string". */
export function kindOf(value: Json, literal?: string): string {
  if (typeof value === 'number') {
    return literal ? `number ${literal}` : Number.isInteger(value) ? 'number' : `number ${value}`;
  }
  if (typeof value === 'bigint') return 'number';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

const text = (value: Json): string => {
  if (typeof value !== 'string') {
    throw new DecodeError(`json: cannot unmarshal ${kindOf(value)} into Go value of type string`);
  }
  return value;
};

const RFC3339 = '2006-01-02T15:04:05Z07:00';
const RFC3339_MICRO = '2006-01-02T15:04:05.000000Z07:00';
const PARTS =
  /^(?:(?<year>\d{4})(?:-(?<month>\d\d)(?:-(?<day>\d\d)(?:T(?<hour>\d\d)(?::(?<minute>\d\d)(?::(?<second>\d\d)(?<fraction>\.\d+)?(?<zone>Z|[+-]\d\d:\d\d)?)?)?)?)?)?)?/;
/** What each part is called in Go's layout, with the separator that comes before it. */
const LAYOUT = [
  ['year', '', '2006'],
  ['month', '-', '01'],
  ['day', '-', '02'],
  ['hour', 'T', '15'],
  ['minute', ':', '04'],
  ['second', ':', '05'],
  ['zone', '', 'Z07:00'],
] as const;

/** Milliseconds since 1970 of an RFC 3339 time. */
function instant(value: string, layout: string): number {
  const match = PARTS.exec(value);
  const complain = (why: string) => new DecodeError(`parsing time ${JSON.stringify(value)}${why}`);
  let rest = value;
  for (const [name, separator, element] of LAYOUT) {
    const part = match?.groups?.[name];
    if (part === undefined) {
      const wanted = separator !== '' && !rest.startsWith(separator) ? separator : element;
      const found = wanted === separator ? rest : rest.slice(separator.length);
      throw complain(` as "${layout}": cannot parse ${JSON.stringify(found)} as "${wanted}"`);
    }
    rest = rest.slice(separator.length + part.length);
    if (name === 'second') rest = rest.slice(match?.groups?.fraction?.length ?? 0);
  }
  if (rest !== '') throw complain(`: extra text: ${JSON.stringify(rest)}`);
  const ms = Date.parse(value);
  const day = Number(match?.groups?.day);
  const monthLength = new Date(Date.UTC(Number(match?.groups?.year), Number(match?.groups?.month), 0)).getUTCDate();
  if (Number.isNaN(ms)) throw complain(`: ${outOfRange(match?.groups ?? {})} out of range`);
  if (day > monthLength) throw complain(': day out of range');
  return ms;
}

const outOfRange = (parts: Record<string, string | undefined>): string =>
  Number(parts.month) > 12 || Number(parts.month) < 1
    ? 'month'
    : Number(parts.day) > 31 || Number(parts.day) < 1
      ? 'day'
      : Number(parts.hour) > 23
        ? 'hour'
        : Number(parts.minute) > 59
          ? 'minute'
          : 'second';

/** metav1.Time is written in UTC without fractions. */
const time: SpecialReader = (value) =>
  `${new Date(Math.floor(instant(text(value), RFC3339) / 1000) * 1000).toISOString().slice(0, 19)}Z`;

/** metav1.MicroTime has exactly six digits, which JavaScript's dates cannot hold. */
const microTime: SpecialReader = (value) => {
  const written = text(value);
  const ms = instant(written, RFC3339_MICRO);
  const fraction = /\.(\d+)/.exec(written)?.[1];
  if (fraction?.length !== 6) {
    const tail = written.slice(19);
    throw new DecodeError(
      `parsing time ${JSON.stringify(written)} as "${RFC3339_MICRO}": cannot parse ${JSON.stringify(tail)} as ".000000"`,
    );
  }
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
};

const duration: SpecialReader = (value) => readBy(() => formatDuration(parseDuration(text(value))));

const quantity: SpecialReader = (value, literal) =>
  readBy(() =>
    canonicalQuantity(
      typeof value === 'string' || typeof value === 'number' ? (literal ?? value) : JSON.stringify(value),
    ),
  );

const intOrString: SpecialReader = (value, literal) => {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number' || literal !== undefined || !Number.isInteger(value) || Math.abs(value) > 2 ** 31 - 1) {
    const told = typeof value === 'number' ? `number ${literal ?? value}` : kindOf(value);
    throw new DecodeError(`json: cannot unmarshal ${told} into Go value of type int32`);
  }
  return value;
};

/** The errors of quantities and durations are what the decoder says. */
function readBy(read: () => Json): Json {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError || !(error instanceof Error)) throw error;
    throw new DecodeError(error.message);
  }
}

const READERS: Readonly<Record<string, SpecialReader>> = {
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': time,
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': microTime,
  'io.k8s.apimachinery.pkg.apis.meta.v1.Duration': duration,
  'io.k8s.apimachinery.pkg.api.resource.Quantity': quantity,
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': intOrString,
};

/** The reader of a model that has one; other special models take any JSON. */
export const specialReader = (model: string): SpecialReader | undefined => READERS[model];
