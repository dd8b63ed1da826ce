// Points in time to the nanosecond, from year 1 to 9999, and their parts in a time zone
// (cel-go common/types/timestamp.go).
import { type Failure, failure, isFailure, type Timestamp } from './values.ts';

const BILLION = 1_000_000_000n;
const MIN = -62_135_596_800n;
const MAX = 253_402_300_799n;

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))$/;

/** Undefined for what is no RFC 3339 time. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!real || hour > 23 || minute > 59 || second > 59) return undefined;
  const sign = match[9] === '-' ? -1 : 1;
  const offset = match[9] ? sign * (Number(match[10]) * 3600 + Number(match[11]) * 60) : 0;
  const nanos = Number((match[7] ?? '').padEnd(9, '0').slice(0, 9));
  return timestampAt(BigInt(date.getTime() / 1000 - offset), nanos, offset);
}

const timestampAt = (seconds: bigint, nanos: number, offset: number | undefined): Timestamp => ({
  tag: 'timestamp',
  seconds,
  nanos,
  ...(offset ? { offset } : {}),
});

/** With as many digits after the second as there are. */
export function formatTimestamp({ seconds, nanos, offset = 0 }: Timestamp): string {
  const base = dateOf(seconds + BigInt(offset))
    .toISOString()
    .replace(/^[+-]0*(\d{4})/, '$1')
    .slice(0, 19);
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${base}${fraction}${zoneText(offset)}`;
}

function zoneText(offset: number): string {
  if (offset === 0) return 'Z';
  const minutes = Math.abs(offset) / 60;
  const two = (amount: number) => String(amount).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

export const nanosOf = ({ seconds, nanos }: Timestamp): bigint => seconds * BILLION + BigInt(nanos);

/** `time` moved by so many nanoseconds. */
export function movedBy(time: Timestamp, by: bigint): Timestamp | Failure {
  const total = nanosOf(time) + by;
  const nanos = ((total % BILLION) + BILLION) % BILLION;
  const moved = timestampOf((total - nanos) / BILLION, Number(nanos));
  return isFailure(moved) ? moved : timestampAt((moved as Timestamp).seconds, Number(nanos), time.offset);
}

export const timestampOf = (seconds: bigint, nanos = 0): Timestamp | Failure =>
  seconds < MIN || seconds > MAX ? failure('timestamp overflow') : { tag: 'timestamp', seconds, nanos };

const dateOf = (seconds: bigint): Date => new Date(Number(seconds) * 1000);

/** Its calendar where the clock is that of `zone`: a name, or an offset such as +02:00. As a date whose UTC parts are meant. */
export function localDate(time: Timestamp, zone: string | undefined): Date | Failure {
  if (zone === undefined || zone === 'UTC' || zone === '') return dateOf(time.seconds);
  const offset = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return dateOf(time.seconds + BigInt((offset[1] === '-' ? -minutes : minutes) * 60));
  }
  try {
    const parts = calendarOf(zone).formatToParts(dateOf(time.seconds));
    const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value);
    const local = new Date(0);
    local.setUTCFullYear(part('year'), part('month') - 1, part('day'));
    local.setUTCHours(part('hour'), part('minute'), part('second'));
    return local;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return failure(`unknown time zone ${zone}`);
  }
}

/** Costly to make; there are some 600 zones, which may be written in any case. */
const calendars = new Map<string, Intl.DateTimeFormat>();

/** Throws a RangeError for a zone that there is not. */
function calendarOf(zone: string): Intl.DateTimeFormat {
  const key = zone.toLowerCase();
  let calendar = calendars.get(key);
  if (!calendar) {
    calendar = new Intl.DateTimeFormat('en-US-u-ca-iso8601', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    calendars.set(key, calendar);
  }
  return calendar;
}
