// What an object of 1 KiB costs in memory, all in all, against its text and against the parsed object alone.
import { CONFIG_MAPS, configMap, count, fill, openAt, type Section, scaled, withFolder } from './measure.ts';

const OBJECTS = scaled(100_000);

/** Bytes in use after what nobody holds is gone; needs --expose-gc. */
function used(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error('run with --expose-gc');
  for (let i = 0; i < 3; i++) gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export const memory: Section = {
  name: 'memory',
  run: () =>
    withFolder(async (folder) => {
      const made = await openAt(folder);
      await fill(made, OBJECTS, 1_024);
      await made.close();
      const resident = process.memoryUsage.rss();
      const before = used();
      const storage = await openAt(folder);
      const after = used();
      const length = JSON.stringify(storage.list(CONFIG_MAPS, { limit: 1 }).entries[0]?.object).length;
      const parsedBefore = used();
      const parsed = Array.from({ length: OBJECTS }, (_, i) => JSON.parse(JSON.stringify(configMap(i))) as object);
      const plain = (used() - parsedBefore) / parsed.length;
      const each = (after - before) / OBJECTS;
      const kib = (bytes: number) => `${(bytes / 1_024).toFixed(2)} KiB`;
      await storage.close();
      return [
        {
          name: `memory of an object of ${length} bytes, of ${count(OBJECTS)}, after a start`,
          value: kib(each),
          against: `goal 4 KiB; ${(each / plain).toFixed(2)} × the parsed object alone (${kib(plain)})`,
        },
        { name: 'resident memory of the process before', value: `${Math.round(resident / 2 ** 20)} MiB` },
      ];
    }),
};
