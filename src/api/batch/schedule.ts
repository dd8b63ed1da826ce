// Whether a CronJob's schedule can be read: what robfig/cron v3 ParseStandard accepts, which is five fields or a
// descriptor such as @daily or `@every 5m`.
import { DurationError, parseDuration } from '../../apimachinery/duration.ts';
import { isTimeZone } from './time-zone.ts';

interface Field {
  name: string;
  min: number;
  max: number;
  names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of week', min: 0, max: 6, names: DAYS },
];
const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const EVERY = '@every ';

/** What is wrong with `schedule`, or undefined. A leading TZ= or CRON_TZ= must name a zone. */
export function scheduleProblem(schedule: string): string | undefined {
  const { zone, text = '' } = /^(?:(?:CRON_)?TZ=(?<zone>\S*)\s+)?(?<text>.*)$/s.exec(schedule)?.groups ?? {};
  if (zone && zone !== 'Local' && !isTimeZone(zone)) return `provided bad location ${zone}: unknown time zone ${zone}`;
  return expressionProblem(text.trim());
}

function expressionProblem(text: string): string | undefined {
  if (text.startsWith('@')) return descriptorProblem(text);
  const fields = text.split(/\s+/).filter(Boolean);
  if (fields.length !== FIELDS.length) {
    return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  }
  for (const [i, field] of FIELDS.entries()) {
    const problem = fieldProblem(fields[i] as string, field);
    if (problem) return problem;
  }
  return undefined;
}

function descriptorProblem(text: string): string | undefined {
  if (DESCRIPTORS.includes(text)) return undefined;
  if (!text.startsWith(EVERY)) return `unrecognized descriptor: ${text}`;
  try {
    parseDuration(text.slice(EVERY.length));
    return undefined;
  } catch (error) {
    if (error instanceof DurationError) return `failed to parse duration ${text}: ${error.message}`;
    throw error;
  }
}

/** Terms between commas; empty ones are passed over, as Go's FieldsFunc does. */
function fieldProblem(text: string, field: Field): string | undefined {
  for (const term of text.split(',').filter(Boolean)) {
    const problem = termProblem(term, field);
    if (problem) return problem;
  }
  return undefined;
}

/** `*`, `?`, a value or a range, each with or without a step. */
function termProblem(term: string, field: Field): string | undefined {
  const [range = '', step, ...more] = term.split('/');
  const [low = '', high, ...rest] = range.split('-');
  if (more.length > 0) return `too many slashes: ${term}`;
  if (rest.length > 0) return `too many hyphens: ${term}`;
  if (step !== undefined && (!/^\d+$/.test(step) || Number(step) === 0))
    return `step of range should be a positive number: ${term}`;
  // The end of a range that starts with everything is not looked at.
  if (low === '*' || low === '?') return undefined;
  const start = numberOf(low, field);
  const end = high === undefined ? start : numberOf(high, field);
  if (start === undefined || end === undefined) return `failed to parse int from ${term}`;
  if (start < field.min) return `beginning of range (${start}) below minimum (${field.min}): ${term}`;
  if (end > field.max) return `end of range (${end}) above maximum (${field.max}): ${term}`;
  return start > end ? `beginning of range (${start}) beyond end of range (${end}): ${term}` : undefined;
}

function numberOf(text: string, { names, min }: Field): number | undefined {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
