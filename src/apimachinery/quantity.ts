// Amounts such as 500m, 1.5 and 2Gi, exact to a billionth, as k8s.io/apimachinery/pkg/api/resource reads, rounds and
// prints them. Amounts finer than that are rounded away from zero.
import { remembered } from './remembered.ts';

/** How it was written, which is how it is printed: 12e6, 12Mi or 12M. */
export type QuantityFormat = 'DecimalExponent' | 'BinarySI' | 'DecimalSI';

export interface Quantity {
  /** In units of 10^-9. */
  readonly nano: bigint;
  readonly format: QuantityFormat;
  /** What was parsed, when upstream keeps that instead of its canonical form. */
  readonly text?: string;
}

export class QuantityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'QuantityError';
  }
}

const UNIT = 1_000_000_000n;
const MAX_BINARY = (2n ** 63n - 1n) * UNIT;
const MAX_INT64 = 2n ** 63n - 1n;
const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const DECIMAL_SUFFIX = new Map(Object.entries(DECIMAL).map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIX = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

export const ZERO: Quantity = { nano: 0n, format: 'DecimalSI' };

/** Reads a quantity; JSON numbers are taken as they print. Throws QuantityError. */
export const parseQuantity = (input: string | number): Quantity => parse(String(input));

const parse = remembered((input): Quantity => {
  const plain = PLAIN.exec(input);
  if (plain) {
    const [text, digits, suffix = ''] = plain as unknown as [string, string, string?];
    const { unit, format } = PLAIN_SUFFIXES[suffix] as PlainSuffix;
    return { nano: BigInt(digits) * unit, format, text };
  }
  const text = input.trim();
  const match = /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text);
  if (text === '' || !match) throw new QuantityError(WRONG_FORMAT);
  const [, sign, whole = '', fraction = '', suffix = ''] = match;
  const { base, exponent, format } = readSuffix(suffix);
  const digits = BigInt((whole || '0') + fraction);
  const magnitude =
    base === 2
      ? divideUp(digits * 2n ** BigInt(exponent) * UNIT, 10n ** BigInt(fraction.length))
      : scaleUp(digits, exponent - fraction.length + 9);
  const capped = format === 'BinarySI' && magnitude > MAX_BINARY ? MAX_BINARY : magnitude;
  const nano = sign === '-' ? -capped : capped;
  // A binary amount below one is printed as a decimal one.
  const shown = format === 'BinarySI' && capped > 0n && capped < UNIT ? 'DecimalSI' : format;
  return keepsText(whole || '0', fraction, { base, exponent, digits })
    ? { nano, format: shown, text }
    : { nano, format: shown };
});

interface Suffix {
  base: 2 | 10;
  exponent: number;
  format: QuantityFormat;
}

function readSuffix(suffix: string): Suffix {
  const decimal = DECIMAL[suffix];
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' };
  const binary = BINARY[suffix];
  if (binary !== undefined) return { base: 2, exponent: binary, format: 'BinarySI' };
  const exponent = /^[eE]([-+]?[0-9]+)$/.exec(suffix)?.[1];
  // Beyond a thousand digits an amount has no meaning, and computing it would cost memory.
  if (exponent === undefined || Math.abs(Number(exponent)) > 1000) {
    throw new QuantityError("unable to parse quantity's suffix");
  }
  return { base: 10, exponent: Number(exponent), format: 'DecimalExponent' };
}

/**
 * Upstream's shortcut (ParseQuantity): a short number whose scale is a multiple of three is kept as written, so that
 * 1.123k stays 1.123k although its canonical form is 1123.
 */
function keepsText(
  whole: string,
  fraction: string,
  { base, exponent, digits }: { base: 2 | 10; exponent: number; digits: bigint },
): boolean {
  if (base === 2) {
    const short = fraction === '' && 15 - whole.length - Math.trunc((exponent * 3) / 10) - 1 >= 0;
    return short && digits * 2n ** BigInt(exponent) <= MAX_INT64 && (digits & 7n) !== 0n;
  }
  const scale = exponent - fraction.length;
  const shifted = whole + fraction;
  return shifted.length <= 18 && scale >= -9 && scale % 3 === 0 && !shifted.endsWith('000') && shifted[0] !== '0';
}

const scaleUp = (digits: bigint, exponent: number): bigint =>
  exponent >= 0 ? digits * 10n ** BigInt(exponent) : divideUp(digits, 10n ** BigInt(-exponent));

/** For amounts that are not negative. */
const divideUp = (amount: bigint, by: bigint): bigint => (amount + by - 1n) / by;

/** The text upstream would write. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text;
  const { nano, format } = quantity;
  if (nano === 0n) return '0';
  const whole = nano / UNIT;
  const binary = format === 'BinarySI' && nano % UNIT === 0n && (whole <= -1024n || whole >= 1024n);
  return binary ? binaryText(whole) : decimalText(nano, format === 'DecimalExponent');
}

function binaryText(whole: bigint): string {
  let power = 0;
  let mantissa = whole;
  while (mantissa % 1024n === 0n && power < BINARY_SUFFIX.length - 1) {
    mantissa /= 1024n;
    power++;
  }
  return `${mantissa}${BINARY_SUFFIX[power]}`;
}

function decimalText(nano: bigint, asExponent: boolean): string {
  let exponent = -9;
  let mantissa = nano;
  while (mantissa % 1000n === 0n && (asExponent || exponent < 18)) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (!asExponent) return `${mantissa}${DECIMAL_SUFFIX.get(exponent)}`;
  return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
}

/** The text a stored quantity has: 0.5 becomes 500m, 1024Mi 1Gi. Throws QuantityError. */
export const canonicalQuantity = (text: string | number): string =>
  typeof text === 'string' && PLAIN.test(text) ? text : formatQuantity(parseQuantity(text));

/** What nearly all quantities look like, and canonical as it stands: 100m, 2, 64Mi. */
const PLAIN = /^([1-9][0-9]{0,2})(m|k|M|G|Ki|Mi|Gi)?$/;

type PlainSuffix = Pick<Quantity, 'format'> & { unit: bigint };

const decimal = (unit: bigint): PlainSuffix => ({ unit, format: 'DecimalSI' });
const binary = (unit: bigint): PlainSuffix => ({ unit: unit * UNIT, format: 'BinarySI' });

const PLAIN_SUFFIXES: Readonly<Record<string, PlainSuffix>> = {
  '': decimal(UNIT),
  m: decimal(10n ** 6n),
  k: decimal(10n ** 12n),
  M: decimal(10n ** 15n),
  G: decimal(10n ** 18n),
  Ki: binary(2n ** 10n),
  Mi: binary(2n ** 20n),
  Gi: binary(2n ** 30n),
};

export const compareQuantity = (a: Quantity, b: Quantity): -1 | 0 | 1 =>
  a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0;

/** The sum takes the format of `a`, or of `b` when `a` is zero. */
export const addQuantity = (a: Quantity, b: Quantity): Quantity => ({
  nano: a.nano + b.nano,
  format: a.nano === 0n ? b.format : a.format,
});

export const subQuantity = (a: Quantity, b: Quantity): Quantity => ({
  nano: a.nano - b.nano,
  format: a.nano === 0n ? b.format : a.format,
});

export const negateQuantity = (q: Quantity): Quantity => ({ nano: -q.nano, format: q.format });

export const isZeroQuantity = (q: Quantity): boolean => q.nano === 0n;

/** In whole units, rounded away from zero; exact up to 2^53. */
export const value = (q: Quantity): number => Number(roundAway(q.nano, UNIT));

/** In thousandths, rounded away from zero; exact up to 2^53. */
export const milliValue = (q: Quantity): number => Number(roundAway(q.nano, 1_000_000n));

const roundAway = (amount: bigint, unit: bigint): bigint =>
  amount < 0n ? -divideUp(-amount, unit) : divideUp(amount, unit);

/** A quantity of whole units, such as bytes counted from a disk. */
export const quantityOf = (units: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity => ({
  nano: BigInt(units) * UNIT,
  format,
});

export const quantityOfMilli = (thousandths: number | bigint): Quantity => ({
  nano: BigInt(thousandths) * 1_000_000n,
  format: 'DecimalSI',
});
