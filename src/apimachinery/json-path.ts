// What a JSONPath finds in JSON, and how it is printed (k8s.io/client-go/util/jsonpath/jsonpath.go, missing keys
// allowed).
import { formatDouble } from './double.ts';
import { JsonPathError, parseJsonPath, type Step } from './json-path-parser.ts';

/** Everything the path leads to. Throws JsonPathError where the data cannot be followed. */
export type JsonPath = (value: unknown) => unknown[];

/** Throws JsonPathError for what is no path. */
export function compileJsonPath(path: string): JsonPath {
  const steps = parseJsonPath(path);
  return (value) => follow([value], steps);
}

const follow = (values: readonly unknown[], steps: readonly Step[]): unknown[] =>
  steps.reduce<unknown[]>((found, step) => take(found, step), [...values]);

const isNull = (value: unknown): boolean => value === null || value === undefined;
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const partsOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : isMap(value) ? Object.values(value) : [];

function take(values: unknown[], step: Step): unknown[] {
  switch (step.kind) {
    case 'field':
      return values.flatMap((value) => (isMap(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []));
    case 'slice':
      return values.flatMap((value) => (isNull(value) ? [] : slice(value, step)));
    case 'union':
      return step.paths.flatMap((path) => follow(values, path));
    case 'wildcard':
      return values.flatMap(partsOf);
    case 'recursive':
      return values.flatMap(descend);
    case 'filter':
      return values.flatMap((value) => filter(value, step));
    case 'constant':
      return values.map(() => step.value);
    case 'identifier':
      throw new JsonPathError(`unrecognized identifier ${step.name}`);
  }
}

/** Itself and all below that has parts. */
function descend(value: unknown): unknown[] {
  const parts = partsOf(value);
  return parts.length === 0 ? [] : [value, ...parts.flatMap(descend)];
}

function slice(list: unknown, { from, to, step, isOne }: Extract<Step, { kind: 'slice' }>): unknown[] {
  if (!Array.isArray(list)) throw new JsonPathError(`${typeof list} is not array or slice`);
  const { length } = list;
  let start = from ?? 0;
  if (start < 0) start += length;
  let end = to ?? length;
  if (end < 0 || (end === 0 && isOne)) end += length;
  if (start === end) return [];
  const outside = (index: number) => new JsonPathError(`array index out of bounds: index ${index}, length ${length}`);
  if (start >= length || start < 0) throw outside(start);
  if (end > length || end < 0) throw outside(end - 1);
  if (start > end) throw new JsonPathError(`starting index ${start} is greater than ending index ${end}`);
  if (step !== undefined && step <= 0) throw new JsonPathError('step must be > 0');
  return list.slice(start, end).filter((_, i) => i % (step ?? 1) === 0);
}

function filter(list: unknown, { left, operator, right }: Extract<Step, { kind: 'filter' }>): unknown[] {
  if (!Array.isArray(list)) throw new JsonPathError('what is not array or slice cannot be filtered');
  return list.filter((item) => {
    const lefts = follow([item], left);
    if (operator === 'exists') return lefts.length > 0;
    const rights = lefts.length === 0 ? [] : follow([item], right);
    if (lefts.length > 1 || rights.length > 1) throw new JsonPathError('can only compare one element at a time');
    return rights.length === 1 && holds(lefts[0], operator, rights[0]);
  });
}

function holds(a: unknown, operator: string, b: unknown): boolean {
  if (typeof a !== typeof b || isNull(a) || typeof a === 'object') {
    throw new JsonPathError('incompatible types for comparison');
  }
  const [one, other] = [a as string, b as string];
  switch (operator) {
    case '==':
      return one === other;
    case '!=':
      return one !== other;
    case '<':
      return one < other;
    case '<=':
      return one <= other;
    case '>':
      return one > other;
    case '>=':
      return one >= other;
    default:
      throw new JsonPathError(`unrecognized filter operator ${operator}`);
  }
}

/** Lists and maps as JSON with sorted keys. */
export function printJsonPathValue(value: unknown): string {
  if (isNull(value)) return '<no value>';
  if (typeof value === 'object') return sortedJson(value).replace(/[<>&\u2028\u2029]/g, escapeUnit);
  return typeof value === 'number' && !Number.isInteger(value) ? formatDouble(value) : String(value);
}

const escapeUnit = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    isMap(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
