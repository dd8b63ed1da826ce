// What is done to a copy of state.db that no server has open: looked through, stripped of history, made ready to be
// served in place of another. All of it takes long for a large file and belongs on a thread of its own.
import { randomUUID } from 'node:crypto';
import Database from 'better-sqlite3';
import type { Revision } from '../storage.ts';
import { SCHEMA_VERSION } from './database.ts';
import { UnusableDatabase } from './errors.ts';
import { examine as findingsIn } from './examine.ts';
import { APPLICATION_ID, findDamage } from './inspect.ts';

/** What a database says of itself. */
export interface CopyFacts {
  schema: number;
  /** Of its newest change, or the one that all history before was given up at. */
  revision: Revision;
  /** Revisions up to this one may have been handed out. */
  ceiling: Revision;
  /** How many times the store was put back to an earlier state, plus one. */
  epoch: number;
  /** Of the namespace kube-system, by which a cluster is known; undefined before the first start was through. */
  cluster: string | undefined;
  keys: number;
}

const CLUSTER_KEY = '/core/namespaces/kube-system';

function withDatabase<T>(file: string, options: { readonly: boolean }, use: (db: Database.Database) => T): T {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { ...options, fileMustExist: true });
    return use(db);
  } catch (error) {
    if (error instanceof Database.SqliteError) throw new UnusableDatabase(`${file}: ${error.message}`, error);
    throw error;
  } finally {
    db?.close();
  }
}

/** Reads what the file says of itself; throws UnusableDatabase for one that is not ours, or newer than this program. */
export const factsOf = (file: string): CopyFacts => withDatabase(file, { readonly: true }, readFacts);

function readFacts(db: Database.Database): CopyFacts {
  const schema = db.pragma('user_version', { simple: true }) as number;
  if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new UnusableDatabase(`${db.name} is another program's database`);
  }
  if (schema > SCHEMA_VERSION) {
    throw new UnusableDatabase(
      `${db.name} was written by a newer version (schema ${schema}, this one knows ${SCHEMA_VERSION})`,
    );
  }
  const meta = db.prepare<[string], number | string>('SELECT v FROM meta WHERE k = ?').pluck();
  const number = (name: string, otherwise: number) => Number(meta.get(name) ?? otherwise);
  const newest = (db.prepare('SELECT max(rev) FROM log').pluck().get() as number | null) ?? 0;
  return {
    schema,
    revision: Math.max(newest, number('compact_rev', 0)),
    ceiling: number('rev_ceiling', 0),
    epoch: number('epoch', 1),
    cluster: clusterOf(db),
    keys: db.prepare('SELECT count(*) FROM head').pluck().get() as number,
  };
}

/** undefined when the namespace is not there, or cannot be read. */
function clusterOf(db: Database.Database): string | undefined {
  const row = db
    .prepare<[string], { enc: number; value: Buffer }>(
      'SELECT l.enc, l.value FROM head h JOIN log l ON l.rev = h.mod_rev WHERE h.key = ?',
    )
    .get(CLUSTER_KEY);
  if (row?.enc !== 0) return undefined;
  try {
    const object = JSON.parse(row.value.toString()) as { metadata?: { uid?: string } };
    return object.metadata?.uid;
  } catch {
    return undefined; // damaged, which is for examine() to tell
  }
}

/** Reads the file to its end: pages, rows and what they hold. Throws UnusableDatabase with the first finding. */
export function examine(file: string): CopyFacts {
  return withDatabase(file, { readonly: true }, (db) => {
    const facts = readFacts(db);
    // Rows of an older schema are looked at when they have been brought to this one.
    const finding = facts.schema === SCHEMA_VERSION ? findingsIn(file, { pages: true })[0] : damageOf(db);
    if (finding !== undefined) throw new UnusableDatabase(`damaged: ${finding}`);
    return facts;
  });
}

function damageOf(db: Database.Database): string | undefined {
  const damage = findDamage(db, 'integrity_check');
  return damage && `${db.name}: ${damage}`;
}

/** Takes out of a copy what keys held before, so that nothing of it is left in the file's pages either. */
export function strip(file: string): void {
  withDatabase(file, { readonly: false }, (db) => {
    db.pragma('journal_mode = DELETE'); // from here on it is one file, also for who only reads it
    // The copy is thrown away when this does not come to its end.
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.pragma('secure_delete = ON');
    const { revision } = readFacts(db);
    db.transaction(() => {
      forgetHistory(db);
      db.prepare(SET_META).run('compact_rev', revision);
    }).immediate();
    db.pragma('incremental_vacuum');
  });
}

/** What is counted and indexed of history goes with it; the store makes both anew. */
function forgetHistory(db: Database.Database): void {
  db.exec('DELETE FROM log WHERE rev NOT IN (SELECT mod_rev FROM head)');
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  for (const table of ['versions', 'floors']) if (tables.includes(table)) db.exec(`DELETE FROM ${table}`);
  db.exec("DELETE FROM meta WHERE k IN ('history_bytes', 'history_bytes_at', 'indexed_rev', 'gap_after', 'gap_upto')");
}

const SET_META = 'INSERT INTO meta (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v';

/**
 * Makes a copy ready to be served as epoch `epoch`: counting goes on after `revision`, and whatever was read or watched
 * before is gone. The file is complete without a WAL.
 */
export function prepare(file: string, next: { epoch: number; revision: Revision }): void {
  withDatabase(file, { readonly: false }, (db) => {
    db.pragma('journal_mode = DELETE');
    db.pragma('synchronous = FULL');
    const set = db.prepare(SET_META);
    db.transaction(() => {
      forgetHistory(db);
      set.run('epoch', next.epoch);
      set.run('compact_rev', next.revision);
      set.run('rev_ceiling', next.revision);
      // Another file than the one it comes from: a WAL of that one is not this one's.
      set.run('uid', `uid:${randomUUID()}`);
      set.run('clean', 1);
      db.exec("DELETE FROM meta WHERE k = 'boot_id'");
    }).immediate();
  });
}
