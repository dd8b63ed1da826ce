// Gets out of a damaged state.db what can be read, into a new one: every object at its newest whole revision. The
// damaged file is only read. History is left behind; revisions go on far beyond all that were seen, so that no client
// takes the new store for the old one.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Revision } from '../storage.ts';
import { openDatabase } from './database.ts';
import { UnusableDatabase } from './errors.ts';
import { OPS } from './history.ts';
import { takeLock } from './lock.ts';
import { openPages, type RawPages, type Value } from './pages.ts';
import { sumOf } from './sum.ts';

export interface Salvaged {
  /** The new file. */
  to: string;
  objects: number;
  /** Their newest content is gone: taken as of an older revision. */
  older: { key: string; revision: Revision; newest: Revision }[];
  /** Nothing of them is left. */
  lost: string[];
  /** Whole, but the entry that says that they exist is gone: they may have been deleted lately. */
  unlisted: string[];
  /** Pages or rows that made no sense. */
  unreadable: number;
}

/** Revisions that may have been handed out and left no trace. */
const BEYOND = 1_000_000;
/** No store ever comes to as many; a number beyond is damage. */
const SENSIBLE = 2 ** 50;

interface Row {
  revision: Revision;
  key: string;
  op: number;
  createRevision: Revision;
  previousRevision: Revision;
  enc: number;
  time: number;
  sum: number | null;
  origin: string | null;
  value: Buffer | null;
}

interface Entry {
  revision: Revision;
  expiresAt: number | null;
}

/** Throws UnusableDatabase when a server has the file, when it is not there, and when nothing of ours is in it. */
export async function salvage(file: string, to: string): Promise<Salvaged> {
  if (!existsSync(file)) throw new UnusableDatabase(`there is no database at ${file}`);
  if (existsSync(to)) throw new UnusableDatabase(`${to} exists already: name another file with --to`);
  const lock = takeLock(file);
  const pages = openPages(file);
  try {
    const found = survey(pages);
    if (found.rows.size === 0) throw new UnusableDatabase(`nothing of a store can be read from ${file}`);
    const plan = choose(found);
    await write(pages, { to, plan: plan.chosen, found });
    const { older, lost, unlisted } = plan;
    return { to, objects: plan.chosen.size, older, lost, unlisted, unreadable: pages.unreadable() };
  } finally {
    pages.close();
    lock.release();
  }
}

interface Found {
  /** What says that an object exists. */
  entries: Map<string, Entry>;
  /** Whole rows of the log, by key; their contents stay on disk. */
  rows: Map<string, { revision: Revision; alive: boolean }[]>;
  newest: Revision;
}

function survey(pages: RawPages): Found {
  const found: Found = { entries: new Map(), rows: new Map(), newest: 0 };
  const note = (...revisions: Revision[]) => {
    found.newest = Math.max(found.newest, ...revisions);
  };
  const list = (entry: (Entry & { key: string }) | undefined) => {
    if (!entry || entry.revision >= SENSIBLE) return false;
    found.entries.set(entry.key, entry);
    note(entry.revision);
    return true;
  };
  for (const { rowid, columns } of pages.rows()) {
    if (list(entryOf(columns.slice(1)))) continue; // of a schema before 3: an id came first
    const row = rowOf(rowid, columns);
    if (!row || row.revision > SENSIBLE || !isWhole(row)) continue;
    note(row.revision);
    const rows = found.rows.get(row.key) ?? [];
    rows.push({ revision: row.revision, alive: OPS[row.op] !== 'delete' && row.value !== null });
    found.rows.set(row.key, rows);
  }
  for (const columns of pages.indexRows()) {
    if (list(entryOf(columns))) continue;
    const [name, value] = columns;
    if (name === 'rev_ceiling' && isInteger(value) && value < SENSIBLE) note(value);
  }
  return found;
}

/** Which revision to take of each object. */
function choose({ entries, rows }: Found) {
  const chosen = new Map<string, Revision>();
  const older: Salvaged['older'] = [];
  const lost: string[] = [];
  const unlisted: string[] = [];
  for (const [key, { revision }] of entries) {
    const alive = (rows.get(key) ?? []).filter((row) => row.alive && row.revision <= revision);
    const best = Math.max(0, ...alive.map((row) => row.revision));
    if (best > 0) chosen.set(key, best);
    if (best === 0) lost.push(key);
    else if (best < revision) older.push({ key, revision: best, newest: revision });
  }
  for (const [key, all] of rows) {
    if (entries.has(key)) continue;
    const last = all.reduce((a, b) => (b.revision > a.revision ? b : a));
    if (!last.alive) continue;
    chosen.set(key, last.revision);
    unlisted.push(key);
  }
  return { chosen, older, lost: lost.sort(), unlisted: unlisted.sort() };
}

async function write(
  pages: RawPages,
  { to, plan, found }: { to: string; plan: ReadonlyMap<string, Revision>; found: Found },
): Promise<void> {
  mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
  const { db } = await openDatabase(to, { durable: true });
  try {
    const head = db.prepare('INSERT INTO head (key, create_rev, mod_rev, expires_at) VALUES (?, ?, ?, ?)');
    const log = db.prepare(
      'INSERT INTO log (rev, key, op, create_rev, prev_rev, enc, time, sum, origin, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    const meta = db.prepare('INSERT INTO meta (k, v) VALUES (?, ?)');
    const floor = db.prepare('INSERT OR REPLACE INTO floors (prefix, rev) VALUES (?, ?)');
    db.transaction(() => {
      for (const { rowid, columns } of pages.rows()) {
        const row = rowOf(rowid, columns);
        if (!row || plan.get(row.key) !== row.revision || !isWhole(row)) continue;
        const { revision, key, op, createRevision, previousRevision, enc, time, sum, origin, value } = row;
        head.run(key, createRevision, revision, found.entries.get(key)?.expiresAt ?? null);
        log.run(revision, key, op, createRevision, previousRevision, enc, time, sum, origin, value);
      }
      meta.run('rev_ceiling', found.newest + BEYOND);
      floor.run('/', found.newest + BEYOND);
    })();
  } finally {
    db.close();
  }
}

const isInteger = (value: Value | undefined): value is number => typeof value === 'number' && Number.isInteger(value);
const isKey = (value: Value | undefined): value is string => typeof value === 'string' && value.startsWith('/');

/** A row of `head`, by its shape. */
function entryOf(columns: readonly Value[]): (Entry & { key: string }) | undefined {
  const [key, createRevision, revision, expiresAt] = columns;
  if (columns.length !== 4 || !isKey(key) || !isInteger(createRevision) || !isInteger(revision)) return undefined;
  return { key, revision, expiresAt: isInteger(expiresAt) ? expiresAt : null };
}

/** A row of `log`, by its shape; of the first schema too. */
function rowOf(revision: Revision, columns: readonly Value[]): Row | undefined {
  const [, key, op, createRevision, previousRevision, enc] = columns;
  if (!isKey(key) || !isInteger(op) || !OPS[op]) return undefined;
  if (!isInteger(createRevision) || !isInteger(previousRevision) || !isInteger(enc)) return undefined;
  const [time, sum, origin, value] = columns.length === 10 ? columns.slice(6) : [0, null, null, columns[6]];
  if (columns.length !== 7 && columns.length !== 10) return undefined;
  if (!isInteger(time) || (value !== null && !Buffer.isBuffer(value))) return undefined;
  return {
    ...{ revision, key, op, createRevision, previousRevision, enc, time, value },
    sum: isInteger(sum) ? sum : null,
    origin: typeof origin === 'string' ? origin : null,
  };
}

/** Rows without a checksum have to be JSON. */
function isWhole(row: Row): boolean {
  if (row.sum !== null) return row.sum === sumOf(row, row.value);
  if (row.value === null || row.enc !== 0) return true;
  try {
    JSON.parse(row.value.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
