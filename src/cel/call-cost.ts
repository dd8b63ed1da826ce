// What a call costs when it runs (k8s.io/apiserver pkg/cel/library/cost.go CallCost, cel-go
// interpreter/runtimecost.go, ext/lists.go, ext/sets.go).
import { itemsOf } from './collections.ts';
import { patternSizeOf } from './library/formats.ts';
import { isDict, isFailure, isList, kindOf, type Opaque, sizeOf, type Value } from './values.ts';

export const LIST_COST = 10;
export const MAP_COST = 30;
export const STRUCT_COST = 40;
export const TRAVERSAL = 0.1;
export const PATTERN = 0.25;
/** Allows two checks in an expression. */
export const CHECK_COST = 350_000;

/** A selector has at most one requirement in two characters; each is a struct and a list. */
const selectorCost = (length: number): number =>
  LIST_COST + Math.ceil(length * TRAVERSAL) + Math.ceil(Math.ceil(length * 0.5) * (LIST_COST + STRUCT_COST));

const traversed = (value: Value | undefined, times = 1): number => Math.ceil(sizeOf(value ?? null) * times * TRAVERSAL);

const patternCost = (text: Value, patternSize: number): number =>
  Math.ceil((1 + sizeOf(text)) * TRAVERSAL) * Math.ceil(patternSize * PATTERN);

const allocating = (factor: number, size: number): number => Math.floor(size * factor) + 1 + LIST_COST;

/** Everything within. */
function wholeCost(value: Value): number {
  if (typeof value === 'string') return Math.trunc(Buffer.byteLength(value) * TRAVERSAL);
  if (value instanceof Uint8Array) return Math.trunc(value.length * TRAVERSAL);
  let cost = 0;
  if (isList(value)) for (const item of itemsOf(value)) cost += wholeCost(item);
  else if (isDict(value)) {
    for (const key of value.keys()) cost += wholeCost(key) + wholeCost(value.find(key) ?? null);
  } else return 1;
  return cost;
}

function selfCompared(list: Value | undefined): number {
  const size = sizeOf(list ?? null);
  const first = list !== undefined && isList(list) && size > 0 ? list.at(0) : undefined;
  const isText = typeof first === 'string' || first instanceof Uint8Array;
  return allocating(isText ? 2 + TRAVERSAL : 2, size * size);
}

type Coster = (args: readonly Value[], result: Value | undefined) => number;

const ONE: Coster = () => 1;
const bySize =
  (index = 0, times = 1): Coster =>
  (args) =>
    traversed(args[index], times);

const NOMINAL = [
  ...['serviceAccount', 'path', 'group', 'resource', 'subresource', 'namespace', 'name', 'allowed', 'reason', 'error'],
  ...['errored', 'masked', 'prefixLength', 'family', 'isUnspecified', 'isLoopback', 'isLinkLocalMulticast'],
  ...['isLinkLocalUnicast', 'isGlobalUnicast', 'format.named', 'sign', 'asInteger', 'isInteger', 'asApproximateFloat'],
  ...['isGreaterThan', 'isLessThan', 'compareTo', 'add', 'sub', 'major', 'minor', 'patch', 'getScheme', 'getHostname'],
  ...['getHost', 'getPort', 'getEscapedPath', 'getQuery'],
];

const byName = (names: readonly string[], cost: Coster): [string, Coster][] => names.map((name) => [name, cost]);

/** By function, whatever the overload. */
const FUNCTIONS: ReadonlyMap<string, Coster> = new Map<string, Coster>([
  ...byName(NOMINAL, ONE),
  ['check', () => CHECK_COST],
  ...byName(['fieldSelector', 'labelSelector'], (args) => selectorCost(sizeOf(args[1] ?? null))),
  ...byName(['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'], (args) => wholeCost(args[0] ?? null)),
  ...byName(['url', 'lowerAscii', 'upperAscii', 'substring', 'trim', 'jsonpatch.escapeKey'], bySize()),
  ...byName(['replace', 'split'], bySize(0, 2)),
  ['join', (_args, result) => traversed(result, 2)],
  ...byName(['find', 'findAll'], (args) => patternCost(args[0] ?? null, sizeOf(args[1] ?? null))),
  ...byName(['cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver'], bySize()),
  ['ip.isCanonical', bySize(0, 2)],
  ['validate', (args) => (isFailure(args[0]) ? 1 : patternCost(args[1] ?? null, patternSizeOf(args[0] as Opaque)))],
]);

/** Functions that go by their overloads; '' where several are possible. */
const OVERLOADS: ReadonlyMap<string, Coster> = new Map<string, Coster>([
  ...byName(['list_slice', 'lists_range', 'list_reverse'], (_args, result) => allocating(1, sizeOf(result ?? null))),
  ...byName(['list_flatten', 'list_flatten_int'], (args) =>
    allocating(typeof args[1] === 'bigint' ? Number(args[1]) : 1, sizeOf(args[0] ?? null)),
  ),
  ['list_distinct', (args) => selfCompared(args[0])],
  ...byName(['list_sets_contains_list', 'list_sets_intersects_list'], (args) => 1 + product(args)),
  ['list_sets_equivalent_list', (args) => 1 + 2 * product(args)],
  ...byName(
    ['starts_with_string', 'ends_with_string', 'string_to_bytes', 'bytes_to_string', 'strings_quote', 'string_format'],
    bySize(),
  ),
  ['in_list', (args) => sizeOf(args[1] ?? null)],
  ...byName(['add_string', 'add_bytes'], (args) =>
    Math.ceil((sizeOf(args[0] ?? null) + sizeOf(args[1] ?? null)) * TRAVERSAL),
  ),
  ['matches_string', (args) => patternCost(args[0] ?? null, sizeOf(args[1] ?? null))],
  ['contains_string', (args) => traversed(args[0]) * traversed(args[1])],
  ...byName(['less', 'less_equals', 'greater', 'greater_equals'], smaller).flatMap(
    ([word, cost]): [string, Coster][] => [
      [`${word}_string`, cost],
      [`${word}_bytes`, cost],
    ],
  ),
  ...byName(['equals', 'not_equals'], smaller),
]);

const product = (args: readonly Value[]): number => sizeOf(args[0] ?? null) * sizeOf(args[1] ?? null);

function smaller(args: readonly Value[]): number {
  return Math.ceil(Math.min(sizeOf(args[0] ?? null), sizeOf(args[1] ?? null)) * TRAVERSAL);
}

/** Whether the cost is known only with the result. */
export const costsByResult = (fn: string, overload: string): boolean =>
  fn === 'join' || overload === 'list_slice' || overload === 'lists_range' || overload === 'list_reverse';

export function callCost(fn: string, overload: string, args: readonly Value[], result?: Value): number {
  if (/^list_.*_sort$/.test(overload)) return selfCompared(args[0]);
  if (overload.endsWith('_sortByAssociatedKeys')) return selfCompared(args[1]);
  const special = specialCost(fn, overload, args);
  if (special !== undefined) return special;
  const cost = OVERLOADS.get(overload);
  // Sets and lists of their own go before functions, the others after them.
  if (cost && LISTS.has(overload)) return cost(args, result);
  return (FUNCTIONS.get(fn) ?? cost ?? ONE)(args, result);
}

const LISTS: ReadonlySet<string> = new Set([
  ...['list_slice', 'lists_range', 'list_reverse', 'list_flatten', 'list_flatten_int', 'list_distinct'],
  ...['list_sets_contains_list', 'list_sets_intersects_list', 'list_sets_equivalent_list'],
]);

function specialCost(fn: string, overload: string, args: readonly Value[]): number | undefined {
  switch (fn) {
    case 'ip':
      return overload === 'cidr_ip' ? 1 : traversed(args[0]);
    case 'containsIP': {
      const parsed = overload === 'cidr_contains_ip_string' ? traversed(args[1]) : 0;
      return traversed(args[0], 2) + parsed;
    }
    case 'containsCIDR': {
      const parsed = overload === 'cidr_contains_cidr_string' ? traversed(args[1]) : 0;
      return traversed(args[0], 2) + traversed(args[0]) + 1 + parsed;
    }
    case '_==_':
      return kindOf(args[0] ?? null) === 'opaque' ? 1 : undefined;
    default:
      return undefined;
  }
}
