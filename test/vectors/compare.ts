// Compares normalised answers. The order of causes is nobody's promise (Go walks maps in any order), nor is that of
// managedFields, which are ordered by whole seconds.
import { isFields } from './normal.ts';
import type { Answer } from './scenario.ts';

const SHOWN = 240;

export const compareAnswers = (want: Answer, got: Answer, at: string): string[] => differ(want, got, at);

function differ(wanted: unknown, gotten: unknown, at: string): string[] {
  const [want, got] = inOrder(wanted, gotten, at);
  if (want === got) return [];
  if (at.endsWith('/status/causes')) return differInCauses(listOf(want), listOf(got), at);
  if (at.endsWith('/status/message') && typeof want === 'string' && typeof got === 'string') {
    if (sameErrors(want, got)) return [];
  }
  if (Array.isArray(want) && Array.isArray(got)) {
    const length = Math.max(want.length, got.length);
    return Array.from({ length }, (_, i) => differ(want[i], got[i], `${at}/${i}`)).flat();
  }
  if (isFields(want) && isFields(got)) {
    const keys = new Set([...Object.keys(want), ...Object.keys(got)]);
    return [...keys].flatMap((key) => differ(want[key], got[key], `${at}/${key}`));
  }
  return [`${at}: want ${JSON.stringify(want)?.slice(0, SHOWN)}, got ${JSON.stringify(got)?.slice(0, SHOWN)}`];
}

/** Messages name errors in the order of their causes. */
const sameErrors = (want: string, got: string): boolean => partsOf(want).join() === partsOf(got).join();

const partsOf = (message: string): string[] => message.split(/, |: \[|\]$/).sort();

/** As JSON whose members are in order. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    isFields(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  ) ?? '';

const sortedBy = <T>(list: readonly T[], key: (item: T) => string): T[] =>
  list
    .map((item) => ({ item, at: key(item) }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ item }) => item);

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Causes that are missing, and those that are too many. */
function differInCauses(want: readonly unknown[], got: readonly unknown[], at: string): string[] {
  const open = got.map(canonical);
  const missing = want.map(canonical).filter((cause) => {
    const i = open.indexOf(cause);
    if (i >= 0) open.splice(i, 1);
    return i < 0;
  });
  return [...missing.map((cause) => `${at}: want ${cause}`), ...open.map((cause) => `${at}: got ${cause}`)];
}

const managerOf = (entry: unknown): string => {
  const { operation, manager, apiVersion, subresource } = isFields(entry) ? entry : {};
  return [operation, manager, apiVersion, subresource].join(' ');
};

function inOrder(want: unknown, got: unknown, at: string): [unknown, unknown] {
  if (!at.endsWith('/managedFields') || !Array.isArray(want) || !Array.isArray(got)) return [want, got];
  return [sortedBy(want, managerOf), sortedBy(got, managerOf)];
}
