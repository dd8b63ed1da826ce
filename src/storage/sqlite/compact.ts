// Gives up history in slices small enough that commits in between never wait long, and reckons how much there is.
import type { Database } from 'better-sqlite3';
import type { Floor } from '../floors.ts';
import { prefixEnd } from '../keys.ts';
import type { Revision } from '../storage.ts';
import { failpoint } from './failpoints.ts';
import { OPS } from './history.ts';
import type { createVersions } from './versions.ts';

/** Rows looked at in one slice when nobody writes (500 revisions took up to 63 ms, storage.md 3.8). */
const SLICE_ROWS = 100;
/** Revisions looked through in one slice for the few of one resource. */
const SLICE_REVISIONS = 4_000;

/** What a row of the log takes, about: its texts, and its place in the log and the index of versions. */
const bytesOf = (row: string) =>
  `(coalesce(length(${row}.value), 0) + coalesce(length(${row}.origin), 0) + 2 * length(${row}.key) + 48)`;

interface Candidate {
  rev: Revision;
  key: string;
  op: number;
  prev_rev: Revision;
  time: number;
  bytes: number;
  previousBytes: number | null;
}

export function createCompaction(db: Database, versions: ReturnType<typeof createVersions>) {
  const readMeta = db.prepare<[string], number>('SELECT v FROM meta WHERE k = ?').pluck();
  const setMeta = db.prepare('INSERT INTO meta (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v');
  const readFloors = db.prepare<[], Floor>('SELECT prefix, rev AS revision, time FROM floors');
  const setFloor = db.prepare(
    'INSERT INTO floors (prefix, rev, time) VALUES (?, ?, ?) ON CONFLICT (prefix) DO UPDATE SET rev = excluded.rev, time = excluded.time',
  );
  const candidates = db.prepare<[Revision, Revision, string, string, number], Candidate>(
    `SELECT l.rev, l.key, l.op, l.prev_rev, l.time, ${bytesOf('l')} AS bytes, ${bytesOf('p')} AS previousBytes
       FROM log l LEFT JOIN log p ON p.rev = l.prev_rev
      WHERE l.rev > ? AND l.rev <= ? AND l.key >= ? AND l.key < ? ORDER BY l.rev LIMIT ?`,
  );
  const forgetSpans = db.prepare(
    'DELETE FROM clock WHERE after < (SELECT max(after) FROM clock WHERE after <= (SELECT min(rev) FROM floors))',
  );
  const forget = db.prepare('DELETE FROM log WHERE rev = ?');
  const bytesOfRow = db.prepare<[Revision], number>(`SELECT ${bytesOf('l')} FROM log l WHERE rev = ?`).pluck();

  const floors = new Map<string, Floor>();
  function readFloorsAgain(): void {
    floors.clear();
    for (const floor of readFloors.all()) floors.set(floor.prefix, floor);
  }
  readFloorsAgain();
  /** Where looking goes on, per prefix: beyond the floor on disk when there was nothing to forget. */
  const looked = new Map<string, Revision>();
  const reached = (prefix: string): Revision => Math.max(looked.get(prefix) ?? 0, floors.get(prefix)?.revision ?? 0);

  /** Of what is not current; `counted` is the newest revision that it takes into account. */
  let historyBytes = readMeta.get('history_bytes');
  let counted = readMeta.get('history_bytes_at') ?? 0;
  if (historyBytes === undefined) {
    const all = `SELECT coalesce(sum(${bytesOf('l')}), 0) FROM log l WHERE rev NOT IN (SELECT mod_rev FROM head)`;
    historyBytes = db.prepare<[], number>(all).pluck().get() as number;
  } else {
    const since = `SELECT coalesce(sum(CASE l.op WHEN 2 THEN ${bytesOf('l')} ELSE 0 END + coalesce(${bytesOf('p')}, 0)), 0)
                     FROM log l LEFT JOIN log p ON p.rev = l.prev_rev WHERE l.rev > ?`;
    historyBytes += db.prepare<[number], number>(since).pluck().get(counted) as number;
  }
  let uncommitted = 0;

  function store(floor: Floor): void {
    setFloor.run(floor.prefix, floor.revision, floor.time ?? null);
    floors.set(floor.prefix, floor);
  }

  /** Within a transaction; what that writes itself is not counted yet. */
  function saveCount(): void {
    setMeta.run('history_bytes', historyBytes);
    setMeta.run('history_bytes_at', counted);
  }

  return {
    floors: (): Floor[] => [...floors.values()],

    get historyBytes(): number {
      return historyBytes as number;
    },

    /** To be told of what a change of the open transaction makes history: the version before it, or a deletion itself. */
    superseded(revision: Revision): void {
      uncommitted += bytesOfRow.get(revision) ?? 0;
    },
    committed(newest: Revision): void {
      historyBytes = (historyBytes as number) + uncommitted;
      uncommitted = 0;
      counted = newest;
    },
    rolledBack(): void {
      uncommitted = 0;
    },
    saveCount,

    /** Forgets one slice of what can only be seen before `floor`; false when there is no more. */
    compactSlice(floor: Floor, options: { except: readonly string[]; rows?: number }): boolean {
      const { prefix, revision: to } = floor;
      const from = reached(prefix);
      if (from >= to) return false;
      const rows = Math.max(SLICE_ROWS, options.rows ?? 0);
      const last = prefix === '/' ? to : Math.min(to, from + SLICE_REVISIONS);
      const found = candidates.all(from, last, prefix, prefixEnd(prefix), rows);
      const end = found.length === rows ? (found.at(-1)?.rev as Revision) : last;
      const gone = found.filter(
        (row) =>
          (row.prev_rev > 0 || OPS[row.op] === 'delete') && !options.except.some((other) => row.key.startsWith(other)),
      );
      if (gone.length === 0) {
        looked.set(prefix, end);
        return end < to;
      }
      const before = historyBytes as number;
      try {
        db.transaction(() => {
          for (const row of gone) {
            if (row.previousBytes !== null && row.prev_rev > 0) drop(row.key, row.prev_rev, row.previousBytes);
            if (OPS[row.op] === 'delete') drop(row.key, row.rev, row.bytes);
          }
          // Otherwise a resource with a floor of its own would be taken to have this one after a restart.
          const common = floors.get('/') ?? { revision: 0 };
          for (const other of options.except) if (!floors.has(other)) store({ ...common, prefix: other });
          store(end === to ? floor : { prefix, revision: end, time: found.at(-1)?.time });
          saveCount();
          forgetSpans.run();
          failpoint('compact');
        }).immediate();
      } catch (error) {
        historyBytes = before;
        readFloorsAgain();
        throw error;
      }
      return end < to;
    },
  };

  function drop(key: string, revision: Revision, bytes: number): void {
    forget.run(revision);
    versions.drop(key, revision);
    historyBytes = (historyBytes as number) - bytes;
  }
}
