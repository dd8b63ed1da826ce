// Times as kubectl's tables tell them: how long ago (k8s.io/apimachinery pkg/util/duration HumanDuration).
import type { TableContext } from '../definition.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** '<unknown>' for a time that is not there. */
export function ageOf(time: string | undefined, { now }: TableContext): string {
  if (!time) return '<unknown>';
  return humanDuration((now - Date.parse(time)) / 1000);
}

const pair = (large: string, rest: number, unit: string): string => (rest === 0 ? large : `${large}${rest}${unit}`);

/** Seconds as 119s, 9m59s, 179m, 7h59m, 47h, 7d23h, 729d, 7y364d. */
export function humanDuration(duration: number): string {
  // Clocks differ a little between machines.
  if (duration < -1) return '<invalid>';
  if (duration < 0) return '0s';
  const seconds = Math.trunc(duration);
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  const minutes = Math.trunc(seconds / MINUTE);
  if (minutes < 10) return pair(`${minutes}m`, seconds % MINUTE, 's');
  if (minutes < 3 * 60) return `${minutes}m`;
  const hours = Math.trunc(seconds / HOUR);
  if (hours < 8) return pair(`${hours}h`, minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(seconds / DAY);
  if (hours < 8 * 24) return pair(`${days}d`, hours % 24, 'h');
  if (hours < 2 * 365 * 24) return `${days}d`;
  const years = Math.trunc(seconds / YEAR);
  if (hours < 8 * 365 * 24) return pair(`${years}y`, days % 365, 'd');
  return `${years}y`;
}
