// Go's time.Duration as text: 300ms, 1h15m30.5s. Values are nanoseconds.

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const MAX = 2n ** 63n - 1n;

export class DurationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DurationError';
  }
}

/** Nanoseconds of a Go duration. Throws DurationError with the words of time.ParseDuration. */
export function parseDuration(text: string): bigint {
  const invalid = (why = 'invalid duration') => new DurationError(`time: ${why} ${JSON.stringify(text)}`);
  const negative = text.startsWith('-');
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return 0n;
  if (rest === '') throw invalid();
  let total = 0n;
  while (rest !== '') {
    const match = /^([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/.exec(rest);
    const [all = '', whole = '', fraction = '', unit = ''] = match ?? [];
    if (whole === '' && fraction === '') throw invalid();
    if (unit === '') throw invalid('missing unit in duration');
    const size = UNITS[unit];
    if (size === undefined) throw invalid(`unknown unit ${JSON.stringify(unit)} in duration`);
    total += BigInt(whole || '0') * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length);
    if (total > MAX + (negative ? 1n : 0n)) throw invalid();
    rest = rest.slice(all.length);
  }
  return negative ? -total : total;
}

/** As time.Duration.String prints it: 1h0m0s, 1.5s, 0s. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (size < 1_000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 1_000n)}µs`;
  if (size < 1_000_000_000n) return `${sign}${decimal(size, 1_000_000n)}ms`;
  const seconds = decimal(size % 60_000_000_000n, 1_000_000_000n);
  const minutes = size / 60_000_000_000n;
  if (minutes === 0n) return `${sign}${seconds}s`;
  if (minutes < 60n) return `${sign}${minutes}m${seconds}s`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}s`;
}

function decimal(amount: bigint, unit: bigint): string {
  const width = String(unit).length - 1;
  const fraction = String(amount % unit)
    .padStart(width, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(amount / unit) : `${amount / unit}.${fraction}`;
}

/** For timers; finer parts are lost. */
export const durationToMs = (nanoseconds: bigint): number => Number(nanoseconds / 1_000_000n);

/** Cut to milliseconds and printed as Go does: 250ms, 1.5s, 1m20s. */
export const formatMs = (ms: number): string => formatDuration(BigInt(Math.trunc(ms)) * 1_000_000n);
