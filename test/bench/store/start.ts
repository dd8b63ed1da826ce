// Start with 100,000 objects (500 MB) until the store can be used, against reading and parsing the same bytes.
import path from 'node:path';
import Database from 'better-sqlite3';
import {
  CONFIG_MAPS,
  count,
  fill,
  ms,
  openAt,
  percentile,
  type Section,
  scaled,
  timed,
  withFolder,
} from './measure.ts';

const OBJECTS = scaled(100_000);
const BYTES = 5_000;
const ROUNDS = 3;

function readPlainly(folder: string): number {
  const db = new Database(path.join(folder, 'state.db'), { readonly: true });
  let read = 0;
  for (const text of db.prepare<[], string>('SELECT CAST(value AS TEXT) FROM log').pluck().iterate()) {
    read += (JSON.parse(text) as object) ? 1 : 0;
  }
  db.close();
  return read;
}

export const start: Section = {
  name: 'start',
  run: () =>
    withFolder(async (folder) => {
      const made = await openAt(folder);
      await fill(made, OBJECTS, BYTES);
      const { bytes } = await made.stats();
      await made.close();
      const times: number[] = [];
      for (let i = 0; i < ROUNDS; i++) {
        const { ms: took, result: storage } = await timed(() => openAt(folder));
        if (storage.list(CONFIG_MAPS).entries.length !== OBJECTS) throw new Error('objects are missing after a start');
        await storage.close();
        times.push(took);
      }
      const plain = await timed(() => readPlainly(folder));
      if (plain.result !== OBJECTS) throw new Error('the file holds another number of objects');
      const took = percentile(times, 50);
      return [
        {
          name: `open of ${count(OBJECTS)} objects (${Math.round(bytes / 1e6)} MB)`,
          value: ms(took),
          against: `goal 3 s; ${(took / plain.ms).toFixed(2)} × a plain SELECT and JSON.parse (${ms(plain.ms)})`,
        },
      ];
    }),
};
