// A moment as people write it: a time of RFC 3339, or how long ago it was (-10m, -1h30m, -2d).

const FORMS = 'a time such as 2026-01-31T12:00:00Z, or how long ago it was, such as -10m, -1h30m or -2d';
const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
const TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+ -]\d\d:\d\d)$/;
const AGO = /^[+-]?(?:\d+(?:\.\d+)?(?:d|h|ms|m|s))+$/;

/** `text` says no moment; the message is a whole sentence but for what `text` was given for. */
export class PointInTimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PointInTimeError';
  }
}

/** Milliseconds since 1970; may lie in the future, when a time says so. Throws PointInTimeError. */
export function parsePointInTime(text: string, now: number): number {
  if (AGO.test(text)) return ago(text, now);
  const match = TIME.exec(text);
  if (!match) throw new PointInTimeError(`${JSON.stringify(text)} is neither: write ${FORMS}`);
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  // A plus sign that a URL did not escape arrives as a space.
  const offset = zone.replace(' ', '+').toUpperCase();
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}${offset}`);
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number.isNaN(time) || Number(day) > days || Number(hour) > 23) {
    throw new PointInTimeError(`${JSON.stringify(text)} is no time that there was or will be: write ${FORMS}`);
  }
  return time;
}

function ago(text: string, now: number): number {
  if (!text.startsWith('-')) {
    const past = `-${text.replace(/^\+/, '')}`;
    throw new PointInTimeError(`${JSON.stringify(text)} lies in the future: for that long ago write ${past}`);
  }
  let time = now;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(d|h|ms|m|s)/g)) {
    time -= Number(amount) * (UNITS[unit as string] as number);
  }
  if (!Number.isSafeInteger(Math.round(time))) {
    throw new PointInTimeError(`${JSON.stringify(text)} is longer ago than there is time: write ${FORMS}`);
  }
  return Math.round(time);
}
