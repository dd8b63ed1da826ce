// The statements on one file's tables: apply a change, read back, forget, keep the file small.
import { statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import type { ClockSpan, DriverChange, Head, HeadRow } from '../driver.ts';
import type { Revision } from '../storage.ts';
import { type BackupProgress, backUp } from './backup.ts';
import { createCompaction } from './compact.ts';
import { contentOf, defineContent, store } from './content.ts';
import { closeUntouched } from './database.ts';
import type { Encryption } from './encryption.ts';
import { damaged } from './errors.ts';
import { failpoint } from './failpoints.ts';
import { createHistory, OPS } from './history.ts';
import { sumOf } from './sum.ts';
import { createVersions } from './versions.ts';

const LOAD_PAGE = 1_000;
const VACUUM_SLICE_PAGES = 64;
const VACUUM_FREE_BYTES = 8 * 1024 * 1024;

export type Tables = ReturnType<typeof createTables>;

/** Values are written and read with `encryption`. */
export function createTables(db: Database, path: string, encryption: Encryption) {
  defineContent(db, encryption);
  const readMeta = db.prepare<[string], number | string>('SELECT v FROM meta WHERE k = ?').pluck();
  const setMeta = db.prepare('INSERT INTO meta (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v');

  const insertHead = db.prepare(
    'INSERT INTO head (key, create_rev, mod_rev, expires_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const updateHead = db.prepare('UPDATE head SET mod_rev = ?, expires_at = ? WHERE key = ? AND mod_rev = ?');
  const deleteHead = db.prepare('DELETE FROM head WHERE key = ? AND mod_rev = ?');
  const append = db.prepare(
    'INSERT INTO log (rev, key, op, create_rev, prev_rev, enc, time, sum, origin, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const beginSpan = db.prepare<[ClockSpan]>(
    'INSERT OR REPLACE INTO clock (after, time, ran) VALUES (@after, @time, @ran)',
  );

  // Prepared too: a text is parsed at every call.
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');

  const heads = db.prepare<[string, number], Head>(
    'SELECT key, mod_rev AS revision FROM head WHERE key > ? ORDER BY key LIMIT ?',
  );
  const pageBytes = db.pragma('page_size', { simple: true }) as number;
  const versions = createVersions(db);
  const compaction = createCompaction(db, versions);
  let newest = (db.prepare('SELECT max(rev) FROM log').pluck().get() as number | null) ?? 0;
  let applied = newest;

  return {
    path,
    meta: (name: string) => readMeta.get(name),
    setMeta: (name: string, value: number | string) => setMeta.run(name, value),
    /** Whether the next commits wait for the disk; not within a transaction. */
    waitForDisk: (wait: boolean) => db.pragma(`synchronous = ${wait ? 'FULL' : 'NORMAL'}`),
    begin: () => begin.run(),
    commit() {
      commit.run();
      newest = applied;
      compaction.committed(newest);
    },
    /** Undoes what is open; some failures have done so already. */
    rollback() {
      applied = newest;
      compaction.rolledBack();
      if (db.inTransaction) db.exec('ROLLBACK');
    },

    spans: () => db.prepare<[], ClockSpan>('SELECT after, time, ran FROM clock ORDER BY after').all(),
    beginSpan: (span: ClockSpan) => beginSpan.run(span),

    /** Stores `change` as `revision`, committed at `time`; false when its key is not as expected. */
    apply(change: DriverChange, revision: Revision, time: number): boolean {
      const { op, key, expected } = change;
      const expires = change.expiresAt ?? null;
      const createRevision = change.createRevision || revision;
      const done =
        op === 'create'
          ? insertHead.run(key, createRevision, revision, expires)
          : op === 'update'
            ? updateHead.run(revision, expires, key, expected)
            : deleteHead.run(key, expected);
      if (done.changes !== 1) return false;
      const origin = change.origin === undefined ? null : JSON.stringify(change.origin);
      const row = { revision, key, op: OPS.indexOf(op), createRevision, previousRevision: expected };
      const { enc, sum, value } = store(row, change.value, encryption);
      append.run(revision, key, row.op, createRevision, expected, enc, time, sum, origin, value);
      if (expected > 0) compaction.superseded(expected);
      if (op === 'delete') compaction.superseded(revision);
      applied = revision;
      return true;
    },

    newestRevision: () => newest,

    /** Hands over all current rows, in byte order of keys; throws when one of them has lost its value. */
    load(receive: (rows: HeadRow[]) => void): void {
      const rows = db
        .prepare<
          [],
          HeadRow & {
            logKey: string | null;
            op: number;
            previousRevision: Revision;
            sum: number | null;
            enc: number;
            sealed: Buffer | null;
          }
        >(
          `SELECT h.key, h.mod_rev AS revision, h.create_rev AS createRevision, h.expires_at AS expiresAt, l.time,
                  l.key AS logKey, l.op, l.prev_rev AS previousRevision, l.sum, l.enc,
                  CASE WHEN l.enc = 0 THEN CAST(l.value AS TEXT) ELSE ${contentOf('l')} END AS value,
                  CASE WHEN l.enc = 0 THEN NULL ELSE l.value END AS sealed
             FROM head h LEFT JOIN log l ON l.rev = h.mod_rev ORDER BY h.key`,
        )
        .iterate();
      let page: HeadRow[] = [];
      for (const found of rows) {
        const { key, revision, createRevision, expiresAt, time, value } = found;
        if (found.logKey !== key || value === null) throw damaged(path, `${key} has lost revision ${revision}`);
        if (found.enc === 0 && found.sum !== null && found.sum !== sumOf(found, value)) {
          throw damaged(path, `${key} at revision ${revision} is not what was written`);
        }
        const stale = encryption.isStale(key, found.sealed ?? undefined);
        const verified = found.sum !== null;
        const row = { key, revision, createRevision, expiresAt, time, value, verified, ...(stale && { stale }) };
        if (page.push(row) === LOAD_PAGE) {
          receive(page);
          page = [];
        }
      }
      receive(page);
    },

    ...createHistory(db, versions),
    indexSlice: () => versions.fillSlice(newest),
    compaction,

    /** Gives one slice of free pages back to the file system; false when there is little to give. */
    vacuumSlice(): boolean {
      const free = db.pragma('freelist_count', { simple: true }) as number;
      const pages = db.pragma('page_count', { simple: true }) as number;
      if (free * pageBytes <= VACUUM_FREE_BYTES || free * 8 <= pages) return false;
      db.pragma(`incremental_vacuum(${VACUUM_SLICE_PAGES})`);
      return true;
    },

    /** Bytes of the WAL that are not in the database file yet. */
    walBacklog(): number {
      const [row] = db.pragma('wal_checkpoint(NOOP)') as { log: number; checkpointed: number }[];
      return row ? Math.max(0, row.log - row.checkpointed) * pageBytes : 0;
    },
    checkpoint() {
      failpoint('checkpoint');
      db.pragma('wal_checkpoint(PASSIVE)');
    },
    truncateWal: () => db.pragma('wal_checkpoint(TRUNCATE)'),

    backUp: (to: string, onProgress: BackupProgress) => backUp(db, to, onProgress),

    heads: (after: string, limit: number): Head[] => heads.all(after, limit),
    /** Without pages that are free to be used again. */
    usedBytes(): number {
      const free = db.pragma('freelist_count', { simple: true }) as number;
      const pages = db.pragma('page_count', { simple: true }) as number;
      return (pages - free) * pageBytes;
    },
    sizes: () => ({ bytes: fileBytes(path), walBytes: fileBytes(`${path}-wal`) }),
    close: () => db.close(),
    closeUntouched: () => closeUntouched(db, path),
  };
}

const fileBytes = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
