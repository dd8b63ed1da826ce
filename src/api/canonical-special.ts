// Quantities, times and durations in the text that Go writes for them.
import { DurationError, formatDuration, parseDuration } from '../apimachinery/duration.ts';
import { canonicalQuantity, QuantityError } from '../apimachinery/quantity.ts';
import type { TypeSchema } from './schema.ts';

/** By the last part of the model. */
const SPECIALS: Readonly<Record<string, (value: unknown) => unknown>> = {
  Quantity: (value) =>
    typeof value === 'string' || typeof value === 'number' ? canonical(canonicalQuantity, value) : value,
  Duration: (value) =>
    typeof value === 'string' ? canonical((text: string) => formatDuration(parseDuration(text)), value) : value,
  Time: (value) => (typeof value === 'string' ? utc(value, 0) : value),
  MicroTime: (value) => (typeof value === 'string' ? utc(value, 6) : value),
};

/** The canonical form of a value of a type that says how it is written; anything else comes back as it is. */
export const canonicalSpecial = (value: unknown, { model }: TypeSchema): unknown =>
  SPECIALS[model.slice(model.lastIndexOf('.') + 1)]?.(value) ?? value;

function canonical<T>(read: (text: T) => string, text: T): unknown {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof QuantityError || error instanceof DurationError) return text;
    throw error;
  }
}

/** RFC 3339 in UTC with as many digits of a second. */
function utc(text: string, digits: 0 | 6): string {
  // The decoder has looked at the digits.
  if (digits === 0 && text.length === 20 && text.endsWith('Z')) return text;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return text;
  const whole = new Date(ms).toISOString().slice(0, 19);
  if (digits === 0) return `${whole}Z`;
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return `${whole}.${fraction.slice(0, digits).padEnd(digits, '0')}Z`;
}
