// Durable writes: what one writer waits for against a bare fdatasync, and what many get through together against one
// transaction for each row.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Storage } from '../../../src/storage/storage.ts';
import { configMap, count, keyOf, ms, percentile, type Row, type Section, withFolder, withStore } from './measure.ts';

const TURNS = 8;

/** The least a durable write of 1 KiB can be: append and fdatasync, on the same disk. */
function plainSync(folder: string, until: number): number[] {
  const file = openSync(path.join(folder, 'plain'), 'a');
  const block = Buffer.alloc(1_024, 'x');
  const latencies: number[] = [];
  while (performance.now() < until) {
    const begin = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    latencies.push(performance.now() - begin);
  }
  closeSync(file);
  return latencies;
}

/** The obvious way: a table of keys and values, each put a transaction of its own, synchronous=FULL. */
function plainTable(folder: string, until: number): number {
  const db = new Database(path.join(folder, 'plain.db'));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE kv (id INTEGER PRIMARY KEY, key TEXT, value BLOB)');
  const insert = db.prepare('INSERT INTO kv (key, value) VALUES (?, ?)');
  let done = 0;
  for (; performance.now() < until; done++) {
    insert.run(keyOf(done), Buffer.from(JSON.stringify(configMap(done))));
  }
  db.close();
  return done;
}

async function creates(storage: Storage, writers: number, options: { seconds: number; first: number }) {
  const latencies: number[] = [];
  const begin = performance.now();
  const until = begin + options.seconds * 1_000;
  let next = options.first;
  const writer = async () => {
    while (performance.now() < until) {
      const i = next++;
      const called = performance.now();
      await storage.write({ op: 'create', key: keyOf(i), object: configMap(i) });
      latencies.push(performance.now() - called);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return { perSecond: (latencies.length / (performance.now() - begin)) * 1_000, latencies };
}

export const writes: Section = {
  name: 'writes',
  run: ({ seconds }) =>
    withFolder((folder) =>
      withStore(async (storage) => {
        const span = seconds * 1_000;
        await creates(storage, 64, { seconds: 1, first: 0 }); // warm
        // In turns, so that what else the disk does meets both alike.
        const plains: number[] = [];
        const ones: number[] = [];
        for (let turn = 0; turn < TURNS; turn++) {
          plains.push(...plainSync(folder, performance.now() + span / TURNS));
          const { latencies } = await creates(storage, 1, { seconds: seconds / TURNS, first: 1e6 + turn * 1e5 });
          ones.push(...latencies);
        }
        const plain = percentile(plains, 50);
        const p50 = percentile(ones, 50);
        const rows: Row[] = [
          {
            name: 'create of 1 KiB, durable, 1 writer, p50',
            value: ms(p50),
            against: `goal 1.5 × one fsync; ${(p50 / plain).toFixed(2)} × a bare fdatasync (${ms(plain)})`,
          },
        ];
        const table = plainTable(folder, performance.now() + span) / seconds;
        for (const writers of [64, 256]) {
          const { perSecond, latencies } = await creates(storage, writers, { seconds, first: writers * 1e6 });
          rows.push({
            name: `creates of 1 KiB, durable, ${writers} writers`,
            value: `${count(perSecond)} /s, p50 ${ms(percentile(latencies, 50))}, p99 ${ms(percentile(latencies, 99))}`,
            against: `${writers === 64 ? 'goal 15,000 /s; ' : ''}${(perSecond / table).toFixed(1)} × a transaction each (${count(table)} /s)`,
          });
        }
        return rows;
      }),
    ),
};
