// Reads a database file to its end, beside the server or without one, and tells what is in it and what is wrong with it.
// Each statement reads a bounded number of rows, so that it is never in the way of the writer's WAL for long.
import { statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { resourcePrefix } from '../keys.ts';
import type { Revision } from '../storage.ts';
import { connect, findDamage } from './inspect.ts';
import { sumOf } from './sum.ts';

export interface ResourceStats {
  /** `/group/resource/`, group "core" for the first one. */
  resource: string;
  objects: number;
  /** Of their stored contents. */
  bytes: number;
  /** Kept besides: older contents and deletions. */
  revisions: number;
  historyBytes: number;
}

export interface FileStats {
  file: string;
  fileBytes: number;
  walBytes: number;
  newestRevision: Revision;
  /** Of the oldest change that is kept; wall-clock milliseconds, where known. */
  oldestChange: { revision: Revision; time: number | undefined } | undefined;
  resources: ResourceStats[];
}

const PAGE = 5_000;
/** More findings are not told. */
const MOST = 20;

interface LogRow {
  revision: Revision;
  key: string;
  op: number;
  createRevision: Revision;
  previousRevision: Revision;
  enc: number;
  time: number;
  sum: number | null;
  bytes: number;
  value: Buffer | null;
}

/** All rows of the log, oldest first; without their contents when only sizes are asked for. */
function* logRows(db: Database, contents: boolean): Generator<LogRow, void, undefined> {
  const page = db.prepare<[Revision, number], LogRow>(
    `SELECT rev AS revision, key, op, create_rev AS createRevision, prev_rev AS previousRevision, enc, time, sum,
            coalesce(length(value), 0) AS bytes, ${contents ? 'value' : 'NULL AS value'}
       FROM log WHERE rev > ? ORDER BY rev LIMIT ?`,
  );
  for (let after = -1, rows: LogRow[] = []; ; after = rows.at(-1)?.revision ?? after) {
    rows = page.all(after, contents ? PAGE / 10 : PAGE);
    yield* rows;
    if (rows.length === 0) return;
  }
}

function* headRows(db: Database): Generator<{ key: string; revision: Revision }, void, undefined> {
  const page = db.prepare<[string, number], { key: string; revision: Revision }>(
    'SELECT key, mod_rev AS revision FROM head WHERE key > ? ORDER BY key LIMIT ?',
  );
  for (let after = '', rows: { key: string; revision: Revision }[] = []; ; after = rows.at(-1)?.key ?? after) {
    rows = page.all(after, PAGE);
    yield* rows;
    if (rows.length === 0) return;
  }
}

/** Throws UnusableDatabase when it cannot be read. */
export function statsOf(file: string): FileStats {
  const db = connect(file);
  try {
    const current = new Map([...headRows(db)].map(({ key, revision }) => [revision, key]));
    const resources = new Map<string, ResourceStats>();
    let oldest: FileStats['oldestChange'];
    let newestRevision = 0;
    for (const row of logRows(db, false)) {
      oldest ??= { revision: row.revision, time: row.time || undefined };
      newestRevision = row.revision;
      const resource = resourcePrefix(row.key);
      const stats = resources.get(resource) ?? { resource, objects: 0, bytes: 0, revisions: 0, historyBytes: 0 };
      resources.set(resource, stats);
      const isCurrent = current.has(row.revision);
      stats[isCurrent ? 'objects' : 'revisions'] += 1;
      stats[isCurrent ? 'bytes' : 'historyBytes'] += row.bytes;
    }
    return {
      file,
      fileBytes: bytesOf(file),
      walBytes: bytesOf(`${file}-wal`),
      newestRevision,
      oldestChange: oldest,
      resources: [...resources.values()].sort((a, b) => b.bytes + b.historyBytes - a.bytes - a.historyBytes),
    };
  } finally {
    db.close();
  }
}

/** One sentence per finding, [] when all is well. `pages`: also SQLite's own check of every page and index. */
export function examine(file: string, { pages }: { pages: boolean }): string[] {
  const db = connect(file);
  const findings: string[] = [];
  const found = (finding: string) => findings.length < MOST && findings.push(finding);
  try {
    const damage = pages ? findDamage(db, 'integrity_check') : undefined;
    if (damage !== undefined) found(`SQLite finds damage: ${damage}`);
    examineRows(db, found);
  } catch (error) {
    found(`reading ended early: ${(error as Error).message}`);
  } finally {
    db.close();
  }
  return findings.map((finding) => `${file}: ${finding}`);
}

/** What must hold of head and log whatever was written. */
function examineRows(db: Database, found: (finding: string) => void): void {
  const entries = new Map<string, Revision>();
  for (const { key, revision } of headRows(db)) {
    if (entries.has(key)) found(`${key} has two entries`);
    entries.set(key, revision);
  }
  const ceiling = Number(db.prepare("SELECT v FROM meta WHERE k = 'rev_ceiling'").pluck().get() ?? Infinity);
  // Written since the entries were read: whatever is at a later revision is looked at by the next check.
  const newest = Math.max(0, ...entries.values());
  for (const row of logRows(db, true)) {
    if (!isWhole(row)) found(`${row.key} at revision ${row.revision} is not what was written`);
    if (row.revision > ceiling) found(`revision ${row.revision} is above the reserved ones (${ceiling})`);
    if (row.previousRevision >= row.revision) found(`revision ${row.revision} follows on ${row.previousRevision}`);
    if (entries.get(row.key) === row.revision) {
      entries.delete(row.key);
      if (row.value === null) found(`${row.key} has lost its content of revision ${row.revision}`);
    }
  }
  for (const [key, revision] of entries) {
    const now = db.prepare<[string], Revision>('SELECT mod_rev FROM head WHERE key = ?').pluck().get(key);
    if (now === revision && revision <= newest) found(`${key} has lost revision ${revision}`);
  }
}

function isWhole(row: LogRow): boolean {
  if (row.sum !== null && row.sum !== sumOf(row, row.value)) return false;
  if (row.value === null || row.enc !== 0) return true;
  try {
    JSON.parse(row.value.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

const bytesOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
