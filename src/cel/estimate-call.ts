// What calls can cost, and how large their results can be (k8s.io/apiserver pkg/cel/library/cost.go EstimateCallCost,
// cel-go checker/cost.go functionCost, ext/lists.go, ext/sets.go).
import { CHECK_COST, LIST_COST, PATTERN, STRUCT_COST, TRAVERSAL } from './call-cost.ts';
import type { CostNode } from './cost.ts';
import { type Estimate, fixed, ONE, plus, scaled, times, UNBOUNDED, UNKNOWN } from './estimate.ts';
import type { Type } from './types.ts';

export interface CallEstimate {
  /** Without its arguments. */
  cost: Estimate;
  size?: Estimate;
}

interface Context {
  target: CostNode | undefined;
  args: readonly CostNode[];
  /** How large a node can be; unbounded when nothing is known. */
  sizeOf(node: CostNode): Estimate;
}

type Estimator = (context: Context, overload: string) => CallEstimate | undefined;

const traversal = (size: Estimate, factor = 1): Estimate => scaled(size, factor * TRAVERSAL);
const only = (cost: Estimate): CallEstimate => ({ cost });

const nominal: Estimator = () => only(ONE);

/** A pass over the first argument, or over the target. */
const ofArg =
  (factor = 1): Estimator =>
  ({ args: [arg], sizeOf }) =>
    arg && only(traversal(sizeOf(arg), factor));

const parsed: Estimator = ({ args, sizeOf }) => {
  const [arg] = args;
  if (!arg || args.length !== 1) return undefined;
  const size = sizeOf(arg);
  return { cost: traversal(size), size };
};

const sameSize: Estimator = ({ target, sizeOf }) => {
  if (!target) return undefined;
  const size = sizeOf(target);
  return { cost: traversal(size), size };
};

const selector: Estimator = ({ args: [arg], sizeOf }) => {
  if (!arg) return undefined;
  const size = sizeOf(arg);
  const requirements = scaled(scaled(size, 0.5), LIST_COST + STRUCT_COST);
  return only(plus(plus(fixed(LIST_COST), traversal(size)), requirements));
};

/** The items of a list, by the path of the list. */
function itemNode(list: CostNode): CostNode | undefined {
  const [type] = list.type.params;
  if (!type) return undefined;
  const path = list.path?.length ? [...list.path, '@items'] : undefined;
  return { expr: undefined, type, path, size: undefined };
}

const isText = ({ kind }: Type): boolean => kind === 'string' || kind === 'bytes';

const compared: Estimator = ({ target, sizeOf }) => {
  if (!target) return undefined;
  const item = itemNode(target);
  const size = sizeOf(target);
  if (!item) return only(traversal(size));
  const each = isText(item.type) ? plus(ONE, traversal(sizeOf(item))) : ONE;
  return only(times(size, each));
};

const replaced: Estimator = ({ target, args: [what, by], sizeOf }) => {
  if (!target || !what || !by) return undefined;
  const [size, old, fresh] = [sizeOf(target), sizeOf(what), sizeOf(by)];
  const most = longest(size, old, fresh);
  const least = shortest(size, old, fresh);
  const count = { min: least.count, max: most.count };
  const kept = { min: least.kept, max: most.kept };
  return { cost: traversal(size, 2), size: plus(times(count, fresh), kept) };
};

const divided = (amount: bigint, by: bigint): bigint => BigInt(Math.ceil(Number(amount) / Number(by)));
const more = (amount: bigint): bigint => (amount < UNBOUNDED ? amount + 1n : amount);

function longest(size: Estimate, old: Estimate, fresh: Estimate): { count: bigint; kept: bigint } {
  if (old.min === 0n) return { count: more(size.max), kept: size.max };
  return fresh.max <= old.min ? { count: 0n, kept: size.max } : { count: divided(size.max, old.min), kept: 0n };
}

function shortest(size: Estimate, old: Estimate, fresh: Estimate): { count: bigint; kept: bigint } {
  if (old.max === 0n) return { count: more(size.min), kept: size.min };
  return old.max <= fresh.min ? { count: 0n, kept: size.min } : { count: divided(size.min, old.max), kept: 0n };
}

const split: Estimator = ({ target, args, sizeOf }) => {
  if (!target) return undefined;
  const size = sizeOf(target);
  const limit = args[1]?.expr;
  const most =
    limit?.kind === 'literal' && typeof limit.value === 'bigint' ? BigInt.asUintN(64, limit.value) : size.max;
  return { cost: traversal(size, 2), size: { min: 0n, max: most } };
};

const joinedText: Estimator = ({ target, args: [separator], sizeOf }) => {
  if (!target) return undefined;
  const count = sizeOf(target);
  const item = itemNode(target);
  let size = item ? times(count, sizeOf(item)) : fixed(0);
  if (separator) {
    const gaps = { min: count.min > 0n ? count.min - 1n : 0n, max: count.max > 0n ? count.max - 1n : 0n };
    size = plus(size, times(sizeOf(separator), gaps));
  }
  return { cost: traversal(size), size };
};

const searched: Estimator = ({ target, args: [pattern], sizeOf }) => {
  if (!target || !pattern) return undefined;
  const size = sizeOf(target);
  const cost = times(traversal(plus(size, ONE)), scaled(sizeOf(pattern), PATTERN));
  return { cost, size: { min: 0n, max: size.max } };
};

/** Of IPv4 or IPv6. */
const ADDRESS: Estimate = { min: 4n, max: 16n };

const contained =
  (parsesWith: string, isRange: boolean): Estimator =>
  ({ args: [arg], sizeOf }, overload) => {
    if (!arg) return undefined;
    let cost = traversal(plus(ADDRESS, ADDRESS));
    if (isRange) cost = plus(plus(cost, traversal(ADDRESS)), ONE);
    return only(overload === parsesWith ? plus(cost, traversal(sizeOf(arg))) : cost);
  };

const MAX_FORMAT_PATTERN = 128;
const MAX_FORMAT = 64n;

const UNIT_EQUALITY = new Set([
  ...['net.IP', 'net.CIDR', 'kubernetes.Quantity', 'kubernetes.Semver', 'kubernetes.authorization.Authorizer'],
  ...['kubernetes.authorization.PathCheck', 'kubernetes.authorization.GroupCheck'],
  ...['kubernetes.authorization.ResourceCheck', 'kubernetes.authorization.Decision'],
]);

const equality: Estimator = ({ args: [left, right] }) => {
  if (!left || !right || left.type.name !== right.type.name) return undefined;
  const { name } = left.type;
  if (UNIT_EQUALITY.has(name)) return only(ONE);
  if (name === 'kubernetes.NamedFormat') return only(traversal({ min: 1n, max: MAX_FORMAT }));
  if (name === 'kubernetes.URL') return only(traversal({ min: 1n, max: right.size ? right.size.max : 1n }));
  return undefined;
};

const names = (list: readonly string[], estimator: Estimator): [string, Estimator][] =>
  list.map((name) => [name, estimator]);

const FUNCTIONS: ReadonlyMap<string, Estimator> = new Map<string, Estimator>([
  ['check', () => only(fixed(CHECK_COST))],
  ...names(
    [
      ...['serviceAccount', 'path', 'group', 'resource', 'subresource', 'namespace', 'name', 'allowed', 'reason'],
      ...['error', 'errored', 'masked', 'prefixLength', 'family', 'isUnspecified', 'isLoopback', 'format.named'],
      ...['isLinkLocalMulticast', 'isLinkLocalUnicast', 'isGlobalUnicast', 'sign', 'asInteger', 'isInteger'],
      ...['asApproximateFloat', 'isGreaterThan', 'isLessThan', 'compareTo', 'add', 'sub', 'major', 'minor', 'patch'],
      ...['getScheme', 'getHostname', 'getHost', 'getPort', 'getEscapedPath', 'getQuery'],
    ],
    nominal,
  ),
  ...names(['fieldSelector', 'labelSelector'], selector),
  ...names(['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'], compared),
  ...names(['url', 'jsonpatch.escapeKey'], parsed),
  ...names(['lowerAscii', 'upperAscii', 'substring', 'trim'], sameSize),
  ['replace', replaced],
  ['split', split],
  ['join', joinedText],
  ...names(['find', 'findAll'], searched),
  ...names(['cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver'], ofArg()),
  ['ip', (context, overload) => (overload === 'cidr_ip' ? only(ONE) : ofArg()(context, overload))],
  ['ip.isCanonical', ofArg(2)],
  ['containsIP', contained('cidr_contains_ip_string', false)],
  ['containsCIDR', contained('cidr_contains_cidr_string', true)],
  ['validate', ({ args: [arg], sizeOf }) => arg && only(scaled(traversal(sizeOf(arg)), MAX_FORMAT_PATTERN * PATTERN))],
  ['_==_', equality],
]);

const allocating = (factor: number, size: Estimate): CallEstimate => ({
  cost: plus(plus(scaled(size, factor), ONE), fixed(LIST_COST)),
  size,
});

function literalInt(node: CostNode | undefined, otherwise: bigint): bigint {
  const expr = node?.expr;
  if (expr?.kind !== 'literal' || typeof expr.value !== 'bigint') return otherwise;
  return expr.value < 0n ? 0n : expr.value;
}

const sliced: Estimator = ({ target, args, sizeOf }) => {
  if (!target) return undefined;
  const from = literalInt(args[0], 0n);
  const to = literalInt(args[1], sizeOf(target).max);
  return allocating(1, fixed(BigInt.asUintN(64, to - from)));
};

const sorted =
  (isOfText: boolean, byKeys: boolean): Estimator =>
  ({ target, args, sizeOf }) => {
    const node = byKeys ? args[0] : target;
    if (!node) return undefined;
    const size = sizeOf(node);
    return allocating(isOfText ? 2 + TRAVERSAL : 2, times(size, size));
  };

const setsCost =
  (factor: number): Estimator =>
  ({ args: [left, right], sizeOf }) =>
    left && right && only(plus(scaled(times(sizeOf(left), sizeOf(right)), factor), ONE));

/** By overload, before the functions. */
const LISTS: ReadonlyMap<string, Estimator> = new Map<string, Estimator>([
  ['list_slice', sliced],
  ['lists_range', ({ args }) => allocating(1, fixed(literalInt(args[0], UNBOUNDED)))],
  ['list_reverse', ({ target, sizeOf }) => target && allocating(1, sizeOf(target))],
  ['list_flatten', ({ target, sizeOf }) => target && allocating(1, sizeOf(target))],
  [
    'list_flatten_int',
    ({ target, args, sizeOf }) => target && allocating(Number(literalInt(args[0], UNBOUNDED)), sizeOf(target)),
  ],
  ['list_distinct', sorted(false, false)],
  ...[
    'int',
    'uint',
    'double',
    'bool',
    'google.protobuf.Duration',
    'google.protobuf.Timestamp',
    'string',
    'bytes',
  ].flatMap((name): [string, Estimator][] => [
    [`list_${name}_sort`, sorted(name === 'string' || name === 'bytes', false)],
    [`list_${name}_sortByAssociatedKeys`, sorted(name === 'string' || name === 'bytes', true)],
  ]),
  ['list_sets_contains_list', setsCost(1)],
  ['list_sets_intersects_list', setsCost(1)],
  ['list_sets_equivalent_list', setsCost(2)],
]);

const known = ({ size }: CostNode): Estimate => size ?? UNKNOWN;

const smaller: Estimator = ({ args: [left, right] }) => {
  if (!left || !right) return undefined;
  const [a, b] = [known(left).max, known(right).max];
  const max = a < b ? a : b;
  return only(traversal({ min: max > 0n ? 1n : 0n, max }));
};

/** By overload, after the functions. */
const OVERLOADS: ReadonlyMap<string, Estimator> = new Map<string, Estimator>([
  ['string_format', ({ target }) => target && only(traversal(known(target)))],
  [
    'string_to_bytes',
    ({ args: [arg] }) => {
      if (!arg) return undefined;
      const size = known(arg);
      return { cost: traversal(size), size: { min: size.min, max: BigInt.asUintN(64, size.max * 4n) } };
    },
  ],
  [
    'bytes_to_string',
    ({ args: [arg] }) => {
      if (!arg) return undefined;
      const size = known(arg);
      return { cost: traversal(size), size: { min: size.min / 4n, max: size.max } };
    },
  ],
  [
    'strings_quote',
    ({ args: [arg] }) => {
      if (!arg) return undefined;
      const size = known(arg);
      const quoted = { min: BigInt.asUintN(64, size.min + 2n), max: BigInt.asUintN(64, size.max * 2n + 2n) };
      return { cost: traversal(size), size: quoted };
    },
  ],
  ...names(['starts_with_string', 'ends_with_string'], ({ args: [arg] }) => arg && only(traversal(known(arg)))),
  ['in_list', ({ args: [, list] }) => list && only(known(list))],
  [
    'matches_string',
    ({ target, args: [pattern] }) =>
      target && pattern && only(times(traversal(plus(known(target), ONE)), scaled(known(pattern), PATTERN))),
  ],
  [
    'contains_string',
    ({ target, args: [part] }) => target && part && only(times(traversal(known(target)), traversal(known(part)))),
  ],
  ...names(
    ['less', 'greater', 'less_equals', 'greater_equals'].flatMap((word) => [`${word}_string`, `${word}_bytes`]),
    smaller,
  ),
  ...names(['equals', 'not_equals'], smaller),
]);

export function estimateCall(fn: string, overload: string, context: Context): CallEstimate | undefined {
  return (
    LISTS.get(overload)?.(context, overload) ??
    FUNCTIONS.get(fn)?.(context, overload) ??
    OVERLOADS.get(overload)?.(context, overload)
  );
}
