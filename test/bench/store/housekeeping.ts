// What housekeeping costs who writes meanwhile: one writer at an even pace in a store of 500 MB, alone and beside the
// giving up of history, the return of free space and a backup.
import path from 'node:path';
import { sleep, systemClock } from '../../../src/clock.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import {
  CONFIG_MAPS,
  concurrently,
  configMap,
  count,
  fill,
  keyOf,
  ms,
  openAt,
  percentile,
  type Row,
  type Section,
  scaled,
  timed,
  withFolder,
} from './measure.ts';

const OBJECTS = scaled(100_000);
const BYTES = 5_000;
const PACE_MS = 5;
/** History goes as soon as it may: a pass a second. */
const EAGER = { keepMs: 0, keepRevisions: 0, everyMs: 1_000 };

/** Latencies of a writer at an even pace until `done`. */
async function writeBeside(storage: Storage, done: Promise<unknown>): Promise<number[]> {
  const latencies: number[] = [];
  let over = false;
  const end = done.finally(() => {
    over = true;
  });
  const key = '/core/secrets/default/paced';
  for (let i = 0; !over; i++) {
    const expected = storage.get(key)?.revision ?? 0;
    const object = configMap(i);
    const { ms: took } = await timed(() =>
      storage.write(expected ? { op: 'update', key, expected, object } : { op: 'create', key, object }),
    );
    latencies.push(took);
    await sleep(systemClock, PACE_MS);
  }
  await end;
  return latencies;
}

export const housekeeping: Section = {
  name: 'housekeeping',
  run: ({ seconds }) =>
    withFolder(async (folder) => {
      const rows: Row[] = [];
      const made = await openAt(folder);
      await fill(made, OBJECTS, BYTES);
      // Half of it anew: history to give up.
      await concurrently(OBJECTS / 2, 256, (i) => {
        const key = keyOf(i);
        const object = configMap(i, { bytes: BYTES, text: 'y' });
        return made.write({ op: 'update', key, expected: made.get(key)?.revision ?? 0, object });
      });
      const size = `${Math.round((await made.stats()).bytes / 1e6)} MB`;
      const alone = percentile(await writeBeside(made, sleep(systemClock, seconds * 1_000)), 99);
      rows.push({ name: `write of 1 KiB beside nothing, store of ${size}, p99`, value: ms(alone) });
      const beside = async (what: string, storage: Storage, work: () => Promise<unknown>) => {
        const { ms: took, result } = await timed(() => writeBeside(storage, work()));
        const p99 = percentile(result, 99);
        rows.push({
          name: `write of 1 KiB beside ${what} (${(took / 1_000).toFixed(1)} s, ${result.length} writes), p99`,
          value: `${ms(p99)} (longest ${ms(percentile(result, 100))})`,
          against: `goal 15 ms more than alone; ${p99 > alone ? '+' : ''}${ms(p99 - alone)}`,
        });
      };
      await beside(`a backup of ${size}`, made, () => made.backup(path.join(folder, 'copy.db')));
      await made.close();

      const eager = await openAt(folder, { compaction: EAGER });
      const target = eager.revision;
      const until = async (holds: () => Promise<boolean> | boolean) => {
        const limit = performance.now() + 60_000;
        while (!(await holds()) && performance.now() < limit) await sleep(systemClock, 300);
      };
      await beside(`the giving up of ${count(OBJECTS / 2)} revisions`, eager, async () => {
        await until(() => eager.compactRevision >= target);
      });
      const { bytes } = await eager.stats();
      await concurrently(OBJECTS, 256, (i) => {
        const key = keyOf(i);
        return i % 10 === 0
          ? Promise.resolve()
          : eager.write({ op: 'delete', key, expected: eager.get(key)?.revision ?? 0 });
      });
      await beside('the return of nine tenths of it to the disk', eager, async () => {
        let last = Number.POSITIVE_INFINITY;
        await until(async () => {
          const before = last;
          last = (await eager.stats()).bytes;
          return last < bytes / 2 && last === before;
        });
      });
      const after = (await eager.stats()).bytes;
      rows.push({
        name: `file after 9 of 10 objects were deleted (${eager.list(CONFIG_MAPS, { limit: 1 }).remaining + 1} left)`,
        value: `${Math.round(after / 1e6)} MB of ${Math.round(bytes / 1e6)} MB`,
        against: 'goal: under twice the live data and the history',
      });
      await eager.close();
      return rows;
    }),
};
