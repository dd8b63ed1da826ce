// Keeps everything in this process and nothing longer than it: for tests and throw-away clusters.
import { type CommitResult, type Driver, type DriverChange, FIRST_REVISION, type LogRow } from '../driver.ts';

export function createMemoryDriver(): Driver {
  const head = new Map<string, LogRow>();
  let log: LogRow[] = [];
  let revision = FIRST_REVISION;

  function apply(change: DriverChange): CommitResult {
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
    };
    log.push(row);
    if (row.op === 'delete') head.delete(row.key);
    else head.set(row.key, row);
    return revision;
  }

  return {
    name: 'memory',
    async open() {
      return { revision, compactRevision: 0 };
    },
    async commit(changes) {
      return changes.map(apply);
    },
    async history({ prefix = '/', after, upTo, limit }) {
      return log
        .filter((row) => row.revision > after && row.revision <= upTo && row.key.startsWith(prefix))
        .slice(0, limit);
    },
    async compact(to) {
      log = log.filter((row) => row.revision > to);
    },
    async stats() {
      return { bytes: 0, walBytes: 0 };
    },
    async close() {
      head.clear();
      log = [];
    },
  };
}
