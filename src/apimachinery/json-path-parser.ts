// The JSONPath of columns and field references, as k8s.io/client-go/util/jsonpath/parser.go reads it between braces:
// .a.b, ['a'], [0], [-1:], [0:4:2], [*], [0,2], ..a, [?(@.a=="b")]. There are no ranges here.

export type Step =
  | { kind: 'field'; name: string }
  | { kind: 'slice'; from: number | undefined; to: number | undefined; step: number | undefined; isOne: boolean }
  | { kind: 'union'; paths: readonly (readonly Step[])[] }
  | { kind: 'wildcard' }
  | { kind: 'recursive' }
  | { kind: 'filter'; left: readonly Step[]; operator: string; right: readonly Step[] }
  | { kind: 'constant'; value: string | number | boolean }
  /** A word that means nothing; only who follows the path is told. */
  | { kind: 'identifier'; name: string };

export class JsonPathError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonPathError';
  }
}

/** Paths nest in unions and filters only, and those do not nest deeply. */
const MAX_DEPTH = 20;

/** Throws JsonPathError. */
export const parseJsonPath = (path: string): readonly Step[] => parseSteps(path, 0);

function parseSteps(path: string, depth: number): readonly Step[] {
  if (depth > MAX_DEPTH) throw new JsonPathError('nested too deeply');
  const steps: Step[] = [];
  let at = 0;
  while (at < path.length) {
    const rest = path.slice(at);
    const char = rest.charAt(0);
    if (rest.startsWith('[?(')) at += readFilter(rest, steps, depth);
    else if (rest.startsWith('..')) {
      if (steps.at(-1)?.kind === 'recursive') throw new JsonPathError('invalid multiple recursive descent');
      steps.push({ kind: 'recursive' });
      at += 2;
      if (/^[\p{L}\p{Nd}_]/u.test(path.slice(at))) at += readField(path.slice(at), steps);
    } else if (char === '\n' || char === '\r') throw new JsonPathError('unclosed action');
    else if (' @$'.includes(char)) at += 1;
    else if (char === '[') at += readArray(rest, steps, depth);
    else if (char === '"' || char === "'") at += readQuoted(rest, steps);
    else if (char === '.') at += 1 + readField(rest.slice(1), steps);
    else if (/^[+\-\p{Nd}]/u.test(rest)) at += readNumber(rest, steps);
    else if (/^[\p{L}_]/u.test(rest)) at += readWord(rest, steps);
    else throw new JsonPathError(`unrecognized character in action: ${describe(rest)}`);
  }
  return steps;
}

function describe(text: string): string {
  const code = text.codePointAt(0) as number;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${String.fromCodePoint(code)}'`;
}

const END_OF_NAME = ' \t\r\n.,[]$@{}';

/** Characters read. A backslash takes the meaning from what follows it. */
function readField(text: string, steps: Step[]): number {
  let length = 0;
  while (length < text.length && !END_OF_NAME.includes(text.charAt(length))) {
    length += text.charAt(length) === '\\' ? 2 : 1;
  }
  const name = text.slice(0, length);
  steps.push(name === '*' ? { kind: 'wildcard' } : { kind: 'field', name: name.replaceAll('\\', '') });
  return Math.min(length, text.length);
}

function readWord(text: string, steps: Step[]): number {
  let length = 0;
  while (length < text.length && !END_OF_NAME.includes(text.charAt(length))) length++;
  const word = text.slice(0, length);
  const isBool = word === 'true' || word === 'false';
  steps.push(isBool ? { kind: 'constant', value: word === 'true' } : { kind: 'identifier', name: word });
  return length;
}

function readNumber(text: string, steps: Step[]): number {
  const number = /^[+-]?[\d.]*/.exec(text)?.[0] ?? '';
  const value = Number(number);
  if (!/\d/.test(number) || Number.isNaN(value)) throw new JsonPathError(`cannot parse number ${number}`);
  steps.push({ kind: 'constant', value });
  return number.length;
}

function readQuoted(text: string, steps: Step[]): number {
  const quote = text.charAt(0);
  let length = 1;
  while (text.charAt(length) !== quote || text.charAt(length - 1) === '\\') {
    if (length >= text.length || text.charAt(length) === '\n') throw new JsonPathError('unterminated quoted string');
    length++;
  }
  steps.push({ kind: 'constant', value: text.slice(1, length).replace(/\\(.)/gs, '$1') });
  return length + 1;
}

const SLICE = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/;

function readArray(text: string, steps: Step[], depth: number): number {
  const end = text.search(/[\]\n]/);
  if (end < 0 || text.charAt(end) === '\n') throw new JsonPathError('unterminated array');
  const given = text.slice(1, end);
  const inside = given === '*' ? ':' : given;
  const parts = inside.split(',');
  const key = /^'([^']*)'$/.exec(inside)?.[1];
  if (parts.length > 1) {
    steps.push({ kind: 'union', paths: parts.map((part) => parseSteps(`[${part.trim()}]`, depth + 1)) });
  } else if (key !== undefined) steps.push(...parseSteps(`.${key}`, depth + 1));
  else steps.push(sliceOf(inside));
  return end + 1;
}

function sliceOf(text: string): Step {
  const [, from = '', to, step] = SLICE.exec(text) ?? [];
  if (!SLICE.test(text)) throw new JsonPathError(`invalid array index ${text}`);
  const number = (digits: string | undefined): number | undefined => {
    if (digits === undefined || digits === '') return undefined;
    if (digits === '-') throw new JsonPathError(`array index ${digits} is not a number`);
    return Number(digits);
  };
  const first = number(from);
  if (to === undefined) return { kind: 'slice', from: first, to: (first ?? 0) + 1, step: undefined, isOne: true };
  return { kind: 'slice', from: first, to: number(to.slice(1)), step: number(step?.slice(1)), isOne: false };
}

/** The bracket that ends a filter is the first that stands in no quotes. */
function readFilter(text: string, steps: Step[], depth: number): number {
  const start = '[?('.length;
  let quote = '';
  let end = start;
  for (; ; end++) {
    const char = text.charAt(end);
    if (char === '' || char === '\n') throw new JsonPathError('unterminated filter');
    if (quote ? char === quote && text.charAt(end - 1) !== '\\' : char === '"' || char === "'")
      quote = quote ? '' : char;
    else if (char === ')' && !quote) break;
  }
  if (text.charAt(end + 1) !== ']') throw new JsonPathError('unclosed array expect ]');
  const inside = text.slice(start, end);
  const [, left, operator, right] = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(inside) ?? [];
  if (left === undefined || operator === undefined || right === undefined) {
    steps.push({ kind: 'filter', left: parseSteps(inside, depth + 1), operator: 'exists', right: [] });
  } else {
    steps.push({ kind: 'filter', left: parseSteps(left, depth + 1), operator, right: parseSteps(right, depth + 1) });
  }
  return end + 2;
}
