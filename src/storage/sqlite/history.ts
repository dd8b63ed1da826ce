// Reads what was: changes of a span, what keys held at a revision, and which revision there was at a time.
import type { Database, Statement } from 'better-sqlite3';
import type { CommittedAt, HistoryQuery, LogRow, Op, PastQuery, PastRow } from '../driver.ts';
import { prefixEnd } from '../keys.ts';
import type { Origin, Revision } from '../storage.ts';

export const OPS: readonly Op[] = ['create', 'update', 'delete'];

const TEXT = 'CAST(l.value AS TEXT)';
const TEXT_OF_PAST = `CASE WHEN (SELECT mod_rev FROM head h WHERE h.key = l.key) = l.rev THEN NULL ELSE ${TEXT} END`;

const changesSql = ({ key, user, newestFirst, omitCurrent }: HistoryQuery): string =>
  `SELECT l.rev AS revision, l.key, l.op, l.create_rev AS createRevision, l.prev_rev AS previousRevision, l.time, l.origin,
          ${omitCurrent ? TEXT_OF_PAST : TEXT} AS value, CAST(p.value AS TEXT) AS previous
     FROM log l LEFT JOIN log p ON p.rev = l.prev_rev
    WHERE l.rev > @after AND l.rev <= @upTo
      AND ${key === undefined ? 'l.key >= @from AND l.key < @to' : 'l.key = @key'}
      ${user === undefined ? '' : `AND l.origin ->> 'user' = @user`}
    ORDER BY l.rev ${newestFirst ? 'DESC' : ''} LIMIT @limit`;

const NEWEST_OF_EACH = `SELECT max(rev) AS rev FROM log WHERE key >= @from AND key < @to AND rev <= @revision GROUP BY key`;

type ChangeRow = Omit<LogRow, 'op' | 'origin'> & { op: number; origin: string | null };

export function createHistory(db: Database) {
  const statements = new Map<string, Statement>();
  const prepared = (sql: string): Statement => {
    const statement = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };

  const past = db.prepare<[PastQuery], PastRow>(
    `SELECT l.key, l.rev AS revision, l.create_rev AS createRevision, CAST(l.value AS TEXT) AS value
       FROM log l JOIN (${NEWEST_OF_EACH}) n ON n.rev = l.rev WHERE l.op <> 2 ORDER BY l.key LIMIT @limit`,
  );
  const countPast = db
    .prepare<[Omit<PastQuery, 'limit'>], number>(
      `SELECT count(*) FROM log l JOIN (${NEWEST_OF_EACH}) n ON n.rev = l.rev WHERE l.op <> 2`,
    )
    .pluck();
  const firstFrom = db.prepare<[Revision, Revision], CommittedAt>(
    'SELECT rev AS revision, time FROM log WHERE rev >= ? AND rev <= ? ORDER BY rev LIMIT 1',
  );

  return {
    history(query: HistoryQuery): LogRow[] {
      const { prefix = '/', key, user, after, upTo, limit } = query;
      const range = { from: prefix, to: prefixEnd(prefix), key, user };
      const rows = prepared(changesSql(query)).all({ after, upTo, limit, ...range }) as ChangeRow[];
      return rows.map(({ op, origin, ...row }) => ({
        ...row,
        op: OPS[op] as Op,
        origin: origin === null ? null : (JSON.parse(origin) as Origin),
      }));
    },

    past: (query: PastQuery): PastRow[] => past.all(query),
    countPast: (query: Omit<PastQuery, 'limit'>): number => countPast.get(query) ?? 0,

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
