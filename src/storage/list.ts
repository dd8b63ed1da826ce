// Pages of entries: of the current state, and of an older one as the current state with later events undone
// (so that nothing has to be copied when something is written).
import { compareKeys, prefixEnd } from './keys.ts';
import { onlyThen, type Resource, type Undo } from './state.ts';
import type { ListOptions, ListPage, Revision, StorageEntry } from './storage.ts';

/** One page of what is under `prefix`. `revision` is the instant that `resource`, with `undo` applied, shows. */
export function listPage(
  resource: Resource,
  prefix: string,
  revision: Revision,
  options: ListOptions & { undo?: Undo } = {},
): ListPage {
  const end = prefixEnd(prefix);
  const start = options.start !== undefined && compareKeys(options.start, prefix) > 0 ? options.start : prefix;
  const { undo, filter, limit } = options;
  const keys = undo?.size ? merged(resource, undo, start, end) : resource.keys.range(start, end);
  const entryOf = (key: string) => (undo?.has(key) ? undo.get(key) : resource.entries.get(key)) as StorageEntry;

  const entries: StorageEntry[] = [];
  for (const key of keys) {
    const entry = entryOf(key);
    if (filter && !filter(entry)) continue;
    entries.push(entry);
    if (limit && entries.length === limit) {
      const next = `${key}\0`;
      const remaining = undo?.size ? [...merged(resource, undo, next, end)].length : resource.keys.count(next, end);
      return remaining > 0 ? { entries, revision, next, remaining } : { entries, revision, remaining: 0 };
    }
  }
  return { entries, revision, remaining: 0 };
}

/** The keys there were then: current ones that existed, and those that are gone since. */
function* merged(resource: Resource, undo: Undo, start: string, end: string): Generator<string, void, undefined> {
  const gone = onlyThen(undo, resource).filter((key) => compareKeys(key, start) >= 0 && compareKeys(key, end) < 0);
  let g = 0;
  for (const key of resource.keys.range(start, end)) {
    while (g < gone.length && compareKeys(gone[g]!, key) < 0) yield gone[g++]!;
    if (!undo.has(key) || undo.get(key)) yield key;
  }
  while (g < gone.length) yield gone[g++]!;
}
