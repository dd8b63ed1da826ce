// Which versions of a key there are: an index over the log, filled in batches behind the writer, so that a durable
// write touches no page for it (docs/decisions/0011-index-behind-the-writer.md). Revisions after `indexed` are looked
// up in the log itself. A version that was forgotten may still be in the index; the log then has no row for it.
import type { Database } from 'better-sqlite3';
import { compareKeys } from '../keys.ts';
import type { Revision } from '../storage.ts';

/** So many rows behind, the next slice is due; the newest of them are searched one by one. */
export const INDEX_BEHIND = 512;

export interface KeyRange {
  /** Inclusive. */
  from: string;
  /** Exclusive. */
  to: string;
}

export function createVersions(db: Database) {
  const readIndexed = db.prepare("SELECT v FROM meta WHERE k = 'indexed_rev'").pluck();
  const setIndexed = db.prepare(
    "INSERT INTO meta (k, v) VALUES ('indexed_rev', ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v",
  );
  // In order of keys, so that all versions of a key in the slice go to one page.
  const fill = db.prepare<[Revision, Revision]>(
    'INSERT OR IGNORE INTO versions (key, rev) SELECT key, rev FROM log WHERE rev > ? AND rev <= ? ORDER BY key, rev',
  );
  const endOfSlice = db
    .prepare<[Revision, number], Revision>(
      'SELECT max(rev) FROM (SELECT rev FROM log WHERE rev > ? ORDER BY rev LIMIT ?)',
    )
    .pluck();
  const drop = db.prepare<[string, Revision]>('DELETE FROM versions WHERE key = ? AND rev = ?');

  const nextKey = db
    .prepare<[string, string], string>('SELECT key FROM versions WHERE key >= ? AND key < ? ORDER BY key LIMIT 1')
    .pluck();
  const newestOf = db
    .prepare<[string, Revision], Revision>(
      'SELECT rev FROM versions WHERE key = ? AND rev <= ? ORDER BY rev DESC LIMIT 1',
    )
    .pluck();
  const tail = db.prepare<[Revision, Revision, string, string], { key: string; rev: Revision }>(
    'SELECT key, max(rev) AS rev FROM log WHERE rev > ? AND rev <= ? AND key >= ? AND key < ? GROUP BY key ORDER BY key',
  );
  const some = db
    .prepare<[string, string, number], number>(
      'SELECT count(*) FROM (SELECT 1 FROM versions WHERE key >= ? AND key < ? LIMIT ?)',
    )
    .pluck();
  const inRange = db
    .prepare<[string, string, Revision, Revision], Revision>(
      'SELECT rev FROM versions WHERE key >= ? AND key < ? AND rev > ? AND rev <= ?',
    )
    .pluck();

  let indexed = Number(readIndexed.get() ?? 0);

  return {
    /** Revisions up to here are in the index. */
    get indexed(): Revision {
      return indexed;
    },

    /** Indexes one slice of what was committed up to `newest`; false when there is less than that to do. */
    fillSlice(newest: Revision): boolean {
      if (newest - indexed < INDEX_BEHIND) return false;
      const upTo = endOfSlice.get(indexed, INDEX_BEHIND) ?? newest;
      db.transaction(() => {
        fill.run(indexed, upTo);
        setIndexed.run(upTo);
      }).immediate();
      indexed = upTo;
      return newest - indexed >= INDEX_BEHIND;
    },

    /** To be called when the log forgets a version. */
    drop(key: string, revision: Revision): void {
      if (revision <= indexed) drop.run(key, revision);
    },

    /** The newest version of each key in the range as of `revision`, in byte order of keys. */
    *newest({ from, to }: KeyRange, revision: Revision): Generator<Revision, void, undefined> {
      const recent = tail.all(indexed, revision, from, to);
      let r = 0;
      for (let key = nextKey.get(from, to); key !== undefined; key = nextKey.get(`${key}\0`, to)) {
        while (r < recent.length && compareKeys(recent[r]!.key, key) < 0) yield recent[r++]!.rev;
        if (recent[r]?.key === key) yield recent[r++]!.rev;
        else {
          const rev = newestOf.get(key, revision);
          if (rev !== undefined) yield rev;
        }
      }
      for (; r < recent.length; r++) yield recent[r]!.rev;
    },

    /** Whether the index holds fewer than `count` versions in the range. */
    areFew: ({ from, to }: KeyRange, count: number): boolean => (some.get(from, to, count) ?? 0) < count,

    /** Indexed revisions in the range, in no order. */
    revisions: ({ from, to }: KeyRange, after: Revision, upTo: Revision): Revision[] =>
      inRange.all(from, to, after, upTo),
  };
}
