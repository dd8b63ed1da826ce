// Is what is in memory what is on disk? Keys and revisions are compared page by page while writes go on: answers of
// the driver come in the order of its commits, so when a page arrives, memory is where the disk was.
import type { Driver, Head } from './driver.ts';
import { compareKeys } from './keys.ts';
import type { State } from './state.ts';
import type { Revision } from './storage.ts';

export interface Difference {
  readonly key: string;
  /** 0: it is not there. */
  readonly inMemory: Revision;
  readonly onDisk: Revision;
}

const PAGE = 500;
/** More are not told. */
const MOST = 20;

/** The first differences, [] when there are none. */
export async function compareWithDisk(state: State, driver: Driver): Promise<Difference[]> {
  const found: Difference[] = [];
  for (let after = ''; found.length < MOST; ) {
    let page = await driver.heads({ after, limit: PAGE });
    let differences = differencesIn(page, state, after);
    if (differences.length > 0) {
      // Memory can be behind by what was being committed as the disk was read, at worst; not twice.
      page = await driver.heads({ after, limit: PAGE });
      differences = differencesIn(page, state, after);
    }
    found.push(...differences);
    const last = page.at(-1);
    if (page.length < PAGE || !last) break;
    after = last.key;
  }
  return found.slice(0, MOST);
}

function differencesIn(page: readonly Head[], state: State, after: string): Difference[] {
  const onDisk = new Map(page.map(({ key, revision }) => [key, revision]));
  const upTo = page.length < PAGE ? undefined : page.at(-1)?.key;
  const differences: Difference[] = [];
  for (const key of state.keysBetween(after, upTo)) {
    const inMemory = state.get(key)?.revision ?? 0;
    const there = onDisk.get(key) ?? 0;
    onDisk.delete(key);
    if (inMemory !== there) differences.push({ key, inMemory, onDisk: there });
  }
  for (const [key, revision] of onDisk) differences.push({ key, inMemory: 0, onDisk: revision });
  return differences.sort((a, b) => compareKeys(a.key, b.key));
}

/** One sentence. */
export const describeDifferences = (found: readonly Difference[]): string => {
  const [first] = found as [Difference];
  const more = found.length > 1 ? ` and ${found.length - 1} more` : '';
  const at = (revision: Revision) => (revision === 0 ? 'not there' : `at revision ${revision}`);
  return `memory and disk differ: ${first.key} is ${at(first.inMemory)} in memory and ${at(first.onDisk)} on disk${more}; restart the server, which reads the disk anew`;
};
