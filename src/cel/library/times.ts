// Parts of times and durations (cel-go common/types/timestamp.go, duration.go). Without a zone the clock is UTC.
import { localDate } from '../timestamp.ts';
import { type Duration, isFailure, type Timestamp, type Value } from '../values.ts';
import type { Implementation, Library } from './library.ts';

const DAY = 86_400_000;

/** Function, words of its id, what it reads. */
const PARTS: readonly (readonly [string, string, (date: Date) => number])[] = [
  ['getFullYear', 'year', (date) => date.getUTCFullYear()],
  ['getMonth', 'month', (date) => date.getUTCMonth()],
  ['getDayOfYear', 'day_of_year', (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY)],
  ['getDayOfMonth', 'day_of_month', (date) => date.getUTCDate() - 1],
  ['getDate', 'day_of_month_1_based', (date) => date.getUTCDate()],
  ['getDayOfWeek', 'day_of_week', (date) => date.getUTCDay()],
  ['getHours', 'hours', (date) => date.getUTCHours()],
  ['getMinutes', 'minutes', (date) => date.getUTCMinutes()],
  ['getSeconds', 'seconds', (date) => date.getUTCSeconds()],
];

const withZone = (word: string): string => (word === 'seconds' ? 'seconds_tz' : `${word}_with_tz`);

const read =
  (part: (date: Date) => number) =>
  (time: Timestamp, zone?: string): Value => {
    const date = localDate(time, zone);
    return isFailure(date) ? date : BigInt(part(date as Date));
  };

const milliseconds = ({ nanos }: Timestamp): Value => BigInt(Math.trunc(nanos / 1_000_000));

/** Duration functions count whole units of the whole span. */
const SPANS: readonly (readonly [string, string, bigint])[] = [
  ['getHours', 'hours', 3_600_000_000_000n],
  ['getMinutes', 'minutes', 60_000_000_000n],
  ['getSeconds', 'seconds', 1_000_000_000n],
  ['getMilliseconds', 'milliseconds', 1_000_000n],
];

export const times: Library = {
  declare: [
    ...[...PARTS, ['getMilliseconds', 'milliseconds'] as const].flatMap(([fn, word]) => [
      `${fn} timestamp_to_${word} timestamp.() -> int`,
      `${fn} timestamp_to_${withZone(word)} timestamp.(string) -> int`,
    ]),
    ...SPANS.map(([fn, word]) => `${fn} duration_to_${word} duration.() -> int`),
  ],
  implement: {
    ...Object.fromEntries(
      PARTS.flatMap(([, word, part]): [string, Implementation][] => [
        [`timestamp_to_${word}`, read(part)],
        [`timestamp_to_${withZone(word)}`, read(part)],
      ]),
    ),
    timestamp_to_milliseconds: milliseconds,
    timestamp_to_milliseconds_with_tz: milliseconds,
    ...Object.fromEntries(
      SPANS.map(([, word, unit]): [string, Implementation] => [
        `duration_to_${word}`,
        ({ nanos }: Duration) => nanos / unit,
      ]),
    ),
  },
};
