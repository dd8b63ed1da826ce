// Reads of the past with 1,000,000 revisions retained, against the plain alternative: walking the log back.
import { listByUndoing } from './asof-plain.ts';
import {
  CONFIG_MAPS,
  concurrently,
  configMap,
  count,
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

const OBJECTS = 10_000; // in 10 namespaces
const REVISIONS = scaled(1_000_000);
/** Nothing is given up while it runs. */
const KEEP = { keepMs: 0, keepRevisions: 0, everyMs: 60_000, historyMs: 1e12 };
const READS = 50;

export const asof: Section = {
  name: 'asof',
  run: () =>
    withFolder(async (folder) => {
      const rows: Row[] = [];
      const made = await openAt(folder, { compaction: KEEP });
      const filling = await timed(() =>
        concurrently(REVISIONS, 256, (n) => {
          const i = n % OBJECTS;
          const key = keyOf(i);
          const object = configMap(i, { bytes: 1_024, text: `${Math.floor(n / OBJECTS) % 10}` });
          const held = made.get(key);
          return made.write(
            held ? { op: 'update', key, expected: held.revision, object } : { op: 'create', key, object },
          );
        }),
      );
      const { bytes } = await made.stats();
      rows.push({
        name: `${count(REVISIONS)} durable revisions of 1 KiB, 256 writers`,
        value: `${(filling.ms / 1_000).toFixed(0)} s, ${Math.round(bytes / 1e6)} MB`,
      });
      await made.close();
      const storage = await openAt(folder, { compaction: KEEP });
      const newest = storage.revision;
      const measure = async (name: string, goal: string, read: (at: number, i: number) => Promise<unknown>) => {
        const times: number[] = [];
        for (let i = 0; i < READS; i++) {
          const at = newest - Math.floor(((i + 0.5) / READS) * (REVISIONS - OBJECTS));
          times.push((await timed(() => read(at, i))).ms);
        }
        rows.push({
          name,
          value: `p50 ${ms(percentile(times, 50))}, longest ${ms(percentile(times, 100))}`,
          against: goal,
        });
      };
      await measure('get of one object as of then', 'goal 5 ms', async (at, i) => {
        if (!(await storage.getAt(keyOf(i * 37), at))) throw new Error('an object that was there is missing');
      });
      await measure('list of a namespace of 1,000 objects as of then', 'goal 100 ms', async (at) => {
        const page = await storage.listAt(`${CONFIG_MAPS}ns3/`, at);
        if (page.entries.length !== OBJECTS / 10) throw new Error(`${page.entries.length} objects were listed`);
      });
      const plain = await timed(() => listByUndoing(storage, `${CONFIG_MAPS}ns3/`, newest - REVISIONS / 2));
      rows.push({
        name: `the same list by walking the log back over ${count(REVISIONS / 2)} revisions`,
        value: ms(plain.ms),
      });
      const times = [newest - 1, newest - REVISIONS / 2];
      const moment = (await storage.changes({ prefix: '/', upTo: times[1], limit: 1 }))[0]!.time;
      await measure('revision of a time', '', () => storage.revisionAt(moment));
      await measure('100 newest changes of one object', '', (_at, i) =>
        storage.changes({ prefix: keyOf(i * 37), exact: true, limit: 100 }),
      );
      await storage.close();
      return rows;
    }),
};
