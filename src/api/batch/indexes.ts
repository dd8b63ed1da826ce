// Sets of a Job's indexes as text, "1,3-5" (pkg/apis/batch/validation validateIndexesFormat).

export interface IndexCount {
  total: number;
  problem?: string;
}

interface Interval {
  first: number;
  last: number;
}

/** How many indexes there are, all below `completions` and in order; or what is wrong. */
export function countIndexes(text: string, completions: number): IndexCount {
  let total = 0;
  let previous: number | undefined;
  for (const part of text === '' ? [] : text.split(',')) {
    const interval = parseInterval(part, completions);
    if (typeof interval === 'string') return { total: 0, problem: interval };
    if (previous !== undefined && previous >= interval.first) {
      return { total: 0, problem: `non-increasing order, previous: ${previous}, current: ${interval.first}` };
    }
    total += interval.last - interval.first + 1;
    previous = interval.last;
  }
  return { total };
}

/** The first index that is in both, of those parts that can be read. */
export function overlap(one: string, other: string, completions: number): number | undefined {
  const intervals = (text: string) =>
    (text === '' ? [] : text.split(','))
      .map((part) => parseInterval(part, completions))
      .filter((interval): interval is Interval => typeof interval !== 'string');
  for (const a of intervals(one)) {
    for (const b of intervals(other)) if (a.first <= b.last && b.first <= a.last) return Math.max(a.first, b.first);
  }
  return undefined;
}

function parseInterval(text: string, completions: number): Interval | string {
  const limits = text.split('-');
  if (limits.length > 2) {
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  }
  for (const limit of limits) {
    if (!/^\+?\d+$/.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
    if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`;
  }
  const [first = 0, last] = limits.map(Number);
  if (last !== undefined && first >= last) return `non-increasing order, previous: ${first}, current: ${last}`;
  return { first, last: last ?? first };
}
