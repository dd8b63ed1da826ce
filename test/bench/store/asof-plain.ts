// The plain way to an older state: take the current one and undo every change since, newest first.
import type { Storage, StorageEntry } from '../../../src/storage/storage.ts';

const PAGE = 10_000;

export async function listByUndoing(storage: Storage, prefix: string, revision: number): Promise<StorageEntry[]> {
  const state = new Map(storage.list(prefix).entries.map((entry) => [entry.key, entry]));
  for (let upTo = storage.revision; upTo > revision; ) {
    const changes = await storage.changes({ prefix, after: revision, upTo, limit: PAGE });
    for (const { entry, previous } of changes) {
      if (previous) state.set(entry.key, previous);
      else state.delete(entry.key);
    }
    if (changes.length < PAGE) break;
    upTo = changes.at(-1)!.revision - 1;
  }
  return [...state.values()];
}
