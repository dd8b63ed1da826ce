// Keeps everything in this process and nothing longer than it: for tests and throw-away clusters.
import {
  type CommitResult,
  type CommitTime,
  type Driver,
  type DriverChange,
  FIRST_REVISION,
  type LogRow,
  type PastQuery,
  type PastRow,
} from '../driver.ts';
import { compareKeys } from '../keys.ts';

/** What keeping the row keeps besides what is current. */
const bytesOf = ({ previous }: LogRow): number => (previous?.length ?? 0) + 100;

export function createMemoryDriver(): Driver {
  const head = new Map<string, LogRow>();
  let log: LogRow[] = [];
  let revision = FIRST_REVISION;
  let historyBytes = 0;

  function apply(change: DriverChange, { time }: CommitTime): CommitResult {
    const held = head.get(change.key);
    if ((held?.revision ?? 0) !== change.expected) return 'conflict';
    revision++;
    const row: LogRow = {
      revision,
      key: change.key,
      op: change.op,
      createRevision: change.createRevision || revision,
      previousRevision: held?.revision ?? 0,
      value: change.value ?? null,
      previous: held?.value ?? null,
      time,
      origin: change.origin ?? null,
    };
    log.push(row);
    historyBytes += bytesOf(row);
    if (row.op === 'delete') head.delete(row.key);
    else head.set(row.key, row);
    return revision;
  }

  /** The current rows with what came after `revision` undone. */
  function past({ revision: at, from, to }: Omit<PastQuery, 'limit'>): PastRow[] {
    const rows = new Map<string, PastRow>();
    const within = (key: string) => compareKeys(key, from) >= 0 && compareKeys(key, to) < 0;
    for (const [key, { revision, createRevision, value }] of head) {
      if (within(key)) rows.set(key, { key, revision, createRevision, value: value ?? '' });
    }
    for (const row of log.toReversed()) {
      if (row.revision <= at) break;
      if (!within(row.key)) continue;
      const { key, previousRevision, createRevision, previous } = row;
      if (previous === null) rows.delete(key);
      else rows.set(key, { key, revision: previousRevision, createRevision, value: previous });
    }
    return [...rows.values()].sort((a, b) => compareKeys(a.key, b.key));
  }

  return {
    name: 'memory',
    async open() {
      return { revision, floors: [], spans: [], whole: true };
    },
    async commit(changes, at) {
      return changes.map((change) => apply(change, at));
    },
    async history({ prefix = '/', key, user, after, upTo, limit, newestFirst }) {
      const rows = log.filter(
        (row) =>
          row.revision > after &&
          row.revision <= upTo &&
          (key === undefined ? row.key.startsWith(prefix) : row.key === key) &&
          (user === undefined || row.origin?.user === user),
      );
      return (newestFirst ? rows.reverse() : rows).slice(0, limit);
    },
    past: async (query) => past(query).slice(0, query.limit),
    countPast: async (query) => past(query).length,
    async newestAt({ after, upTo, time }) {
      const within = (row: LogRow) => row.revision > after && row.revision <= upTo && row.time <= time;
      const rows = [...head.values(), ...log].filter(within).sort((a, b) => b.revision - a.revision);
      return rows[0] && { revision: rows[0].revision, time: rows[0].time };
    },
    async compact({ prefix, revision: to }, except) {
      const isForgotten = ({ revision, key }: LogRow) =>
        revision <= to && key.startsWith(prefix) && !except.some((other) => key.startsWith(other));
      const kept: LogRow[] = [];
      for (const row of log) {
        if (isForgotten(row)) historyBytes -= bytesOf(row);
        else kept.push(row);
      }
      log = kept;
    },
    async heads({ after, limit }) {
      const keys = [...head.keys()].filter((key) => compareKeys(key, after) > 0).sort(compareKeys);
      return keys.slice(0, limit).map((key) => ({ key, revision: head.get(key)!.revision }));
    },
    async space() {
      return { usedBytes: 0, roomy: true };
    },
    async stats() {
      return { bytes: 0, walBytes: 0, historyBytes };
    },
    async close() {
      head.clear();
      log = [];
    },
  };
}
