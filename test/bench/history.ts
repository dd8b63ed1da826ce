// What reads of the past take with a million revisions kept, as JSON lines. Run by hand:
// node test/bench/history.ts [revisions]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import { DEFAULT_COMPACTION } from '../../src/storage/compaction.ts';
import { openStorage } from '../../src/storage/open.ts';

const REVISIONS = Number(process.argv[2] ?? 1_000_000);
const NAMESPACES = 20;
const OBJECTS = 1_000;

const print = (name: string, value: number, unit: string) =>
  process.stdout.write(`${JSON.stringify({ name: `history/${name}`, value: Number(value.toFixed(2)), unit })}\n`);

/** About 1 KiB as stored. */
const object = (name: string, text: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', uid: '3f1c9f5e-0000-4000-8000-000000000000', labels: { app: name } },
  data: { text, more: 'x'.repeat(800) },
});

const prefixOf = (i: number) => `/core/configmaps/ns${i % NAMESPACES}/`;
const keyOf = (i: number) => `${prefixOf(i)}c${Math.floor(i / NAMESPACES)}`;
const origin = { user: 'system:serviceaccount:kube-system:writer', verb: 'update', userAgent: 'bench/1.0' };

const directory = await mkdtemp(path.join(tmpdir(), 'bench-history-'));
const storage = await openStorage(`sqlite:${path.join(directory, 'state.db')}`, {
  clock: systemClock,
  log: silentLogger,
  compaction: { ...DEFAULT_COMPACTION, historyBytes: 1e12 },
  quotaBytes: 1e12,
});

/** Milliseconds of the middle one and of the slowest of `count` runs. */
async function timed(name: string, count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await work(i);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  print(`${name}, p50`, times[Math.floor(times.length / 2)] ?? 0, 'ms');
  print(`${name}, most`, times.at(-1) ?? 0, 'ms');
}

try {
  const begin = systemClock.now();
  const total = NAMESPACES * OBJECTS;
  let next = 0;
  const write = async (writer: number) => {
    while (next < REVISIONS) {
      const i = next++;
      const key = keyOf(i < total ? i : Math.floor(Math.random() * total));
      const held = storage.get(key);
      const change = { key, object: object('c', `${writer} ${i}`), origin };
      await storage
        .write(held ? { ...change, op: 'update', expected: held.revision } : { ...change, op: 'create' })
        .catch(() => undefined); // two writers met
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: 128 }, (_, writer) => write(writer)));
  print('writes that made the history', (REVISIONS / (performance.now() - start)) * 1_000, '1/s');
  const end = systemClock.now();
  const { revision } = storage;
  const stats = await storage.stats();
  print('bytes on disk', stats.bytes / 2 ** 20, 'MiB');
  print('bytes of history', stats.historyBytes / 2 ** 20, 'MiB');
  const random = (to: number) => Math.floor(Math.random() * to);
  const old = () => total + random(Math.floor(revision / 2) - total);

  await timed('revision of a time', 200, () => storage.revisionAt(begin + 1_000 + random(end - begin - 1_000)));
  await timed('one object at a revision', 200, () => storage.getAt(keyOf(random(total)), old()));
  await timed('1,000 objects of a namespace at a revision', 20, () => storage.listAt(prefixOf(random(total)), old()));
  await timed('first 100 of 1,000 objects', 20, () => storage.listAt(prefixOf(random(total)), old(), { limit: 100 }));
  await timed('newest 100 changes of an object', 50, () =>
    storage.changes({ prefix: keyOf(random(total)), exact: true, limit: 100 }),
  );
  await timed('newest 100 changes of a namespace', 20, () =>
    storage.changes({ prefix: prefixOf(random(total)), limit: 100 }),
  );
  await timed('100 changes of a namespace from the oldest third', 5, () =>
    storage.changes({ prefix: prefixOf(random(total)), limit: 100, upTo: Math.floor(revision / 3) }),
  );
  await timed('newest 100 changes of all', 20, () => storage.changes({ prefix: '/', limit: 100 }));
  await timed('changes of a user who made none', 2, () => storage.changes({ prefix: '/', limit: 100, user: 'nobody' }));
  await storage.close();
} finally {
  await rm(directory, { recursive: true });
}
