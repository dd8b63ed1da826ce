// Reads what was: changes of a span, what keys held at a revision, and which revision there was at a time. What may
// take long is done in steps, so that commits go in between.
import type { Database, Statement } from 'better-sqlite3';
import type { CommittedAt, HistoryQuery, LogRow, Op, PastQuery, PastRow } from '../driver.ts';
import { prefixEnd } from '../keys.ts';
import type { Origin, Revision } from '../storage.ts';
import { contentOf } from './content.ts';
import type { createVersions } from './versions.ts';

export const OPS: readonly Op[] = ['create', 'update', 'delete'];

/** Revisions that are looked through in one step. */
const WINDOW = 4_000;
/** Rows that are read in one step. */
const STEP_ROWS = 250;
/** A range of keys with fewer versions is read by the index, one with more by walking the log. */
const FEW_VERSIONS = 20_000;

const TEXT = contentOf('l');
const TEXT_OF_PAST = `CASE WHEN (SELECT mod_rev FROM head h WHERE h.key = l.key) = l.rev THEN NULL ELSE ${TEXT} END`;
const rowSql = (value: string): string =>
  `SELECT l.rev AS revision, l.key, l.op, l.create_rev AS createRevision, l.prev_rev AS previousRevision, l.time, l.origin,
          ${value} AS value, ${contentOf('p')} AS previous
     FROM log l LEFT JOIN log p ON p.rev = l.prev_rev WHERE l.rev = ?`;

type ChangeRow = Omit<LogRow, 'op' | 'origin'> & { op: number; origin: string | null };

const toLogRow = ({ op, origin, ...row }: ChangeRow): LogRow => ({
  ...row,
  op: OPS[op] as Op,
  origin: origin === null ? null : (JSON.parse(origin) as Origin),
});

export function createHistory(db: Database, versions: ReturnType<typeof createVersions>) {
  const readRow = db.prepare<[Revision], ChangeRow>(rowSql(TEXT));
  const readRowOfPast = db.prepare<[Revision], ChangeRow>(rowSql(TEXT_OF_PAST));
  const readUser = db.prepare<[Revision], string | null>("SELECT origin ->> 'user' FROM log WHERE rev = ?").pluck();
  const windows = new Map<string, Statement<unknown[], Revision>>();
  const readPast = db.prepare<[Revision], PastRow & { op: number }>(
    `SELECT key, rev AS revision, create_rev AS createRevision, op, ${TEXT} AS value FROM log l WHERE rev = ?`,
  );
  const readOp = db.prepare<[Revision], number>('SELECT op FROM log WHERE rev = ?').pluck();
  const firstFrom = db.prepare<[Revision, Revision], CommittedAt>(
    'SELECT rev AS revision, time FROM log WHERE rev >= ? AND rev <= ? ORDER BY rev LIMIT 1',
  );

  /** Revisions of the changes in (after, upTo] that the query is about, in its order, at most its limit. */
  function inWindow(query: HistoryQuery, after: Revision, upTo: Revision): Revision[] {
    const { user, newestFirst, limit } = query;
    const whole = query.key === undefined && (query.prefix ?? '/') === '/';
    const sql = `SELECT rev FROM log WHERE rev > @after AND rev <= @upTo ${whole ? '' : 'AND key >= @from AND key < @to'}
      ${user === undefined ? '' : "AND origin ->> 'user' = @user"} ORDER BY rev ${newestFirst ? 'DESC' : ''} LIMIT @limit`;
    const statement = windows.get(sql) ?? (db.prepare(sql).pluck() as Statement<unknown[], Revision>);
    windows.set(sql, statement);
    return statement.all({ after, upTo, limit, user, ...rangeOf(query) });
  }

  /** Revisions that may be asked for, in the order of the query; undefined when a step has ended. */
  function* candidates(query: HistoryQuery): Generator<Revision | undefined, void, undefined> {
    const { after, upTo, newestFirst } = query;
    const range = rangeOf(query);
    const isWhole = range.from === '/';
    if (!isWhole && after < versions.indexed && versions.areFew(range, FEW_VERSIONS)) {
      const byIndex = versions.revisions(range, after, Math.min(versions.indexed, upTo));
      byIndex.sort((a, b) => (newestFirst ? b - a : a - b));
      const byLog = upTo > versions.indexed ? inWindow(query, Math.max(after, versions.indexed), upTo) : [];
      yield* newestFirst ? byLog : byIndex;
      yield* newestFirst ? byIndex : byLog;
      return;
    }
    for (let from = after, to = upTo; from < to; yield undefined) {
      yield* newestFirst
        ? inWindow(query, Math.max(from, to - WINDOW), to)
        : inWindow(query, from, Math.min(to, from + WINDOW));
      if (newestFirst) to -= WINDOW;
      else from += WINDOW;
    }
  }

  return {
    /** The rows that `query` asks for; a step ends with each yield, after which others may have their turn. */
    *history(query: HistoryQuery): Generator<undefined, LogRow[], undefined> {
      const { limit, user } = query;
      const read = query.omitCurrent ? readRowOfPast : readRow;
      const rows: LogRow[] = [];
      let looked = 0;
      for (const revision of candidates(query)) {
        if (rows.length >= limit) break;
        if (revision === undefined || ++looked % STEP_ROWS === 0) yield;
        if (revision === undefined || (user !== undefined && readUser.get(revision) !== user)) continue;
        const row = read.get(revision);
        if (row) rows.push(toLogRow(row)); // it may have been forgotten since the index named it
      }
      return rows;
    },

    /** What keys held; in steps, as above. */
    *past({ revision, from, to, limit }: PastQuery): Generator<undefined, PastRow[], undefined> {
      const rows: PastRow[] = [];
      let looked = 0;
      for (const version of versions.newest({ from, to }, revision)) {
        if (++looked % STEP_ROWS === 0) yield;
        const row = readPast.get(version);
        if (!row || OPS[row.op] === 'delete') continue;
        const { op: _op, ...kept } = row;
        if (rows.push(kept) === limit) break;
      }
      return rows;
    },

    *countPast({ revision, from, to }: Omit<PastQuery, 'limit'>): Generator<undefined, number, undefined> {
      let count = 0;
      let looked = 0;
      for (const version of versions.newest({ from, to }, revision)) {
        if (++looked % STEP_ROWS === 0) yield;
        const op = readOp.get(version);
        if (op !== undefined && OPS[op] !== 'delete') count++;
      }
      return count;
    },

    /** Halves the range until nothing is left in it that is not later. */
    newestAt({ after, upTo, time }: { after: Revision; upTo: Revision; time: number }): CommittedAt | undefined {
      let found: CommittedAt | undefined;
      let low = after + 1;
      let high = upTo;
      while (low <= high) {
        const middle = Math.floor((low + high) / 2);
        const row = firstFrom.get(middle, high);
        if (row && row.time <= time) {
          found = row;
          low = row.revision + 1;
        } else high = middle - 1;
      }
      return found;
    },
  };
}

const rangeOf = ({ key, prefix = '/' }: HistoryQuery) =>
  key === undefined ? { from: prefix, to: prefixEnd(prefix) } : { from: key, to: `${key}\0` };
