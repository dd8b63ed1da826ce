// string.format(): clauses %s %d %f %e %b %x %X %o and %% (cel-go ext/formatting.go). Numbers with a point are
// written as in English.
import { formatDouble } from '../../apimachinery/double.ts';
import { itemsOf } from '../collections.ts';
import { formatValue, secondsText } from '../format-value.ts';
import { formatTimestamp } from '../timestamp.ts';
import {
  type Dict,
  type Duration,
  failure,
  isDict,
  isFailure,
  isList,
  kindOf,
  type List,
  type Timestamp,
  type TypeValue,
  typeNameOf,
  type Uint,
  type Value,
} from '../values.ts';
import { MAX_TEXT, tooLong } from './operators.ts';

const DEFAULT_PRECISION = 6;

export interface Clause {
  verb: string;
  precision: number;
}

export class FormatError extends Error {}

/** Plain text and clauses, in order. Throws FormatError. */
export function parseFormat(format: string): (string | Clause)[] {
  const parts: (string | Clause)[] = [];
  let rest = format;
  while (rest !== '') {
    const percent = rest.indexOf('%');
    if (percent < 0) return [...parts, rest];
    if (percent > 0) parts.push(rest.slice(0, percent));
    rest = rest.slice(percent + 1);
    if (rest.startsWith('%')) {
      parts.push('%');
      rest = rest.slice(1);
      continue;
    }
    if (rest === '') throw new FormatError('unexpected end of string');
    const match = /^(?:\.(\d+))?(.)/s.exec(rest);
    const [all = '', precision, verb = ''] = match ?? [];
    if (!/^[sdfebxXo]$/.test(verb)) {
      throw new FormatError(
        `could not parse formatting clause: unrecognized formatting clause ${JSON.stringify(verb)}`,
      );
    }
    const digits = precision === undefined ? DEFAULT_PRECISION : Number(precision);
    if (digits > 1000) throw new FormatError('could not parse formatting clause: error while parsing precision');
    parts.push({ verb, precision: digits });
    rest = rest.slice(all.length);
  }
  return parts;
}

export function formatText(format: string, args: List): Value {
  try {
    const values = itemsOf(args);
    let index = 0;
    let text = '';
    for (const part of parseFormat(format)) {
      if (typeof part === 'string') text += part;
      else {
        const { value, done } = values.next();
        if (done || value === undefined) return failure(`index ${index} out of range`);
        if (isFailure(value)) return value;
        text += clauseText(part, value);
        index++;
      }
      if (text.length > MAX_TEXT) return tooLong();
    }
    return text;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return failure(error.message);
  }
}

const NEEDS: Readonly<Record<string, string>> = {
  s: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  d: 'decimal clause can only be used on integers',
  f: 'fixed-point clause can only be used on doubles',
  e: 'scientific clause can only be used on doubles',
  b: 'only integers and bools can be formatted as binary',
  x: 'only integers, byte buffers, and strings can be formatted as hex',
  X: 'only integers, byte buffers, and strings can be formatted as hex',
  o: 'octal clause can only be used on integers',
};

/** What is wrong with an argument of this type for a clause. */
export const clauseProblem = (verb: string, type: string): string =>
  `error during formatting: ${NEEDS[verb]}, was given ${type}`;

function clauseText({ verb, precision }: Clause, value: Value): string {
  const text = (verb === 's' ? stringText : numberText(verb, precision))(value);
  if (text === undefined) throw new FormatError(clauseProblem(verb, typeNameOf(value)));
  return text;
}

const integerOf = (value: Value): bigint | undefined => {
  if (typeof value === 'bigint') return value;
  return kindOf(value) === 'uint' ? (value as Uint).value : undefined;
};

const numberText =
  (verb: string, precision: number) =>
  (value: Value): string | undefined => {
    switch (verb) {
      case 'd':
        return integerOf(value)?.toString();
      case 'o':
        return integerOf(value)?.toString(8);
      case 'b':
        return typeof value === 'boolean' ? String(Number(value)) : integerOf(value)?.toString(2);
      case 'x':
        return hexText(value);
      case 'X':
        return hexText(value)?.toUpperCase();
      default:
        return doubleText(value, verb, precision);
    }
  };

function hexText(value: Value): string | undefined {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : integerOf(value)?.toString(16);
}

const SPECIAL: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Infinity, '-Infinity': -Infinity };

function doubleText(value: Value, verb: string, precision: number): string | undefined {
  const number = typeof value === 'string' && Object.hasOwn(SPECIAL, value) ? SPECIAL[value] : value;
  if (typeof number !== 'number') return undefined;
  if (Number.isNaN(number)) return 'NaN';
  if (!Number.isFinite(number)) return number > 0 ? '∞' : '-∞';
  return verb === 'f' ? fixed(number, precision) : scientific(number, precision);
}

/** With commas between thousands. */
function fixed(number: number, precision: number): string {
  const digits = Math.min(precision, 100);
  const text = Math.abs(number) < 1e21 ? number.toFixed(digits) : `${BigInt(number)}.${'0'.repeat(digits)}`;
  const [whole = '', fraction] = text.replace(/\.$/, '').split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

function scientific(number: number, precision: number): string {
  const [digits = '', power = '0'] = number.toExponential(Math.min(precision, 100)).split('e');
  const exponent = String(Math.abs(Number(power))).padStart(2, '0');
  const raised = [...exponent].map((digit) => SUPERSCRIPTS[Number(digit)]).join('');
  return `${digits}×10${power.startsWith('-') ? '⁻' : ''}${raised}`;
}

/** As %s writes a value. */
function stringText(value: Value): string | undefined {
  switch (kindOf(value)) {
    case 'list':
      return `[${[...itemsOf(value as List)].map(nestedText).join(', ')}]`;
    case 'map':
      return dictText(value as Dict);
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString();
    case 'timestamp':
      return formatTimestamp(value as Timestamp);
    case 'duration':
      return secondsText((value as Duration).nanos);
    case 'type':
      return (value as TypeValue).name;
    case 'double':
      return formatDouble(value as number);
    case 'null':
    case 'string':
    case 'bool':
    case 'int':
    case 'uint':
      return formatValue(value);
    default:
      return undefined;
  }
}

function dictText(dict: Dict): string {
  const entries = dict.keys().map((key) => {
    if (!['string', 'bool', 'int', 'uint'].includes(kindOf(key))) {
      throw new FormatError(`error during formatting: no formatting function for map key of type ${typeNameOf(key)}`);
    }
    return [nestedText(key), nestedText(dict.find(key) as Value)] as const;
  });
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${sorted.map(([key, value]) => `${key}:${value}`).join(', ')}}`;
}

/** Within lists and maps strings are quoted, and doubles have six digits. */
function nestedText(value: Value): string {
  if (isFailure(value)) throw new FormatError(value.message);
  if (isList(value) || isDict(value)) return stringText(value) as string;
  const text = stringText(value);
  switch (kindOf(value)) {
    case 'string':
      return JSON.stringify(text);
    case 'bytes':
      return `b${JSON.stringify(text)}`;
    case 'double':
      return Number.isFinite(value) ? (value as number).toFixed(DEFAULT_PRECISION) : `"${text}"`;
    case 'timestamp':
      return `timestamp(${JSON.stringify(text)})`;
    case 'duration':
      return `duration(${JSON.stringify(text)})`;
    default:
      if (text === undefined) {
        throw new FormatError(`error during formatting: no formatting function for ${typeNameOf(value)}`);
      }
      return text;
  }
}
