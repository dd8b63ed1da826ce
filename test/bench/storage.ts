// What the store does in a second, as JSON lines `{"name", "value", "unit"}`. Run by hand or by `npm run bench`:
// node test/bench/storage.ts [sqlite|memory] [seconds per measurement]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open.ts';
import type { Storage } from '../../src/storage/storage.ts';

const [driver = 'sqlite', seconds = '2'] = process.argv.slice(2);
const OBJECTS = 100_000;
const WRITERS = 64;

const print = (name: string, value: number, unit: string) =>
  process.stdout.write(
    `${JSON.stringify({ name: `storage/${driver}/${name}`, value: Number(value.toFixed(2)), unit })}\n`,
  );

async function timed<T>(name: string, work: () => Promise<T> | T): Promise<T> {
  const start = performance.now();
  const result = await work();
  print(name, performance.now() - start, 'ms');
  return result;
}

/** About 1 KiB as stored. */
const object = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', uid: '3f1c9f5e-0000-4000-8000-000000000000', labels: { app: name } },
  data: { text: 'x'.repeat(850) },
});

const keyOf = (i: number) => `/core/configmaps/ns${i % 10}/c${i}`;

async function creates(storage: Storage, writers: number, until: () => boolean, first: number): Promise<number> {
  let next = first;
  const latencies: number[] = [];
  const write = async () => {
    while (!until()) {
      const i = next++;
      const start = performance.now();
      await storage.write({ op: 'create', key: keyOf(i), object: object(`c${i}`) });
      latencies.push(performance.now() - start);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: writers }, write));
  const name = `creates of 1 KiB, ${writers} writers`;
  print(name, (latencies.length / (performance.now() - start)) * 1_000, '1/s');
  latencies.sort((a, b) => a - b);
  for (const p of [50, 99]) print(`${name}, p${p}`, latencies[Math.floor((latencies.length * p) / 100)] ?? 0, 'ms');
  return next;
}

const directory = await mkdtemp(path.join(tmpdir(), 'bench-storage-'));
const url = driver === 'memory' ? 'memory:' : `${driver}:${path.join(directory, 'state.db')}`;
const options = { clock: systemClock, log: silentLogger };
const forSeconds = () => {
  const end = performance.now() + Number(seconds) * 1_000;
  return () => performance.now() > end;
};
try {
  let storage = await timed('open, new', () => openStorage(url, options));
  if (driver !== 'memory') {
    await storage.close();
    storage = await timed('open, empty', () => openStorage(url, options));
  }
  let next = await creates(storage, 1, forSeconds(), 0);
  next = await creates(storage, WRITERS, forSeconds(), next);
  if (next < OBJECTS)
    next = await creates(
      storage,
      256,
      () => storage.list('/core/configmaps/', { limit: 1 }).remaining >= OBJECTS,
      next,
    );

  await timed('list of 10,000', () => storage.list('/core/configmaps/', { limit: 10_000 }));
  const now = storage.revision;
  await timed('list of 10,000 at 5,000 revisions back', () =>
    storage.listAt('/core/configmaps/', now - 5_000, { limit: 10_000 }),
  );
  const watchers = Array.from({ length: 100 }, () => storage.watch('/core/configmaps/', { after: now }));
  await creates(storage, WRITERS, forSeconds(), next);
  await timed(`100 watchers take ${storage.revision - now} events`, async () => {
    for (const watcher of watchers) while ((await watcher.take(1_000)).length > 0);
  });
  for (const watcher of watchers) watcher.close();
  print('keys', (await storage.stats()).keys, '');
  await timed('close', () => storage.close());
  if (driver !== 'memory') {
    storage = await timed(`open, ${storage.revision} objects`, () => openStorage(url, options));
    await storage.close();
  }
} finally {
  await rm(directory, { recursive: true });
}
