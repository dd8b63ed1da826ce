// Strings: the common functions and version 2 of the strings extension (cel-go ext/strings.go), regular expressions
// (k8s.io/apiserver pkg/cel/library/regex.go). Places count code points.
import { itemsOf, listOfValues } from '../collections.ts';
import { compilePattern, isPatternError } from '../pattern.ts';
import { failure, isFailure, type List, lengthOf, type Value } from '../values.ts';
import { formatText } from './format-string.ts';
import type { Library } from './library.ts';
import { MAX_TEXT, tooLong } from './operators.ts';

/** Strings of the basic plane need no splitting into code points. */
const isPlain = (text: string): boolean => !/[\ud800-\udfff]/.test(text);
const units = (text: string): string | readonly string[] => (isPlain(text) ? text : [...text]);
const slice = (text: string, from: number, to?: number): string =>
  isPlain(text) ? text.slice(from, to) : [...text].slice(from, to).join('');
const outOfRange = (index: bigint): Value => failure(`index out of range: ${index}`);

function charAt(text: string, index: bigint): Value {
  const length = lengthOf(text);
  if (index < 0n || index > length) return outOfRange(index);
  return slice(text, Number(index), Number(index) + 1);
}

function indexOf(text: string, part: string, from = 0n): Value {
  if (part === '') return from;
  if (from < 0n) return outOfRange(from);
  const chars = units(text);
  if (from >= chars.length) return -1n;
  if (typeof chars === 'string') return BigInt(chars.indexOf(part, Number(from)));
  const before = chars.slice(0, Number(from)).join('').length;
  const found = text.indexOf(part, before);
  return found < 0 ? -1n : BigInt(lengthOf(text.slice(0, found)));
}

function lastIndexOf(text: string, part: string, from?: bigint): Value {
  const length = lengthOf(text);
  if (part === '') return from ?? BigInt(length);
  const start = from ?? BigInt(Math.max(length - 1, 0));
  if (start < 0n) return outOfRange(start);
  if (from !== undefined && start >= length) return -1n;
  const before = slice(text, 0, Number(start)).length;
  const found = text.lastIndexOf(part, before);
  return found < 0 ? -1n : BigInt(lengthOf(text.slice(0, found)));
}

function substring(text: string, start: bigint, end?: bigint): Value {
  const length = lengthOf(text);
  if (end !== undefined && start > end) return failure(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0n || start > length) return outOfRange(start);
  if (end !== undefined && (end < 0n || end > length)) return outOfRange(end);
  return slice(text, Number(start), end === undefined ? undefined : Number(end));
}

/** strings.Replace of Go: a negative count means all. */
function replace(text: string, what: string, by: string, count = -1n): Value {
  const all = count < 0n;
  if (what === '') {
    const chars = [...text];
    const gaps = all ? chars.length + 1 : Math.min(Number(count), chars.length + 1);
    if (text.length + gaps * by.length > MAX_TEXT) return tooLong();
    return chars.map((char, i) => (i < gaps ? by + char : char)).join('') + (gaps > chars.length ? by : '');
  }
  const parts = text.split(what);
  const times = all ? parts.length - 1 : Math.min(Number(count), parts.length - 1);
  if (text.length + times * by.length > MAX_TEXT) return tooLong();
  return [parts.slice(0, times + 1).join(by), ...parts.slice(times + 1)].join(what);
}

/** strings.SplitN of Go: the rest stays whole, none for 0. */
function split(text: string, by: string, count = -1n): Value {
  if (count === 0n) return listOfValues([]);
  const parts = by === '' ? [...text] : text.split(by);
  if (count < 0n || count >= parts.length) return listOfValues(parts);
  const most = Number(count) - 1;
  return listOfValues([...parts.slice(0, most), parts.slice(most).join(by)]);
}

function join(list: List, by = ''): Value {
  const parts: string[] = [];
  let size = 0;
  for (const item of itemsOf(list)) {
    if (isFailure(item)) return item;
    if (typeof item !== 'string') return failure(`join: invalid input: ${String(item)}`);
    size += item.length + by.length;
    if (size > MAX_TEXT) return tooLong();
    parts.push(item);
  }
  return parts.join(by);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};
const quote = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  `"${text.replace(/[\x07\b\f\n\r\t\v\\"]/g, (char) => ESCAPES[char] as string)}"`;

/** White space as Go's unicode.IsSpace has it. */
const isSpace = (char: string): boolean => char === '\u0085' || (char !== '\ufeff' && /\s/.test(char));

function trim(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && isSpace(text[from] as string)) from++;
  while (to > from && isSpace(text[to - 1] as string)) to--;
  return text.slice(from, to);
}

const upper = (text: string): string => text.replace(/[a-z]+/g, (part) => part.toUpperCase());
const lower = (text: string): string => text.replace(/[A-Z]+/g, (part) => part.toLowerCase());

/** With a pattern, or the failure that it is none. */
function withPattern(pattern: string, then: (compiled: ReturnType<typeof compilePattern>) => Value): Value {
  try {
    return then(compilePattern(pattern));
  } catch (error) {
    if (!isPatternError(error)) throw error;
    return failure(error.message);
  }
}

const matches = (text: string, pattern: string): Value =>
  withPattern(pattern, (compiled) => compiled.matcher(text).find());

const find = (text: string, pattern: string): Value =>
  withPattern(pattern, (compiled) => {
    const matcher = compiled.matcher(text);
    return matcher.find() ? (matcher.group() ?? '') : '';
  });

const findAll = (text: string, pattern: string, count = -1n): Value =>
  withPattern(pattern, (compiled) => {
    const matcher = compiled.matcher(text);
    const found: string[] = [];
    while ((count < 0n || found.length < count) && matcher.find()) found.push(matcher.group() ?? '');
    return listOfValues(found);
  });

export const strings: Library = {
  declare: [
    'contains contains_string string.(string) -> bool',
    'startsWith starts_with_string string.(string) -> bool',
    'endsWith ends_with_string string.(string) -> bool',
    'matches matches (string, string) -> bool',
    'matches matches_string string.(string) -> bool',
    'charAt string_char_at_int string.(int) -> string',
    'indexOf string_index_of_string string.(string) -> int',
    'indexOf string_index_of_string_int string.(string, int) -> int',
    'lastIndexOf string_last_index_of_string string.(string) -> int',
    'lastIndexOf string_last_index_of_string_int string.(string, int) -> int',
    'join list_join list(string).() -> string',
    'join list_join_string list(string).(string) -> string',
    'lowerAscii string_lower_ascii string.() -> string',
    'upperAscii string_upper_ascii string.() -> string',
    'replace string_replace_string_string string.(string, string) -> string',
    'replace string_replace_string_string_int string.(string, string, int) -> string',
    'split string_split_string string.(string) -> list(string)',
    'split string_split_string_int string.(string, int) -> list(string)',
    'substring string_substring_int string.(int) -> string',
    'substring string_substring_int_int string.(int, int) -> string',
    'trim string_trim string.() -> string',
    'strings.quote strings_quote (string) -> string',
    'format string_format string.(list(dyn)) -> string',
    'find string_find_string string.(string) -> string',
    'findAll string_find_all_string string.(string) -> list(string)',
    'findAll string_find_all_string_int string.(string, int) -> list(string)',
  ],
  implement: {
    contains_string: (text: string, part: string) => text.includes(part),
    starts_with_string: (text: string, part: string) => text.startsWith(part),
    ends_with_string: (text: string, part: string) => text.endsWith(part),
    matches,
    matches_string: matches,
    string_char_at_int: charAt,
    string_index_of_string: indexOf,
    string_index_of_string_int: indexOf,
    string_last_index_of_string: lastIndexOf,
    string_last_index_of_string_int: lastIndexOf,
    list_join: join,
    list_join_string: join,
    string_lower_ascii: lower,
    string_upper_ascii: upper,
    string_replace_string_string: replace,
    string_replace_string_string_int: replace,
    string_split_string: split,
    string_split_string_int: split,
    string_substring_int: substring,
    string_substring_int_int: substring,
    string_trim: trim,
    strings_quote: quote,
    string_format: formatText,
    string_find_string: find,
    string_find_all_string: findAll,
    string_find_all_string_int: findAll,
  },
};
